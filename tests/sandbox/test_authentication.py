"""API authentication, the token exchange and signed payloads, as BigCommerce documents them."""

import jwt
import pytest
import requests

from sandbox.world import DEFAULT_SCOPE, World
from tests.sandbox.conftest import APP_URL, CONNECTION, SendRequest

# API authentication (About our APIs: authentication, status codes, rate limits)


@pytest.mark.parametrize(
    ("path", "token"),
    [
        pytest.param("/stores/harbour1/v2/time", None, id="no token"),
        pytest.param("/stores/harbour1/v2/time", "invented", id="invented token"),
        pytest.param("/stores/harbour1/v2/time", "token-of-elm", id="another store's token"),
        pytest.param("/stores/unknown3/v2/time", "token-of-elm", id="unknown store"),
    ],
)
def test_the_api_accepts_only_the_stores_own_token(
    world: World, base_url: str, session: requests.Session, path: str, token: str | None
) -> None:
    world.store("harbour1").access_token = "token-of-harbour"
    world.store("elmfield2").access_token = "token-of-elm"

    response = session.get(base_url + path, headers={"X-Auth-Token": token} if token else {})

    assert response.status_code == 401
    assert response.json()["status"] == 401


def test_a_revoked_token_is_rejected(call_api: SendRequest, world: World) -> None:
    before = call_api("GET", "/time").status_code

    world.revoke_token("harbour1")

    assert (before, call_api("GET", "/time").status_code) == (200, 401)


def test_a_new_token_replaces_the_previous_one(
    call_api: SendRequest, world: World, request_token: SendRequest
) -> None:
    token = request_token().json()["access_token"]

    assert call_api("GET", "/time").status_code == 401
    assert call_api("GET", "/time", headers={"X-Auth-Token": token}).status_code == 200


@pytest.mark.parametrize(
    ("scope", "read_status", "write_status"),
    [
        pytest.param(DEFAULT_SCOPE, 200, 204, id="modify"),
        pytest.param("store_v2_information_read_only", 200, 403, id="read-only"),
        pytest.param("store_v2_orders", 403, 403, id="other"),
        pytest.param(None, 403, 403, id="none"),
    ],
)
def test_the_token_scope_limits_reading_and_writing(
    call_api: SendRequest, world: World, scope: str | None, read_status: int, write_status: int
) -> None:
    world.store("harbour1").scope = scope

    read_response = call_api("GET", "/shipping/zones")
    write_response = call_api("POST", CONNECTION, {"carrier_id": "royalmail", "connection": {}})

    assert (read_response.status_code, write_response.status_code) == (read_status, write_status)


def test_successful_responses_have_rate_limit_headers(call_api: SendRequest) -> None:
    headers = call_api("GET", "/time").headers

    assert headers["X-Rate-Limit-Time-Window-Ms"] == "30000"
    assert int(headers["X-Rate-Limit-Time-Reset-Ms"]) <= 30000
    assert int(headers["X-Rate-Limit-Requests-Left"]) < int(headers["X-Rate-Limit-Requests-Quota"])


# Token exchange (Apps guide, auth callback)


@pytest.mark.parametrize("encoding", ["json", "data"])
def test_a_code_is_exchanged_for_a_token_by_json_or_form(
    request_token: SendRequest, world: World, encoding: str
) -> None:
    response = request_token(encoding)

    grant = response.json()
    assert response.status_code == 200
    assert grant["access_token"] == world.store("harbour1").access_token
    assert grant["context"] == "stores/harbour1"
    assert grant["scope"] == DEFAULT_SCOPE
    assert grant["user"] == grant["owner"]
    assert grant["user"]["email"] == grant["user"]["username"] == "owner@harbourpine.example"
    assert set(grant) == {"access_token", "scope", "user", "owner", "context", "account_uuid"}


def test_the_token_response_names_the_installing_user(
    request_token: SendRequest, world: World
) -> None:
    jo = world.person("harbour1", "authorized")

    grant = request_token(query=world.install_query("harbour1", jo)).json()

    assert (grant["user"]["id"], grant["owner"]["id"]) == (jo.id, 9128)


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        pytest.param({"client_id": "other"}, 401, "invalid_client", id="client id"),
        pytest.param({"client_secret": "other"}, 401, "invalid_client", id="client secret"),
        pytest.param({"grant_type": "password"}, 400, "unsupported_grant_type", id="grant type"),
        pytest.param(
            {"redirect_uri": f"{APP_URL}/auth/"},
            400,
            "Parameter redirect_uri does not match registered URI",
            id="redirect URI, as reported in bigcommerce-api-php#281",
        ),
        pytest.param({"code": "never-issued"}, 400, "invalid_grant", id="code"),
        pytest.param({"context": ""}, 400, "invalid_request", id="no context"),
    ],
)
def test_an_invalid_token_request_is_rejected(
    request_token: SendRequest, world: World, changes: dict[str, str], status: int, error: str
) -> None:
    response = request_token(**changes)

    assert (response.status_code, response.json()) == (status, {"error": error})
    assert world.store("harbour1").access_token is None


def test_a_code_works_once(request_token: SendRequest, world: World) -> None:
    query = world.install_query("harbour1", world.person("harbour1", "owner"))

    responses = [request_token(query=query), request_token(query=query)]

    assert [response.status_code for response in responses] == [200, 400]


def test_a_token_request_that_does_not_accept_json_gets_406(
    request_token: SendRequest, session: requests.Session
) -> None:
    session.headers["Accept"] = "text/html"

    response = request_token()

    assert (response.status_code, response.json()) == (406, {"error": "Invalid format."})


def test_a_wrong_context_results_in_a_token_without_scope(
    request_token: SendRequest, base_url: str, session: requests.Session
) -> None:
    grant = request_token(context="stores/elmfield2").json()

    response = session.get(
        f"{base_url}/stores/elmfield2/v2/store",
        headers={"X-Auth-Token": grant["access_token"]},
    )

    assert grant["scope"] is None
    assert response.status_code == 403


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_an_external_install_ends_on_a_result_page(
    base_url: str, session: requests.Session, outcome: str
) -> None:
    response = session.get(f"{base_url}/app/client-id/install/{outcome}")

    assert response.status_code == 200
    assert "installed" in response.text


# Signed payloads (Apps guide, callbacks)


def test_a_signed_payload_has_the_documented_claims(world: World) -> None:
    sam = world.person("harbour1", "staff")

    token = world.signed_payload("harbour1", sam, url="/deep", channel_id=3)

    claims = jwt.decode(
        token, world.client_secret, algorithms=["HS256"], audience="client-id", issuer="bc"
    )
    assert claims["sub"] == "stores/harbour1"
    assert claims["user"] == {"id": sam.id, "email": sam.email, "locale": sam.locale}
    assert claims["owner"] == {"id": 9128, "email": "owner@harbourpine.example"}
    assert (claims["url"], claims["channel_id"]) == ("/deep", 3)
    assert (claims["nbf"], claims["exp"]) == (claims["iat"] - 5, claims["iat"] + 86400)


def test_claims_of_a_signed_payload_can_be_replaced_or_omitted(world: World) -> None:
    owner = world.person("harbour1", "owner")

    token = world.signed_payload(
        "harbour1", owner, now=1000, algorithm="none", omit=["jti"], iss=5, sub="store/harbour1"
    )

    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["iat"], claims["iss"], claims["sub"]) == (1000, 5, "store/harbour1")
    assert "jti" not in claims
    assert jwt.get_unverified_header(token)["alg"] == "none"
