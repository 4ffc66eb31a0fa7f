"""Check that BigCommerce's hosts are reachable and compare clocks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests
import urllib3

from bcapp.bigcommerce.http import Deadline, new_session
from bcapp.config import Config

_TIMEOUT = 10  # seconds


@dataclass(frozen=True)
class ProbeResult:
    """A status, or the class name of the network error in `fault`.

    `clock_ahead` is our clock minus theirs, None if they sent no `Date`. `Date` has a resolution of
    one second.
    """

    status: int | None
    fault: str = ""
    clock_ahead: timedelta | None = None


def probe_hosts(config: Config) -> dict[str, ProbeResult]:
    """Send each host a request that needs no permission; keyed by the setting's name.

    Both hosts refuse the request, which proves that they are reachable.
    """
    with new_session() as http:
        return {
            "BIGCOMMERCE_LOGIN_URL": _probe(http, f"{config.bigcommerce_login_url}/oauth2/token"),
            "BIGCOMMERCE_API_URL": _probe(http, f"{config.bigcommerce_api_url}/stores/0/v2/time"),
        }


def _probe(http: requests.Session, url: str) -> ProbeResult:
    asked_at = datetime.now(UTC)
    try:
        with http.get(
            url, timeout=Deadline(_TIMEOUT).timeouts(), allow_redirects=False, stream=True
        ) as response:
            return ProbeResult(response.status_code, "", _clock_ahead(response, asked_at))
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        return ProbeResult(None, type(error).__name__)


def _clock_ahead(response: requests.Response, asked_at: datetime) -> timedelta | None:
    try:
        theirs = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return None
    if theirs.tzinfo is None:
        return None
    # The server set `Date` between our request and now, rounded down to a second.
    earliest, latest = asked_at - timedelta(seconds=1), datetime.now(UTC)
    if earliest <= theirs <= latest:
        return timedelta(0)
    return earliest - theirs if theirs < earliest else latest - theirs
