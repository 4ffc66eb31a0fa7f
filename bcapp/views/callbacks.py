"""Callbacks from BigCommerce: install, load, uninstall, remove user."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, current_app, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.routing import RequestRedirect

from bcapp import carriers, store_information, stores
from bcapp.bigcommerce import oauth, payload
from bcapp.bigcommerce.errors import BigCommerceError, Overloaded
from bcapp.bigcommerce.identity import parse_store_hash
from bcapp.bigcommerce.oauth import REQUIRED_SCOPE, Grant, ScopeMissing
from bcapp.bigcommerce.payload import InvalidPayload, Payload
from bcapp.models import Store
from bcapp.runtime import (
    acquire_bigcommerce_slot,
    config,
    db,
    runtime,
    store_api,
    store_api_with_token,
)
from bcapp.stores import NotInstalled
from bcapp.vault import Unopenable
from bcapp.views.session import EMBEDDED, start_session

PARAMETER = "signed_payload_jwt"

# Far longer than BigCommerce's codes; limits what we pass on.
_CODE = re.compile(r"[\x21-\x7e]{1,1024}")
_MAX_SCOPE_LENGTH = 4096
INFORMATION_LIMIT = 5  # seconds; an install works without it
CHECK_LIMIT = 5  # seconds to check a token

bp = Blueprint("callbacks", __name__)
_log = structlog.get_logger()


@dataclass(frozen=True)
class InstallRequest:
    requested_code: str
    requested_scope: str
    requested_context: str


@bp.get("/auth")
def auth() -> ResponseReturnValue:
    if "external_install" not in request.args:
        return _install()
    # The install was started by a button on another site, and only this redirect shows the merchant
    # the result.
    try:
        _install()
    except Exception as error:
        _log.warning("external_install_failed", error=type(error).__name__)
        return redirect(_login_page("failed"))
    g.pop("current_session")  # no page of ours follows
    return redirect(_login_page("succeeded"))


@bp.get("/load")
def load() -> ResponseReturnValue:
    launch = _payload()
    now = datetime.now(UTC)
    store, user = stores.authorize_launch(db(), launch, now)
    start_session(store, user, now)
    return _page_at(launch.path)


@bp.get("/uninstall")
def uninstall() -> ResponseReturnValue:
    stores.uninstall(db(), _payload(), _is_token_valid)
    return "", 204


@bp.get("/remove_user")
def remove_user() -> ResponseReturnValue:
    stores.remove_user(db(), _payload())
    return "", 204


def _install() -> str:
    params = _install_request()
    runtime().install_limit.count(params.requested_context, request.remote_addr or "")
    acquire_bigcommerce_slot()
    grant = oauth.exchange_code(
        config(), params.requested_code, params.requested_scope, params.requested_context
    )
    installation = stores.install(db(), runtime().vault, grant, _is_grant_valid)
    _fetch_store_information(installation.store)
    start_session(installation.store, installation.user, datetime.now(UTC))
    g.page_path = "/carriers"
    return render_template(
        "carriers/welcome.html",
        store_name=installation.store.name or installation.store.store_hash,
        first=installation.is_first,
        carriers=carriers.offered(installation.store.country_code),
    )


def _install_request() -> InstallRequest:
    """Parse the three parameters, each exactly once. None is trusted yet."""
    code, scope, context = (_only(name) for name in ("code", "scope", "context"))
    if not _CODE.fullmatch(code) or len(scope) > _MAX_SCOPE_LENGTH or not scope.isprintable():
        raise BadRequest
    try:
        parse_store_hash(context)
    except ValueError:
        raise BadRequest from None
    if REQUIRED_SCOPE not in scope.split():
        raise ScopeMissing
    return InstallRequest(code, scope, context)


def _only(name: str) -> str:
    values = request.args.getlist(name)
    if len(values) != 1 or not values[0].strip():
        raise BadRequest
    return values[0]


def _payload() -> Payload:
    values = request.args.getlist(PARAMETER)
    if not values or not values[0]:
        if "signed_payload" in request.args:
            # BigCommerce removed this older form from its docs in 2022.
            _log.warning("legacy_payload_only")
        raise BadRequest
    if len(values) > 1:
        raise InvalidPayload("given twice")
    verified = payload.verify(
        values[0], config().bigcommerce_client_id, config().bigcommerce_client_secret
    )
    structlog.contextvars.bind_contextvars(store_hash=verified.store_hash)
    return verified


def _is_token_valid(store: Store) -> bool:
    """Return False only if BigCommerce refuses the token. Raises Overloaded, so that it retries."""
    try:
        return store_api(store, CHECK_LIMIT).is_token_valid()
    except Overloaded:
        raise
    except (BigCommerceError, Unopenable):
        return True


def _is_grant_valid(grant: Grant) -> bool:
    try:
        return store_api_with_token(
            grant.store_hash, grant.access_token, CHECK_LIMIT
        ).is_token_valid()
    except BigCommerceError:
        return True


def _fetch_store_information(store: Store) -> None:
    """Fetch the store's name, time zone and country; the install succeeds without them."""
    try:
        information = store_api(store, INFORMATION_LIMIT).get_store()
    except (BigCommerceError, NotInstalled):
        return
    store_information.save(db(), store, information)


def _page_at(path: str) -> ResponseReturnValue:
    """Render the embedded page at `path`, or the overview if there is none."""
    urls = current_app.create_url_adapter(request)
    assert urls is not None  # noqa: S101 - there is one for every request
    try:
        endpoint, arguments = urls.match(path, method="GET")
    except (HTTPException, RequestRedirect):
        endpoint, arguments = "", {}
    if endpoint.partition(".")[0] not in EMBEDDED:
        path, endpoint, arguments = "/carriers", "carriers.overview", {}
    g.page_path = path
    g.launching = True
    answer = make_response(current_app.view_functions[endpoint](**arguments))
    if answer.status_code == 303:
        # Not sent as a redirect: only the page's script can add the session token.
        return _page_at(urlsplit(answer.location).path)
    return answer


def _login_page(result: str) -> str:
    login, client = config().bigcommerce_login_url, config().bigcommerce_client_id
    return f"{login}/app/{client}/install/{result}"
