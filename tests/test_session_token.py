"""Session tokens: unaltered, valid for 60 minutes and for 24 hours after the launch at most."""

import hashlib
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer
from pydantic import SecretStr

from bcapp.session_token import EmbeddedSession, InvalidSession, SessionTokens
from tests import make

NEWEST, OLDER = SecretStr(make.SESSION_KEY), SecretStr("older-session-key-" + "o" * 16)
LAUNCH = datetime(2026, 11, 22, 9, 30, 15, 250_000, tzinfo=UTC)
SESSION = EmbeddedSession("harbour1", 12, LAUNCH, epoch=7)


@pytest.fixture
def tokens() -> SessionTokens:
    return SessionTokens([NEWEST])


def signed(content: object, salt: str = "bcapp.session") -> str:
    """Sign other content, or with another salt."""
    serializer = URLSafeSerializer(
        make.SESSION_KEY,
        salt=salt,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
    return str(serializer.dumps(content))


@given(
    store_hash=st.text(string.ascii_lowercase + string.digits, min_size=1),
    user_id=st.integers(1, 2**63 - 1),
    later=st.timedeltas(timedelta(0), timedelta(days=70 * 365)),
    age=st.timedeltas(timedelta(0), timedelta(minutes=60) - timedelta(microseconds=1)),
)
def test_a_token_round_trips(
    store_hash: str, user_id: int, later: timedelta, age: timedelta
) -> None:
    tokens = SessionTokens([NEWEST])
    session = EmbeddedSession(
        store_hash, user_id, LAUNCH + later, epoch=later // timedelta(microseconds=1)
    )
    token = tokens.issue(session, session.launched_at)

    read = tokens.verify(token, session.launched_at + age)

    assert read == session


def test_a_token_altered_anywhere_is_refused(tokens: SessionTokens) -> None:
    token = tokens.issue(SESSION, LAUNCH)

    accepted = [altered for altered in alterations(token) if is_read(tokens, altered)]

    assert is_read(tokens, token)
    assert accepted == []


def alterations(token: str) -> Iterator[str]:
    """Yield the token with each position changed, extended or removed, and truncated."""
    letters = string.ascii_letters + string.digits + "-_.=+/ \né"
    for at in range(len(token)):
        yield token[:at]
        yield token[:at] + token[at + 1 :]
        yield from (
            token[:at] + letter + token[at + 1 :] for letter in letters.replace(token[at], "")
        )
        yield from (token[:at] + letter + token[at:] for letter in letters)
    yield from (token + letter for letter in letters)


def is_read(tokens: SessionTokens, token: str) -> bool:
    try:
        tokens.verify(token, LAUNCH)
    except InvalidSession:
        return False
    return True


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param(".", id="dot"),
        pytest.param("...", id="dots"),
        pytest.param("harbour1", id="no signature"),
        pytest.param("éé.éé", id="not ASCII"),
        pytest.param("\ud800.\ud800", id="lone surrogates"),
    ],
)
def test_malformed_tokens_are_refused(tokens: SessionTokens, token: str) -> None:
    with pytest.raises(InvalidSession):
        tokens.verify(token, LAUNCH)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="nothing"),
        pytest.param("harbour1", id="a text"),
        pytest.param(["harbour1", 12, 7, LAUNCH.timestamp()], id="a time missing"),
        pytest.param(["harbour1", 12, 7, *[LAUNCH.timestamp()] * 3], id="a time too many"),
        pytest.param(["harbour1", 12, 7, "launched", "issued"], id="times in words"),
        pytest.param(["harbour1", 12, 7, None, None], id="times null"),
        pytest.param(["harbour1", 12, 7, 1e30, 1e30], id="times beyond the calendar"),
        pytest.param(["harbour1", 12, 7, float("inf"), float("inf")], id="times infinite"),
        pytest.param(["harbour1", 12, 7, float("nan"), float("nan")], id="times not a number"),
    ],
)
def test_signed_content_of_another_shape_is_refused(tokens: SessionTokens, content: object) -> None:
    with pytest.raises(InvalidSession):
        tokens.verify(signed(content), LAUNCH)


def test_a_token_signed_for_another_purpose_is_refused(tokens: SessionTokens) -> None:
    content = ["harbour1", 12, 7, LAUNCH.timestamp(), LAUNCH.timestamp()]

    with pytest.raises(InvalidSession):
        tokens.verify(signed(content, salt="bcapp.other"), LAUNCH)

    assert tokens.verify(signed(content), LAUNCH) == SESSION


def test_a_token_is_good_for_almost_60_minutes(tokens: SessionTokens) -> None:
    token = tokens.issue(SESSION, LAUNCH)

    read = tokens.verify(token, LAUNCH + timedelta(minutes=60) - timedelta(microseconds=1))

    assert read == SESSION


@pytest.mark.parametrize("age", [timedelta(minutes=60), timedelta(days=400)], ids=str)
def test_a_token_ends_after_60_minutes(tokens: SessionTokens, age: timedelta) -> None:
    token = tokens.issue(SESSION, LAUNCH)

    with pytest.raises(InvalidSession):
        tokens.verify(token, LAUNCH + age)


def renewed_all_day(tokens: SessionTokens) -> str:
    """A token renewed all day, last 40 minutes before the 24 hours end."""
    token = tokens.issue(SESSION, LAUNCH)
    for minutes in range(50, 24 * 60, 50):
        now = LAUNCH + timedelta(minutes=minutes)
        token = tokens.issue(tokens.verify(token, now), now)
    return token


def test_a_renewed_session_lasts_almost_24_hours(tokens: SessionTokens) -> None:
    token = renewed_all_day(tokens)

    read = tokens.verify(token, LAUNCH + timedelta(hours=24) - timedelta(microseconds=1))

    assert read == SESSION


def test_no_renewal_exceeds_24_hours(tokens: SessionTokens) -> None:
    token = renewed_all_day(tokens)

    with pytest.raises(InvalidSession):
        tokens.verify(token, LAUNCH + timedelta(hours=24))


def test_a_token_of_an_older_key_is_valid() -> None:
    token = SessionTokens([OLDER]).issue(SESSION, LAUNCH)

    read = SessionTokens([NEWEST, OLDER]).verify(token, LAUNCH)

    assert read == SESSION


def test_the_newest_key_signs() -> None:
    token = SessionTokens([NEWEST, OLDER]).issue(SESSION, LAUNCH)

    read = SessionTokens([NEWEST]).verify(token, LAUNCH)

    assert read == SESSION


def test_a_token_of_a_retired_key_is_refused(tokens: SessionTokens) -> None:
    token = SessionTokens([OLDER]).issue(SESSION, LAUNCH)

    with pytest.raises(InvalidSession):
        tokens.verify(token, LAUNCH)
