"""Sealed secrets open with any known key, in their own place, and only unaltered."""

import base64

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bcapp.vault import Unopenable, Vault
from tests import make


def fernet_key(letter: bytes) -> SecretStr:
    return SecretStr(base64.urlsafe_b64encode(letter * 32).decode())


NEWEST, OLDER, FOREIGN = SecretStr(make.ENCRYPTION_KEY), fernet_key(b"o"), fernet_key(b"f")
TOKEN = "access-token-of-harbour1"


@pytest.fixture
def vault() -> Vault:
    return Vault([NEWEST, OLDER])


@given(secret=st.text(), place=st.text(), owner=st.text())
def test_a_sealed_text_opens_to_the_same_text(secret: str, place: str, owner: str) -> None:
    vault = Vault([NEWEST])

    opened = vault.open(place, owner, vault.seal(place, owner, secret))

    assert opened == SecretStr(secret)


def test_sealing_is_randomized(vault: Vault) -> None:
    first = vault.seal("access_token", "harbour1", TOKEN)

    second = vault.seal("access_token", "harbour1", TOKEN)

    assert first != second


@given(data=st.data(), flip=st.integers(1, 255))
def test_a_sealed_text_with_any_byte_flipped_is_refused(data: st.DataObject, flip: int) -> None:
    vault = Vault([NEWEST])
    sealed = bytearray(base64.urlsafe_b64decode(vault.seal("access_token", "harbour1", TOKEN)))
    sealed[data.draw(st.integers(0, len(sealed) - 1), label="position")] ^= flip
    altered = base64.urlsafe_b64encode(sealed).decode()

    with pytest.raises(Unopenable):
        vault.open("access_token", "harbour1", altered)


@pytest.mark.parametrize(
    ("place", "owner"),
    [
        pytest.param("access_token", "other2", id="another row"),
        pytest.param("account_number", "harbour1", id="another column"),
        pytest.param("harbour1", "access_token", id="row and column swapped"),
        pytest.param("access_tokenharbour1", "", id="both run together"),
    ],
)
def test_a_sealed_text_opens_only_in_its_row_and_column(
    vault: Vault, place: str, owner: str
) -> None:
    sealed = vault.seal("access_token", "harbour1", TOKEN)

    with pytest.raises(Unopenable):
        vault.open(place, owner, sealed)


def test_an_older_key_still_opens(vault: Vault) -> None:
    sealed = Vault([OLDER]).seal("access_token", "harbour1", TOKEN)

    opened = vault.open("access_token", "harbour1", sealed)

    assert opened == SecretStr(TOKEN)


def test_the_newest_key_seals(vault: Vault) -> None:
    sealed = vault.seal("access_token", "harbour1", TOKEN)

    opened = Vault([NEWEST]).open("access_token", "harbour1", sealed)

    assert opened == SecretStr(TOKEN)


def test_a_foreign_key_does_not_open(vault: Vault) -> None:
    sealed = Vault([FOREIGN]).seal("access_token", "harbour1", TOKEN)

    with pytest.raises(Unopenable):
        vault.open("access_token", "harbour1", sealed)


@pytest.mark.parametrize(
    "sealed",
    [
        pytest.param("", id="empty"),
        pytest.param(TOKEN, id="never sealed"),
        pytest.param("gAAAAAB", id="cut off"),
        pytest.param("gAAAAé", id="not ASCII"),
        pytest.param("\ud800", id="lone surrogate"),
    ],
)
def test_malformed_sealed_texts_are_refused(vault: Vault, sealed: str) -> None:
    with pytest.raises(Unopenable):
        vault.open("access_token", "harbour1", sealed)


@pytest.mark.parametrize(
    "plaintext",
    [
        pytest.param(b"access-token-of-harbour1", id="bare text"),
        pytest.param(b'"access-token-of-harbour1"', id="a JSON text"),
        pytest.param(b'["access_token", "harbour1"]', id="secret missing"),
        pytest.param(b'["access_token", "harbour1", "a", "b"]', id="one too many"),
        pytest.param(b"null", id="null"),
        pytest.param(b"\xff", id="not UTF-8"),
    ],
)
def test_foreign_fernet_tokens_are_refused(vault: Vault, plaintext: bytes) -> None:
    sealed = Fernet(NEWEST.get_secret_value()).encrypt(plaintext).decode()

    with pytest.raises(Unopenable):
        vault.open("access_token", "harbour1", sealed)


def test_the_error_names_the_column_and_no_secret(vault: Vault) -> None:
    sealed = vault.seal("access_token", "harbour1", TOKEN)

    with pytest.raises(Unopenable) as refused:
        vault.open("access_token", "other2", sealed)

    assert str(refused.value) == "access_token"
