"""HTTP status and headers for what BigCommerce answered to us."""

from bcapp.bigcommerce.errors import (
    AccessRevoked,
    BigCommerceError,
    RateLimited,
    Rejected,
    TimedOut,
)


def status_of(error: BigCommerceError) -> tuple[int, dict[str, str]]:
    if isinstance(error, Rejected):
        return 422, {}
    if isinstance(error, RateLimited):
        return 503, {"Retry-After": str(error.retry_after)}
    if isinstance(error, AccessRevoked):
        return 403, {}
    return (504 if isinstance(error, TimedOut) else 502), {}
