"""Limit how often installs may make the app call BigCommerce."""

from ipaddress import IPv6Address, ip_address, ip_network

import limits
import structlog
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from bcapp.config import Config

ANSWERS_WITHIN = 0.5  # seconds to connect to Redis, and to get its answer

_log = structlog.get_logger()


class TooManyInstalls(Exception):
    """The limit is reached; BigCommerce was not asked."""


class InstallLimit:
    """Count installs per client address, and per address and store.

    Not per store alone, which would let anybody use up a store's installs. If Redis does not
    answer, each process counts for itself.
    """

    def __init__(self, config: Config) -> None:
        storage = _storage(config.rate_limit_storage_url.get_secret_value())
        self._limiter = FixedWindowRateLimiter(storage)
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._per_store = limits.parse(config.install_limit_per_store)
        self._per_address = limits.parse(config.install_limit_per_address)

    def count(self, requested_store: str, address: str) -> None:
        """Count one install; raises TooManyInstalls."""
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
    """Tell whether the configured Redis answers; None if none is configured."""
    storage = _storage(config.rate_limit_storage_url.get_secret_value())
    return None if isinstance(storage, MemoryStorage) else bool(storage.check())


def _network(address: str) -> str:
    """Return the IPv4 address, or the IPv6 /64 prefix."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        # A dual-stack listener reports IPv4 clients as mapped IPv6 addresses, all in one /64.
        parsed = parsed.ipv4_mapped or parsed
    if parsed.version == 4:
        return str(parsed)
    return str(ip_network((parsed.packed, 64), strict=False))


def _storage(url: str) -> Storage:
    if url == "memory://":
        return MemoryStorage()
    # Imported late: most installations do without Redis, and its library loads slowly.
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # No retries: counting in this process is better than asking Redis again.
    options = {"retry": Retry(NoBackoff(), 0), "socket_timeout": ANSWERS_WITHIN}
    options["socket_connect_timeout"] = ANSWERS_WITHIN
    storage = storage_from_string(url, wrap_exceptions=True, **options)  # type: ignore[arg-type]
    assert isinstance(storage, Storage)  # noqa: S101 - the others are asynchronous
    return storage
