"""How often somebody may make us call BigCommerce by asking for an install."""

from ipaddress import IPv6Address, ip_address, ip_network

import limits
import structlog
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from bcapp.config import Config

ANSWERS_WITHIN = 0.5  # seconds that an install waits for Redis, connecting and asking each

_log = structlog.get_logger()


class TooManyInstalls(Exception):
    """Nothing was asked of BigCommerce."""


class InstallLimit:
    """Counts per address, and per address and store; in this process, or in a Redis for all.

    Not per store alone: anybody could then use up a store's installs from elsewhere. While Redis
    is away each process counts for itself: a limit is not worth refusing installs.
    """

    def __init__(self, config: Config) -> None:
        storage = _storage(config.rate_limit_storage_url.get_secret_value())
        self._limiter = FixedWindowRateLimiter(storage)
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._per_store = limits.parse(config.install_limit_per_store)
        self._per_address = limits.parse(config.install_limit_per_address)

    def count(self, requested_store: str, address: str) -> None:
        """Raises TooManyInstalls."""
        network = _network(address)
        try:
            within = self._hit(self._limiter, requested_store, network)
        except StorageError as error:
            _log.warning("install_limit_not_shared", error=type(error.storage_error).__name__)
            within = self._hit(self._own, requested_store, network)
        if not within:
            raise TooManyInstalls

    def _hit(self, limiter: FixedWindowRateLimiter, requested_store: str, network: str) -> bool:
        within = limiter.hit(self._per_address, network)
        return within and limiter.hit(self._per_store, network, requested_store)


def shares(config: Config) -> bool | None:
    """Whether the Redis that is named answers; None where none is named."""
    storage = _storage(config.rate_limit_storage_url.get_secret_value())
    return None if isinstance(storage, MemoryStorage) else bool(storage.check())


def _network(address: str) -> str:
    """An IPv4 address, or the /64 that an IPv6 address is one of 2**64 of."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        # A listener for both kinds has IPv4 addresses so, and all of them in one /64.
        known = known.ipv4_mapped or known
    return str(known) if known.version == 4 else str(ip_network((known.packed, 64), strict=False))


def _storage(url: str) -> Storage:
    if url == "memory://":
        return MemoryStorage()
    # No earlier: most do without Redis, and its library takes long to load.
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # Our own second count is better than Redis asked again.
    options = {"retry": Retry(NoBackoff(), 0), "socket_timeout": ANSWERS_WITHIN}
    options["socket_connect_timeout"] = ANSWERS_WITHIN
    storage = storage_from_string(url, wrap_exceptions=True, **options)  # type: ignore[arg-type]
    assert isinstance(storage, Storage)  # noqa: S101 - the others are asynchronous
    return storage
