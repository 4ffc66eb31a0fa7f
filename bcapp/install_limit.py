"""How often somebody may make us call BigCommerce by asking for an install."""

from ipaddress import ip_address, ip_network

import limits
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from bcapp.config import Config


class TooManyInstalls(Exception):
    """Nothing was asked of BigCommerce."""


class InstallLimit:
    """Counts in this process: per address, and per address and store.

    Not per store alone: anybody could then use up a store's installs from elsewhere.
    """

    def __init__(self, config: Config) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._per_store = limits.parse(config.install_limit_per_store)
        self._per_address = limits.parse(config.install_limit_per_address)

    def count(self, requested_store: str, address: str) -> None:
        """Raises TooManyInstalls."""
        network = _network(address)
        within = self._limiter.hit(self._per_address, network)
        if not within or not self._limiter.hit(self._per_store, network, requested_store):
            raise TooManyInstalls


def _network(address: str) -> str:
    """An IPv4 address, or the /64 that an IPv6 address is one of 2**64 of."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return address if known.version == 4 else str(ip_network((known.packed, 64), strict=False))
