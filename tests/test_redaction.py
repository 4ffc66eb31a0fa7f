"""Masked texts contain no token, code, e-mail address or input."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bcapp.redaction import MASK, mask_patterns, mask_values
from bcapp.vault import Vault
from sandbox.jwt_encoding import encode_jwt
from tests import make

LONG_VALUES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters=MASK), min_size=6), min_size=1
)


@given(values=LONG_VALUES, between=st.text())
def test_every_occurrence_of_a_long_value_is_masked(values: list[str], between: str) -> None:
    spellings = [*values, *(quote(value, safe="") for value in values)]
    text = between.join(spellings) + "".join(spellings)

    masked = mask_values(text, values)

    assert [spelling for spelling in spellings if spelling in masked] == []


@pytest.mark.parametrize(
    ("text", "values", "masked"),
    [
        pytest.param("key abcdef refused", ["abcdef"], "key ••• refused", id="long, alone"),
        pytest.param("keyabcdefgh", ["abcdef"], "key•••gh", id="long, inside a word"),
        pytest.param("abcdef, abcdef", ["abcdef"], "•••, •••", id="twice"),
        pytest.param("at abcde here", ["abcde"], "at ••• here", id="short, alone"),
        pytest.param("(abcde).", ["abcde"], "(•••).", id="short, between marks"),
        pytest.param("abcdefg _abcde 1abcde", ["abcde"], "abcdefg _abcde 1abcde", id="short, part"),
        pytest.param("fields: 7, 17, 7th", ["7"], "fields: •••, 17, 7th", id="one digit"),
        pytest.param("q=p%2Fss%20w%26rd&", ["p/ss w&rd"], "q=•••&", id="URL-encoded"),
        pytest.param("axc+de a.c+de", ["a.c+de"], "axc+de •••", id="marks taken literally"),
        pytest.param("ABCDEF", ["abcdef"], "ABCDEF", id="other letters"),
        pytest.param("abcdef-1", ["abcdef", "abcdef-1"], "•••", id="one inside another"),
        pytest.param("(nothing).", ["", ""], "(nothing).", id="empty values"),
        pytest.param("(nothing).", [], "(nothing).", id="no values"),
    ],
)
def test_values_are_masked_but_not_ordinary_words(
    text: str, values: list[str], masked: str
) -> None:
    assert mask_values(text, values) == masked


@given(claim=st.text(), algorithm=st.sampled_from(["HS256", "HS512", "none"]))
def test_json_web_tokens_are_masked(claim: str, algorithm: str) -> None:
    token = encode_jwt({"sub": claim}, make.CLIENT_SECRET, algorithm)

    masked = mask_patterns(f"payload {token} refused")

    assert masked == "payload ••• refused"


@given(secret=st.text())
def test_sealed_texts_are_masked(secret: str) -> None:
    sealed = Vault([SecretStr(make.ENCRYPTION_KEY)]).seal("access_token", "harbour1", secret)

    masked = mask_patterns(f"column '{sealed}' unreadable")

    assert masked == "column '•••' unreadable"


@given(
    address=st.from_regex(
        r"[A-Za-z0-9_.+-]{1,30}@([a-z0-9-]{1,20}\.){1,3}[a-z]{2,9}", fullmatch=True
    )
)
def test_email_addresses_are_masked(address: str) -> None:
    masked = mask_patterns(f"user <{address}> removed")

    assert masked == "user <•••> removed"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        pytest.param("/auth?code=ab1&scope=x", "/auth?code=•••&scope=x", id="code"),
        pytest.param("code=qr8ol2", "code=•••", id="code at the end"),
        pytest.param("'code=qr8ol2'", "'code=•••'", id="code in quotes"),
        pytest.param("CODE=qr8ol2", "CODE=•••", id="code in capitals"),
        pytest.param("/load?signed_payload_jwt=a.b", "/load?signed_payload_jwt=•••", id="payload"),
        pytest.param("Authorization: Bearer ab.cd", "Authorization: Bearer •••", id="bearer"),
        pytest.param("X-Auth-Token: ab1, gone", "X-Auth-Token: ••• gone", id="access token"),
        pytest.param("ann@a.example, bob@b.example", "•••, •••", id="two addresses"),
    ],
)
def test_codes_and_tokens_are_masked_by_their_name(text: str, masked: str) -> None:
    assert mask_patterns(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("Required fields missing [key]", id="an answer of BigCommerce's"),
        pytest.param("POST /carriers/fedex/connection 422", id="a request"),
        pytest.param("sqlalchemy.exc.OperationalError at 12:30", id="an exception"),
        pytest.param("the zip code 2000", id="the word code"),
        pytest.param("100 @ 2.50", id="an at sign"),
    ],
)
def test_texts_without_secrets_are_unchanged(text: str) -> None:
    assert mask_patterns(text) == text
