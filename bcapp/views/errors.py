"""Map exceptions to pages and statuses.

The pages contain no data of a store.
"""

from collections.abc import Callable
from dataclasses import replace

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
from bcapp.language import gettext as _
from bcapp.presenters.error_pages import (
    ACCESS_REVOKED,
    ASKED_TO_WAIT,
    BAD_REQUEST,
    BROKEN,
    CODE_REFUSED,
    NO_ANSWER,
    NO_DATABASE,
    NO_SESSION,
    NO_TOKEN,
    NOT_FOUND,
    NOT_INSTALLED,
    OUTSIDE_FRAME,
    PAYLOAD_REFUSED,
    SCOPE_MISSING,
    SESSION_ENDED,
    TOKEN_REFUSED,
    TOKEN_UNREADABLE,
    TOO_BUSY,
    TOO_LARGE,
    TOO_MANY_INSTALLS,
    USER_REMOVED,
    WRONG_METHOD,
    ZONE_UNKNOWN,
    ErrorPage,
)
from bcapp.runtime import config
from bcapp.session_token import InvalidSession, NoSession
from bcapp.stores import NotInstalled, UserRemoved
from bcapp.vault import Unopenable
from bcapp.zones.saving import UnknownZone

_log = structlog.get_logger()

_PAGES: dict[type[Exception], ErrorPage] = {
    InvalidSession: SESSION_ENDED,
    NoSession: NO_SESSION,
    InvalidPayload: PAYLOAD_REFUSED,
    TooManyInstalls: TOO_MANY_INSTALLS,
    NotInstalled: NOT_INSTALLED,
    UserRemoved: USER_REMOVED,
    ScopeMissing: SCOPE_MISSING,
    Unopenable: TOKEN_UNREADABLE,
    UnknownZone: ZONE_UNKNOWN,
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
        g.page_path = "/"  # the script removes code or payload from the address bar
    support = config().support_url
    to_support = (_("Contact support"), support, False) if page.to_support and support else None
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
    """Render errors of BigCommerce outside forms, which render their own."""
    assert isinstance(error, BigCommerceError)  # noqa: S101 - registered for nothing else
    _log.warning("upstream", error=str(error))
    if isinstance(error, AccessRevoked):
        # 401: the token is invalid. 403: another consent may be enough.
        return render(TOKEN_REFUSED if error.status == 401 else ACCESS_REVOKED)
    if isinstance(error, Overloaded):
        return render(TOO_BUSY, error.headers)
    if request.endpoint == "callbacks.auth":
        return render(CODE_REFUSED if isinstance(error, Rejected) else NO_TOKEN)
    page = ASKED_TO_WAIT if isinstance(error, RateLimited) else NO_ANSWER
    return render(replace(page, status=error.http_status), error.headers)


def _http(error: Exception) -> ResponseReturnValue:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    status = error.code or 500
    if status < 400:  # a redirect by routing
        return error.get_response()
    page = _BY_STATUS.get(status, replace(BAD_REQUEST, status=status))
    if request.path == "/":  # opened by hand, outside the control panel
        page = OUTSIDE_FRAME
    allowed = dict(error.get_headers()).get("Allow")
    return render(page, {"Allow": allowed} if allowed else None)


def _unforeseen(error: Exception) -> ResponseReturnValue:
    _log.error("unforeseen", exc_info=error)
    if current_app.testing:
        raise error
    return render(BROKEN)
