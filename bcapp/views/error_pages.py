"""Exception → page and status: the only place that knows both.

The pages hold no store's data and say the same to everybody.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog
from flask import Flask, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from bcapp import metrics
from bcapp.bigcommerce.errors import (
    AccessRevoked,
    BigCommerceError,
    Overloaded,
    RateLimited,
    Rejected,
)
from bcapp.bigcommerce.oauth import ScopeMissing
from bcapp.bigcommerce.payload import InvalidPayload
from bcapp.install_limit import TooManyInstalls
from bcapp.runtime import config
from bcapp.session_token import InvalidSession
from bcapp.stores import NotInstalled, UserRemoved
from bcapp.vault import Unopenable
from bcapp.views.answers import status_of

# We cannot renew a launch from inside the frame; the control panel has to make a new one.
MY_APPS = "https://login.bigcommerce.com/deep-links/manage/marketplace/apps/my-apps"
_TO_MY_APPS = ("Go to My Apps", MY_APPS, True)
_TO_CARRIERS = ("Go to carriers", "/carriers", False)
_TO_ACTIVITY = ("Open activity", "/activity", False)

_log = structlog.get_logger()


@dataclass(frozen=True)
class ErrorPage:
    status: int
    icon: str
    heading: str
    text: str
    action: tuple[str, str, bool] | None = None
    to_support: bool = False


SESSION_ENDED = ErrorPage(
    401,
    "lock",
    "Your session has ended",
    "Anything you already sent stays as it was. Anything you typed since then was not saved. "
    "Open this app again from My Apps.",
    _TO_MY_APPS,
)
PAYLOAD_REFUSED = ErrorPage(
    401,
    "lock",
    "We couldn’t confirm who sent you",
    "The link was altered, is more than a day old, or was made for another app. Nothing has "
    "changed. Open this app again from My Apps.",
    _TO_MY_APPS,
)
NOT_INSTALLED = ErrorPage(
    403,
    "lock",
    "This app isn’t installed on your store",
    "It may have been removed. The store owner can install it again from the App Marketplace.",
    to_support=True,
)
USER_REMOVED = ErrorPage(
    403,
    "lock",
    "You no longer have access to this app",
    "Ask the store owner to give you access again in the control panel.",
)
ACCESS_REVOKED = ErrorPage(
    403,
    "lock",
    "BigCommerce no longer lets this app in",
    "Your carriers stay as they are in BigCommerce, but we can’t change them. The store owner "
    "needs to open it from My Apps and approve it, or install it again.",
    _TO_MY_APPS,
)
TOKEN_REFUSED = replace(
    ACCESS_REVOKED,
    text="Your carriers stay as they are in BigCommerce, but we can’t change them. The store owner "
    "needs to install the app again from the App Marketplace.",
)
TOKEN_UNREADABLE = ErrorPage(
    403,
    "lock",
    "This app has to be approved again",
    "We can’t read the access that BigCommerce gave us for your store. Nothing has changed. Open "
    "the app again to renew access. If this page comes back, the store owner needs to install it "
    "again from the App Marketplace.",
    to_support=True,
)
SCOPE_MISSING = ErrorPage(
    403,
    "lock",
    "This app needs the Information & Settings permission",
    "BigCommerce did not grant it, so nothing was installed. Install the app again and approve "
    "the permission it asks for.",
    to_support=True,
)
CODE_REFUSED = ErrorPage(
    400,
    "exclamation",
    "BigCommerce didn’t accept this install link",
    "It may be old, or used already. If the app is in My Apps, open it there. Otherwise install "
    "it again from the App Marketplace.",
    _TO_MY_APPS,
)
TOO_MANY_INSTALLS = ErrorPage(
    429,
    "exclamation",
    "That was one install after another",
    "Nothing was installed this time. Wait a minute, then try again.",
    _TO_MY_APPS,
)
NO_TOKEN = ErrorPage(
    502,
    "exclamation",
    "BigCommerce didn’t confirm the install",
    "We got no answer that we could use, so nothing was saved here. Install the app again from "
    "the App Marketplace.",
    _TO_MY_APPS,
)
NO_ANSWER = ErrorPage(
    502,
    "exclamation",
    "BigCommerce didn’t answer",
    "We don’t know whether your last change went through. Check Activity before you try again.",
    _TO_ACTIVITY,
)
ASKED_TO_WAIT = ErrorPage(
    503,
    "exclamation",
    "BigCommerce asked us to wait",
    "Nothing was sent. Try again in a minute.",
    _TO_CARRIERS,
)
TOO_BUSY = ErrorPage(
    503,
    "exclamation",
    "Too many people are sending right now",
    "Nothing was sent. Try again in a few seconds.",
    _TO_CARRIERS,
)
NO_DATABASE = ErrorPage(
    503,
    "exclamation",
    "We can’t reach our records",
    "We don’t know whether your last change went through. Wait a minute, then check Activity "
    "before you try again.",
    _TO_ACTIVITY,
)
BROKEN = ErrorPage(
    500,
    "exclamation",
    "Something went wrong on our side",
    "We don’t know whether your last change went through. Check Activity before you try again.",
    _TO_ACTIVITY,
)
BAD_REQUEST = ErrorPage(
    400,
    "exclamation",
    "That link is incomplete",
    "Something that BigCommerce should have sent with it is missing. Nothing has changed. Open "
    "this app again from My Apps.",
    _TO_MY_APPS,
)
NOT_FOUND = ErrorPage(
    404,
    "search",
    "We can’t find that page",
    "The link may be old, or the carrier may have been removed from this app.",
    _TO_CARRIERS,
)
WRONG_METHOD = ErrorPage(
    405,
    "exclamation",
    "That page can’t be opened like this",
    "Nothing has changed. Go to Carriers and start again from there.",
    _TO_CARRIERS,
)
TOO_LARGE = ErrorPage(
    413,
    "exclamation",
    "That was too much at once",
    "Nothing was sent. Go back and send less.",
    _TO_CARRIERS,
)
OUTSIDE_FRAME = ErrorPage(
    404,
    "search",
    "Open this app from your control panel",
    "It works inside BigCommerce, under Apps.",
    _TO_MY_APPS,
)

_PAGES: dict[type[Exception], ErrorPage] = {
    InvalidSession: SESSION_ENDED,
    InvalidPayload: PAYLOAD_REFUSED,
    TooManyInstalls: TOO_MANY_INSTALLS,
    NotInstalled: NOT_INSTALLED,
    UserRemoved: USER_REMOVED,
    ScopeMissing: SCOPE_MISSING,
    Unopenable: TOKEN_UNREADABLE,
    DBAPIError: NO_DATABASE,
    PoolTimeout: NO_DATABASE,
}
_BY_STATUS = {
    page.status: page for page in (BAD_REQUEST, NOT_FOUND, WRONG_METHOD, TOO_LARGE, BROKEN)
}


def init_app(app: Flask) -> None:
    for kind, page in _PAGES.items():
        app.register_error_handler(kind, _answer_with(page))
    app.register_error_handler(BigCommerceError, _upstream)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def render(page: ErrorPage, headers: dict[str, str] | None = None) -> ResponseReturnValue:
    if request.blueprint == "callbacks":
        g.page_path = "/"  # the script drops BigCommerce's code or payload from the address
    support = config().support_url
    to_support = ("Contact support", support, False) if page.to_support and support else None
    html = render_template(
        "errors/error.html",
        heading=page.heading,
        text=page.text,
        icon=page.icon,
        action=page.action or to_support,
        reference=g.request_id if page.status >= 500 else None,
    )
    return html, page.status, headers or {}


def _answer_with(page: ErrorPage) -> Callable[[Exception], ResponseReturnValue]:
    def handle(error: Exception) -> ResponseReturnValue:
        reason = str(error) if isinstance(error, InvalidPayload) else ""
        metrics.REFUSED.labels(type(error).__name__).inc()
        _log.warning("refused", error=type(error).__name__, reason=reason)
        return render(page, {"Retry-After": "60"} if page.status in {429, 503} else None)

    return handle


def _upstream(error: Exception) -> ResponseReturnValue:
    """BigCommerce's faults outside a form; forms show theirs themselves."""
    assert isinstance(error, BigCommerceError)  # noqa: S101 - registered for nothing else
    _log.warning("upstream", error=str(error))
    status, headers = status_of(error)
    if isinstance(error, AccessRevoked):
        # 401 is for a token that is no more; 403 may only want another consent.
        return render(TOKEN_REFUSED if error.status == 401 else ACCESS_REVOKED)
    if isinstance(error, Overloaded):
        return render(TOO_BUSY, headers)
    if request.endpoint == "callbacks.auth":
        return render(CODE_REFUSED if isinstance(error, Rejected) else NO_TOKEN)
    page = ASKED_TO_WAIT if isinstance(error, RateLimited) else NO_ANSWER
    return render(replace(page, status=status), headers)


def _http(error: Exception) -> ResponseReturnValue:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    status = error.code or 500
    if status < 400:  # a redirect that routing asks for
        return error.get_response()
    page = _BY_STATUS.get(status, replace(BAD_REQUEST, status=status))
    if request.path == "/":  # nothing of ours lives there; a person has typed our address
        page = OUTSIDE_FRAME
    allowed = dict(error.get_headers()).get("Allow")
    return render(page, {"Allow": allowed} if allowed else None)


def _unforeseen(error: Exception) -> ResponseReturnValue:
    _log.error("unforeseen", exc_info=error)
    if current_app.testing:
        raise error
    return render(BROKEN)
