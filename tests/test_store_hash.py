"""Only `stores/<hash>` parses."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcapp.bigcommerce.identity import parse_store_hash

LETTERS = string.ascii_lowercase + string.digits


@given(requested_hash=st.text(LETTERS, min_size=1, max_size=64))
def test_the_store_hash_is_parsed(requested_hash: str) -> None:
    parsed = parse_store_hash(f"stores/{requested_hash}")

    assert parsed == requested_hash


@given(
    start=st.sampled_from(["", "stores", "stores/", "store/", "/stores/"]),
    rest=st.text() | st.text(LETTERS + "/\n"),
)
def test_only_stores_and_a_hash_parse(start: str, rest: str) -> None:
    context = f"{start}{rest}"

    parsed = parses(context)

    word, _, requested_hash = context.partition("/")
    is_hash = 1 <= len(requested_hash) <= 64 and set(requested_hash) <= set(LETTERS)
    assert parsed == (word == "stores" and is_hash)


def parses(context: object) -> bool:
    try:
        parse_store_hash(context)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "context",
    [
        pytest.param("", id="empty"),
        pytest.param("harbour1", id="hash alone"),
        pytest.param("stores/", id="no hash"),
        pytest.param("store/harbour1", id="store"),
        pytest.param("Stores/harbour1", id="upper-case word"),
        pytest.param("stores/HARBOUR1", id="upper-case hash"),
        pytest.param("/stores/harbour1", id="slash before"),
        pytest.param("stores/harbour1/", id="slash after"),
        pytest.param("stores/harbour1/v2", id="path after"),
        pytest.param("stores/../harbour1", id="dots"),
        pytest.param("stores/harbour1\n", id="line break after"),
        pytest.param(" stores/harbour1", id="space before"),
        pytest.param("stores/harbour1?a", id="query"),
        pytest.param("stores/harbour１", id="digit not ASCII"),
        pytest.param("stores/" + "a" * 65, id="too long"),
        pytest.param(None, id="null"),
        pytest.param(1, id="number"),
        pytest.param(["stores/harbour1"], id="list"),
        pytest.param(b"stores/harbour1", id="bytes"),
    ],
)
def test_other_contexts_are_refused(context: object) -> None:
    with pytest.raises(ValueError, match="not of the form stores/<hash>"):
        parse_store_hash(context)
