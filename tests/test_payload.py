"""A signed payload is valid only if BigCommerce made it recently for this app."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bcapp.bigcommerce.identity import Person
from bcapp.bigcommerce.payload import InvalidPayload, Payload
from bcapp.bigcommerce.payload import verify as verify_payload
from tests import make

OLDER_SECRET = "older-client-secret-of-the-tests-" + "o" * 16
FOREIGN_SECRET = "foreign-client-secret-of-the-tests-" + "f" * 16
HEADER = {"alg": "HS256", "typ": "JWT"}
LEFT_OUT = object()


def claims(**changes: Any) -> dict[str, Any]:
    """Claims of a payload issued now; a change to LEFT_OUT removes a claim.

    After the example of "App Callbacks" in BigCommerce's documentation.
    """
    now = int(time.time())
    values = {
        "aud": make.CLIENT_ID,
        "iss": "bc",
        "iat": now,
        "nbf": now - 5,
        "exp": now + 86400,
        "jti": "7a3b1a9c-0c1e-4b0e-9d6e-1d2f3a4b5c6d",
        "sub": "stores/harbour1",
        "user": {"id": 9876543, "email": "user@harbour.example", "locale": "en-US"},
        "owner": {"id": 7654321, "email": "owner@harbour.example"},
        "url": "/",
        "channel_id": None,
    }
    return {name: value for name, value in (values | changes).items() if value is not LEFT_OUT}


def sign(
    content: object,
    *,
    secret: str = make.CLIENT_SECRET,
    header: object = HEADER,
    digest: str = "sha256",
) -> str:
    """Sign any content and header by hand: libraries refuse to sign invalid ones."""
    signed = f"{encode(json.dumps(header))}.{encode(json.dumps(content))}"
    signature = hmac.digest(secret.encode(), signed.encode(), digest)
    return f"{signed}.{encode(signature)}"


def encode(part: str | bytes) -> str:
    raw = part.encode() if isinstance(part, str) else part
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def verify(token: str) -> Payload:
    return verify_payload(token, make.CLIENT_ID, [SecretStr(make.CLIENT_SECRET)])


def test_a_valid_payload_yields_store_people_time_and_page() -> None:
    good = claims(url="/carriers/fedex")

    payload = verify(sign(good))

    assert payload == Payload(
        store_hash="harbour1",
        user=Person(9876543, "user@harbour.example", "en-US"),
        owner=Person(7654321, "owner@harbour.example"),
        issued_at=datetime.fromtimestamp(good["iat"], UTC),
        path="/carriers/fedex",
    )


@pytest.mark.parametrize(("user_id", "is_owner"), [(7654321, True), (9876543, False)])
def test_the_owner_is_identified_by_id(user_id: int, is_owner: bool) -> None:
    payload = verify(sign(claims(user={"id": user_id, "email": "same@harbour.example"})))

    assert payload.is_from_owner is is_owner


@pytest.mark.parametrize("secret", [make.CLIENT_SECRET, OLDER_SECRET], ids=["newest", "older"])
def test_both_secrets_verify_while_one_is_being_replaced(secret: str) -> None:
    secrets = [SecretStr(make.CLIENT_SECRET), SecretStr(OLDER_SECRET)]

    payload = verify_payload(sign(claims(), secret=secret), make.CLIENT_ID, secrets)

    assert payload.store_hash == "harbour1"


def test_a_third_secret_does_not_verify() -> None:
    secrets = [SecretStr(make.CLIENT_SECRET), SecretStr(OLDER_SECRET)]
    token = sign(claims(), secret=FOREIGN_SECRET)

    with pytest.raises(InvalidPayload):
        verify_payload(token, make.CLIENT_ID, secrets)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_the_31_characters_of_an_older_client_secret_verify() -> None:
    payload = verify_payload(sign(claims(), secret="s" * 31), make.CLIENT_ID, [SecretStr("s" * 31)])

    assert payload.store_hash == "harbour1"


def unsigned(algorithm: str) -> str:
    return sign(claims(), header={**HEADER, "alg": algorithm}).rpartition(".")[0] + "."


def with_header(**changes: Any) -> str:
    return sign(claims(), header={**HEADER, **changes})


def with_claims_of_another_store() -> str:
    header, _, signature = sign(claims()).split(".")
    return f"{header}.{encode(json.dumps(claims(sub='stores/other2')))}.{signature}"


def with_the_signature_altered() -> str:
    signed, _, signature = sign(claims()).rpartition(".")
    return f"{signed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda: unsigned("none"), id="alg none"),
        pytest.param(lambda: unsigned("None"), id="alg None"),
        pytest.param(lambda: unsigned("HS256"), id="signature taken away"),
        pytest.param(lambda: with_header(alg="none"), id="alg none, signed all the same"),
        pytest.param(lambda: with_header(alg="hs256"), id="alg in lower case"),
        pytest.param(lambda: with_header(alg="RS256"), id="RS256 over the secret as public key"),
        pytest.param(lambda: with_header(alg=""), id="alg empty"),
        pytest.param(lambda: with_header(alg=None), id="alg null"),
        pytest.param(lambda: with_header(alg=["HS256"]), id="alg a list"),
        pytest.param(lambda: with_header(crit=["exp"]), id="an extension we do not know"),
        pytest.param(lambda: sign(claims(), header={"typ": "JWT"}), id="alg missing"),
        pytest.param(lambda: sign(claims(), header=[]), id="header a list"),
        pytest.param(
            lambda: sign(claims(), header={**HEADER, "alg": "HS512"}, digest="sha512"), id="HS512"
        ),
        pytest.param(
            lambda: sign(claims(), header={**HEADER, "alg": "HS384"}, digest="sha384"), id="HS384"
        ),
        pytest.param(lambda: sign(claims(), digest="sha512"), id="SHA-512 called HS256"),
        pytest.param(lambda: sign(claims(), secret=FOREIGN_SECRET), id="other secret"),
        pytest.param(lambda: sign(claims(), secret=make.CLIENT_ID), id="client id as secret"),
        pytest.param(lambda: sign(claims(), secret=""), id="empty secret"),
        pytest.param(with_the_signature_altered, id="signature altered"),
        pytest.param(with_claims_of_another_store, id="claims exchanged"),
        pytest.param(lambda: sign([claims()]), id="claims a list"),
        pytest.param(lambda: sign("stores/harbour1"), id="claims a text"),
        pytest.param(lambda: sign(None), id="claims null"),
    ],
)
def test_a_forged_payload_is_refused(forge: Callable[[], str]) -> None:
    with pytest.raises(InvalidPayload):
        verify(forge())


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param(" ", id="space"),
        pytest.param("garbage", id="no dots"),
        pytest.param("..", id="two dots"),
        pytest.param("...", id="three dots"),
        pytest.param("a.b.c", id="no JSON"),
        pytest.param("e30.e30.", id="empty objects"),
        pytest.param("é.é.é", id="not ASCII"),
        pytest.param("\ud800.e30.e30", id="lone surrogate"),
        pytest.param("e30.e30.\x00", id="NUL"),
        pytest.param(f"{encode('[' * 3000)}.e30.e30", id="header of open brackets"),
        pytest.param("a" * 100_000, id="very long"),
    ],
)
def test_malformed_tokens_are_refused(token: str) -> None:
    with pytest.raises(InvalidPayload):
        verify(token)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", ".e30", id="fourth part"),
        pytest.param("", ".", id="dot after"),
        pytest.param(".", "", id="dot before"),
        pytest.param(" ", "", id="space before"),
        pytest.param("", "\n", id="line break after"),
        pytest.param("Bearer ", "", id="scheme before"),
    ],
)
def test_a_payload_with_surrounding_text_is_refused(before: str, after: str) -> None:
    token = f"{before}{sign(claims())}{after}"

    with pytest.raises(InvalidPayload):
        verify(token)


@given(token=st.text() | st.text("eyJ.-_=", max_size=40))
def test_any_text_raises_only_the_expected_error(token: str) -> None:
    with pytest.raises(InvalidPayload):
        verify(token)


@pytest.mark.parametrize("value", [LEFT_OUT, None], ids=["missing", "null"])
@pytest.mark.parametrize("name", ["aud", "iss", "iat", "nbf", "exp", "sub", "user", "owner"])
def test_a_payload_that_lacks_a_claim_is_refused(name: str, value: object) -> None:
    token = sign(claims(**{name: value}))

    with pytest.raises(InvalidPayload):
        verify(token)


@pytest.mark.parametrize(
    ("name", "seconds_from_now"),
    [
        pytest.param("exp", -30, id="expired a moment ago"),
        pytest.param("nbf", 30, id="not before in a moment"),
        pytest.param("iat", 30, id="issued in a moment"),
        pytest.param("iat", -86400, id="issued a day ago"),
    ],
)
def test_clocks_may_differ_a_little(name: str, seconds_from_now: int) -> None:
    token = sign(claims(**{name: int(time.time()) + seconds_from_now}))

    payload = verify(token)

    assert payload.store_hash == "harbour1"


@pytest.mark.parametrize(
    ("name", "seconds_from_now"),
    [
        pytest.param("exp", -90, id="expired a while ago"),
        pytest.param("exp", -86400, id="expired a day ago"),
        pytest.param("nbf", 90, id="not before in a while"),
        pytest.param("nbf", 86400, id="not before tomorrow"),
        pytest.param("iat", 90, id="issued in a while"),
        pytest.param("iat", 86400, id="issued tomorrow"),
    ],
)
def test_clocks_may_not_differ_by_more_than_a_minute(name: str, seconds_from_now: int) -> None:
    token = sign(claims(**{name: int(time.time()) + seconds_from_now}))

    with pytest.raises(InvalidPayload):
        verify(token)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("aud", "another-client-id", id="other audience"),
        pytest.param("aud", "", id="audience empty"),
        pytest.param("aud", make.CLIENT_ID.upper(), id="audience in capitals"),
        pytest.param("aud", f"{make.CLIENT_ID} ", id="audience and a space"),
        pytest.param("aud", [make.CLIENT_ID], id="audience in a list"),
        pytest.param("aud", ["another", make.CLIENT_ID], id="audience among others"),
        pytest.param("aud", {make.CLIENT_ID: 1}, id="audience in an object"),
        pytest.param("aud", 1, id="audience a number"),
        pytest.param("iss", "BC", id="issuer in capitals"),
        pytest.param("iss", "bigcommerce", id="other issuer"),
        pytest.param("iss", "b", id="part of the issuer"),
        pytest.param("iss", "", id="issuer empty"),
        pytest.param("iss", ["bc"], id="issuer in a list"),
        pytest.param("iss", 1, id="issuer a number"),
        pytest.param("iat", 0, id="iat zero"),
        pytest.param("iat", -1, id="iat negative"),
        pytest.param("nbf", True, id="nbf true"),
        pytest.param("nbf", -5, id="nbf negative"),
        pytest.param("exp", "4000000000", id="exp in digits"),
        pytest.param("exp", 4000000000.5, id="exp a float"),
        pytest.param("exp", 10**30, id="exp beyond the calendar"),
        pytest.param("iat", "1760000000", id="iat in digits"),
        pytest.param("iat", "then", id="iat a word"),
        pytest.param("iat", 1760000000.0, id="iat a float"),
        pytest.param("iat", True, id="iat true"),
        pytest.param("iat", [1760000000], id="iat in a list"),
        pytest.param("iat", {}, id="iat an object"),
        pytest.param("iat", -(10**30), id="iat before the calendar"),
        pytest.param("iat", 10**30, id="iat beyond the calendar"),
        pytest.param("iat", float("nan"), id="iat NaN"),
        pytest.param("iat", float("inf"), id="iat infinite"),
        pytest.param("nbf", "then", id="nbf a word"),
        pytest.param("nbf", [0], id="nbf in a list"),
        pytest.param("nbf", {}, id="nbf an object"),
        pytest.param("nbf", 10**30, id="nbf beyond the calendar"),
        pytest.param("nbf", float("nan"), id="nbf NaN"),
        pytest.param("nbf", float("inf"), id="nbf infinite"),
        pytest.param("exp", "then", id="exp a word"),
        pytest.param("exp", "1760000000", id="exp in digits, past"),
        pytest.param("exp", 1760000000.0, id="exp a float, past"),
        pytest.param("exp", True, id="exp true"),
        pytest.param("exp", [10**10], id="exp in a list"),
        pytest.param("exp", {}, id="exp an object"),
        pytest.param("exp", 0, id="exp zero"),
        pytest.param("exp", -1, id="exp negative"),
        pytest.param("exp", float("nan"), id="exp NaN"),
        pytest.param("exp", float("inf"), id="exp infinite"),
        pytest.param("sub", "", id="sub empty"),
        pytest.param("sub", "harbour1", id="sub, hash alone"),
        pytest.param("sub", "store/harbour1", id="sub, store"),
        pytest.param("sub", "stores/", id="sub without a hash"),
        pytest.param("sub", "stores/HARBOUR1", id="sub in capitals"),
        pytest.param("sub", "stores/harbour1\n", id="sub and a line break"),
        pytest.param("sub", "stores/harbour1/v2", id="sub and a path"),
        pytest.param("sub", "/stores/harbour1", id="sub after a slash"),
        pytest.param("sub", ["stores/harbour1"], id="sub in a list"),
        pytest.param("sub", {"store": "harbour1"}, id="sub an object"),
        pytest.param("sub", 1, id="sub a number"),
    ],
)
def test_a_claim_of_the_wrong_type_is_refused(name: str, value: object) -> None:
    token = sign(claims(**{name: value}))

    with pytest.raises(InvalidPayload):
        verify(token)


@pytest.mark.parametrize(
    "person",
    [
        pytest.param({}, id="empty"),
        pytest.param({"email": "ann@harbour.example"}, id="no id"),
        pytest.param({"id": None}, id="id null"),
        pytest.param({"id": "12"}, id="id in digits"),
        pytest.param({"id": 12.0}, id="id a float"),
        pytest.param({"id": True}, id="id true"),
        pytest.param({"id": [12]}, id="id in a list"),
        pytest.param({"id": 0}, id="id zero"),
        pytest.param({"id": -12}, id="id negative"),
        pytest.param({"id": 2**63}, id="id larger than a column"),
        pytest.param([{"id": 12}], id="a list"),
        pytest.param("ann@harbour.example", id="a text"),
        pytest.param(12, id="a number"),
    ],
)
@pytest.mark.parametrize("name", ["user", "owner"])
def test_a_person_without_a_usable_id_is_refused(name: str, person: object) -> None:
    token = sign(claims(**{name: person}))

    with pytest.raises(InvalidPayload):
        verify(token)


@pytest.mark.parametrize("person_id", [1, 2**63 - 1], ids=["smallest", "largest"])
def test_the_largest_id_is_accepted(person_id: int) -> None:
    payload = verify(sign(claims(user={"id": person_id})))

    assert payload.user == Person(person_id, "")


@pytest.mark.parametrize(
    ("email", "kept"),
    [
        pytest.param("ann@harbour.example", "ann@harbour.example", id="good"),
        pytest.param(None, "", id="null"),
        pytest.param(12, "", id="a number"),
        pytest.param(["ann@harbour.example"], "", id="in a list"),
        pytest.param("", "", id="empty"),
        pytest.param("ann\x00@harbour.example\r\n", "ann@harbour.example", id="NUL and line break"),
        pytest.param("\ud800ann@harbour.example", "ann@harbour.example", id="lone surrogate"),
        pytest.param("\u202eann@harbour.example", "ann@harbour.example", id="writing direction"),
        pytest.param("a" * 300, "a" * 254, id="too long"),
    ],
)
def test_an_email_is_optional_and_printable(email: object, kept: str) -> None:
    payload = verify(sign(claims(user={"id": 12, "email": email})))

    assert payload.user == Person(12, kept)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        pytest.param("/", "/", id="root"),
        pytest.param("/carriers/fedex", "/carriers/fedex", id="a page"),
        pytest.param("/carriers?zone=1", "/carriers", id="query"),
        pytest.param("/carriers#top", "/carriers", id="fragment"),
        pytest.param("/carriers#top?zone=1", "/carriers", id="fragment before a query"),
        pytest.param(LEFT_OUT, "/", id="missing"),
        pytest.param(None, "/", id="null"),
        pytest.param("", "/", id="empty"),
        pytest.param("carriers", "/", id="no slash"),
        pytest.param("//evil.example", "/", id="two slashes"),
        pytest.param("///evil.example", "/", id="three slashes"),
        pytest.param("/\\evil.example", "/", id="slash and backslash"),
        pytest.param("\\\\evil.example", "/", id="backslashes"),
        pytest.param("/carriers\\..", "/", id="backslash inside"),
        pytest.param("https://evil.example/carriers", "/", id="another site"),
        pytest.param("javascript:alert(1)", "/", id="script"),
        pytest.param(" /carriers", "/", id="space before"),
        pytest.param("/ /evil.example", "/", id="space inside"),
        pytest.param("/\t/evil.example", "/", id="tab, which browsers drop"),
        pytest.param("/\n/evil.example", "/", id="line break"),
        pytest.param("/carriers\x00", "/", id="NUL"),
        pytest.param("/carriers\x7f", "/", id="DEL"),
        pytest.param(12, "/", id="a number"),
        pytest.param(["/carriers"], "/", id="in a list"),
        pytest.param({"path": "/carriers"}, "/", id="an object"),
    ],
)
def test_only_a_plain_local_path_picks_the_page(url: object, path: str) -> None:
    payload = verify(sign(claims(url=url)))

    assert payload.path == path


def test_the_error_repeats_no_claim() -> None:
    token = sign(claims(sub="stores/UNUSUAL", user={"id": "12", "email": "ann@harbour.example"}))

    with pytest.raises(InvalidPayload) as refused:
        verify(token)

    assert "UNUSUAL" not in str(refused.value)
    assert "ann" not in str(refused.value)
