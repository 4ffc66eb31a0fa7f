"""Exchange an authorization code for the store's access token."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
import urllib3
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from pydantic import SecretStr

from bcapp import metrics
from bcapp.bigcommerce.errors import (
    BigCommerceError,
    MalformedResponse,
    Rejected,
    ServerError,
)
from bcapp.bigcommerce.http import (
    IDENTITY_ENCODING,
    Adapter,
    Deadline,
    read_body,
    to_bigcommerce_error,
)
from bcapp.bigcommerce.identity import Person, parse_store_hash
from bcapp.config import Config

REQUIRED_SCOPE = "store_v2_information"

_MAX_SCOPE_LENGTH = 4096
_TOKEN = re.compile(r"[\x21-\x7e]{1,1024}")  # must fit into a header


class ScopeMissing(Exception):
    """The merchant did not grant the scope that the app needs."""


@dataclass(frozen=True)
class Grant:
    """A validated token response. The token does not expire."""

    store_hash: str
    access_token: SecretStr
    scope: str
    user: Person
    owner: Person | None  # documented since December 2023; older responses lack it
    requested_at: datetime
    received_at: datetime


def exchange_code(config: Config, code: str, scope: str, context: str) -> Grant:
    """Exchange `code` for a token, without retries: a lost answer may have used up the code.

    Raises Rejected (code refused), Unavailable (no usable answer, or a token for another store) or
    ScopeMissing.
    """
    # BigCommerce's login accepts only the newest secret.
    session = OAuth2Session(
        config.bigcommerce_client_id,
        config.bigcommerce_client_secret[0].get_secret_value(),
        token_endpoint_auth_method="client_secret_post",  # noqa: S106 - a method's name
    )
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, Adapter())
    deadline = Deadline(config.bigcommerce_time_budget)
    session.register_compliance_hook(
        "access_token_response", lambda response: _require_ok(response, deadline)
    )
    requested_at = datetime.now(UTC)
    fields = {"code": code, "scope": scope, "context": context}
    with metrics.measure_call("POST /oauth2/token"):
        return _parse_grant(_fetch_token(session, deadline, config, fields), context, requested_at)


def _fetch_token(
    session: OAuth2Session, deadline: Deadline, config: Config, fields: dict[str, str]
) -> dict[str, Any]:
    try:
        with session:
            response: dict[str, Any] = session.fetch_token(
                f"{config.bigcommerce_login_url}/oauth2/token",
                grant_type="authorization_code",
                redirect_uri=config.redirect_uri,
                headers={"Accept": "application/json", **IDENTITY_ENCODING},
                timeout=deadline.timeouts(),
                allow_redirects=False,
                stream=True,
                **fields,
            )
            return response
    except BigCommerceError:
        raise
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        # Not chained: the attached request holds the code and our secret.
        raise to_bigcommerce_error(error, deadline.elapsed()) from None
    except (
        AuthlibBaseError,
        ValueError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ):
        # Not chained either: some Authlib errors quote the response.
        raise MalformedResponse(200) from None


def _require_ok(response: requests.Response, deadline: Deadline) -> requests.Response:
    # Authlib accepts a 401 with a JSON body as a token, so let only a 200 through.
    status = response.status_code
    if status in {429} or status >= 500:
        raise ServerError(status)
    if 400 <= status < 500:
        raise Rejected(status)
    if status != 200:
        raise MalformedResponse(status)
    response._content = read_body(response, deadline)
    return response


def _parse_grant(response: dict[str, Any], requested_context: str, requested_at: datetime) -> Grant:
    """Check every field. Authlib guarantees only that the response is an object."""
    token, scope, owner = (response.get(name) for name in ("access_token", "scope", "owner"))
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise MalformedResponse(200)
    if response.get("context") != requested_context:
        raise MalformedResponse(200)
    try:
        user = Person.from_json(response.get("user"))
        known_owner = Person.from_json(owner) if owner else None
    except ValueError:
        raise MalformedResponse(200) from None
    # For a wrong context BigCommerce answers 200 with `scope: null` and a useless token (reported
    # in NangoHQ/nango#7026). Extra scopes may be listed.
    if not isinstance(scope, str) or REQUIRED_SCOPE not in scope.split():
        raise ScopeMissing
    if not scope.isascii() or not scope.isprintable() or len(scope) > _MAX_SCOPE_LENGTH:
        raise MalformedResponse(200)
    granted_hash = parse_store_hash(requested_context)
    received_at = datetime.now(UTC)
    return Grant(
        granted_hash, SecretStr(token), scope, user, known_owner, requested_at, received_at
    )
