"""Settings: what is accepted, and the one message that lists every fault without values."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import URL

from bcapp.config import Config, ConfigError
from bcapp.database import CHECKOUT
from tests import make

HEADLINE = "The settings are not right; nothing was started."
REQUIRED = (
    "BIGCOMMERCE_CLIENT_ID",
    "BIGCOMMERCE_CLIENT_SECRET",
    "APP_URL",
    "SESSION_KEYS",
    "ENCRYPTION_KEYS",
)
OPTIONAL = (
    "DATABASE_URL",
    "BIGCOMMERCE_LOGIN_URL",
    "BIGCOMMERCE_API_URL",
    "BIGCOMMERCE_FRAME_ANCESTORS",
    "BIGCOMMERCE_TIME_BUDGET",
    "METRICS_TOKEN",
    "RATE_LIMIT_STORAGE_URL",
    "TRUSTED_PROXIES",
    "LOG_LEVEL",
    "SUPPORT_URL",
    "HELP_URL",
    "BIND",
    "WEB_CONCURRENCY",
    "WEB_THREADS",
)
WITH_AN_ORIGIN = ("APP_URL", "BIGCOMMERCE_LOGIN_URL", "BIGCOMMERCE_API_URL")
WITH_A_PAGE = ("SUPPORT_URL", "HELP_URL", "BIGCOMMERCE_SDK_URL")

NOT_AN_ADDRESS = "is not a web address (https://…)"
UNREADABLE_ADDRESS = "is not a web address"
NEEDS_HTTPS = "needs https; plain http is accepted for this machine only"
HOLDS_A_PERSON = "must not contain a user name or password"
MORE_THAN_A_HOST = "must end after the host name: no path and no trailing slash"
NOT_AN_ID = "String should match pattern '^[A-Za-z0-9_-]{1,128}$'"
SECRET_TOO_SHORT = "is too short to be a client secret of BigCommerce"
TOO_MANY_SECRETS = "holds more than two secrets: the newest and the one it replaces"
KEY_TOO_SHORT = "needs 32 characters or more in each key"
KEY_IS_THE_SECRET = "must not be the client secret"
NOT_A_FERNET_KEY = (
    "holds a key that is not 32 bytes in URL-safe base64; make one with: python -c "
    "'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
)
NOT_A_DATABASE = "is not a database address that can be opened here"
NOT_AN_ANCESTOR = "holds something that is not an origin such as https://*.example.com"
ANCESTOR_NEEDS_HTTPS = "holds a plain http origin; only this machine may use http"
NOT_WHOLE = "Input should be a valid integer, unable to parse string as an integer"
NOT_A_STORAGE = "is neither memory:// nor redis://host:port (rediss:// with TLS)"
NOT_A_PLACE = "is not an address to listen on, such as 127.0.0.1:8000 or unix:/path"
TOO_FEW_THREADS = (
    "has to be more than BIGCOMMERCE_CONCURRENCY, or nobody is left for launches and callbacks "
    "while BigCommerce is slow"
)
NOT_A_LEVEL = "Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"


def message_for(environ: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as refused:
        Config.load(environ)
    return str(refused.value)


def test_every_setting_is_parsed() -> None:
    environ = make.environ(
        APP_URL="https://carriers.example:8443",
        DATABASE_URL="sqlite:////var/lib/bcapp.sqlite3",
        BIGCOMMERCE_FRAME_ANCESTORS="https://*.example.com:8443  http://localhost:5000",
        BIGCOMMERCE_TIME_BUDGET="12.5",
        RATE_LIMIT_STORAGE_URL="rediss://:hush@redis.example:6380",
        TRUSTED_PROXIES="2",
        LOG_LEVEL="DEBUG",
        SUPPORT_URL="mailto:help@example.com",
        HELP_URL="https://example.com/help?topic=carriers#start",
        BIND="unix:/run/bcapp.socket",
        WEB_CONCURRENCY="4",
        WEB_THREADS="180",
    )

    config = Config.load(environ)

    assert config.bigcommerce_client_id == make.CLIENT_ID
    assert config.bigcommerce_client_secret == (SecretStr(make.CLIENT_SECRET),)
    assert config.app_url == "https://carriers.example:8443"
    assert config.redirect_uri == "https://carriers.example:8443/auth"
    assert config.session_keys == (SecretStr(make.SESSION_KEY),)
    assert config.encryption_keys == (SecretStr(make.ENCRYPTION_KEY),)
    assert config.database_url == URL.create("sqlite", database="/var/lib/bcapp.sqlite3")
    assert config.bigcommerce_login_url == "https://login.invalid"
    assert config.bigcommerce_api_url == "https://api.invalid"
    assert config.bigcommerce_frame_ancestors == (
        "https://*.example.com:8443",
        "http://localhost:5000",
    )
    assert config.bigcommerce_time_budget == 12.5
    assert config.rate_limit_storage_url == SecretStr("rediss://:hush@redis.example:6380")
    assert config.trusted_proxies == 2
    assert config.log_level == "DEBUG"
    assert config.support_url == "mailto:help@example.com"
    assert config.help_url == "https://example.com/help?topic=carriers#start"
    assert config.bind == "unix:/run/bcapp.socket"
    assert (config.web_concurrency, config.web_threads) == (4, 180)


def test_five_settings_are_enough_and_the_others_have_defaults() -> None:
    environ = make.environ(**dict.fromkeys(OPTIONAL))

    config = Config.load(environ)

    assert set(environ) == set(REQUIRED)
    assert config.database_url == URL.create(
        "sqlite", database=str(CHECKOUT / "instance" / "bcapp.sqlite3")
    )
    assert config.bigcommerce_login_url == "https://login.bigcommerce.com"
    assert config.bigcommerce_api_url == "https://api.bigcommerce.com"
    assert config.bigcommerce_frame_ancestors == (
        "https://*.mybigcommerce.com",
        "https://*.bigcommerce.com",
    )
    assert config.trusted_proxies == 0
    assert config.log_level == "INFO"
    assert config.support_url is None
    assert config.help_url is None
    assert config.bind == "127.0.0.1:8000"
    assert (config.web_concurrency, config.web_threads) == (2, 160)


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_empty_variable_counts_as_not_set(name: str) -> None:
    config = make.config(**{name: ""})

    assert config == make.config(**{name: None})


@pytest.mark.parametrize(
    ("login", "given", "address", "origin"),
    [
        pytest.param(
            None,
            None,
            "https://cdn.bigcommerce.com/jssdk/bc-sdk.js",
            "https://cdn.bigcommerce.com",
            id="the real BigCommerce",
        ),
        pytest.param(None, "", "", "", id="switched off"),
        pytest.param("http://localhost:8000", None, "", "", id="the sandbox"),
        pytest.param(
            "http://localhost:8000",
            "http://localhost:8000/sdk.js",
            "http://localhost:8000/sdk.js",
            "http://localhost:8000",
            id="the sandbox's own",
        ),
    ],
)
def test_the_app_sdk_is_bigcommerces_where_bigcommerce_is_real(
    login: str | None, given: str | None, address: str, origin: str
) -> None:
    config = make.config(BIGCOMMERCE_LOGIN_URL=login, BIGCOMMERCE_SDK_URL=given)

    assert (config.bigcommerce_sdk_url, config.sdk_origin) == (address, origin)


@pytest.mark.parametrize("value", [None, ""], ids=["not set", "empty"])
@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_required_variable_is_a_fault(name: str, value: str | None) -> None:
    message = message_for(make.environ(**{name: value}))

    assert message == f"{HEADLINE}\n  {name}: is missing"


def test_secrets_and_keys_are_lists_newest_first() -> None:
    older_fernet_key = "b2xkZXItb2xkZXItb2xkZXItb2xkZXItb2xkZXItMzI="

    config = make.config(
        BIGCOMMERCE_CLIENT_SECRET=f"newest-client-secret, {make.CLIENT_SECRET}",
        SESSION_KEYS=f"{'n' * 32} ,{'o' * 32}, {'p' * 32}",
        ENCRYPTION_KEYS=f"{make.ENCRYPTION_KEY},{older_fernet_key}",
    )

    assert config.bigcommerce_client_secret == (
        SecretStr("newest-client-secret"),
        SecretStr(make.CLIENT_SECRET),
    )
    assert config.session_keys == (SecretStr("n" * 32), SecretStr("o" * 32), SecretStr("p" * 32))
    assert config.encryption_keys == (SecretStr(make.ENCRYPTION_KEY), SecretStr(older_fernet_key))


def test_the_31_characters_of_an_older_client_secret_are_enough() -> None:
    config = make.config(BIGCOMMERCE_CLIENT_SECRET="s" * 31)

    assert config.bigcommerce_client_secret == (SecretStr("s" * 31),)


@pytest.mark.parametrize(
    ("address", "is_https"),
    [
        pytest.param("https://app.invalid", True, id="https"),
        pytest.param("https://app.invalid:8443", True, id="https with a port"),
        pytest.param("http://localhost:8000", False, id="this machine by name"),
        pytest.param("http://127.0.0.1:8000", False, id="this machine, IPv4"),
        pytest.param("http://[::1]:8000", False, id="this machine, IPv6"),
    ],
)
def test_app_url_must_be_https_or_loopback(address: str, is_https: bool) -> None:
    config = make.config(APP_URL=address)

    assert config.redirect_uri == f"{address}/auth"
    assert config.is_https is is_https


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg"], ids=lambda scheme: scheme
)
def test_every_spelling_of_a_postgresql_url_is_accepted(scheme: str) -> None:
    config = make.config(DATABASE_URL=f"{scheme}://app:p%40ss@db.invalid:5433/carriers")

    assert config.database_url == URL.create(
        "postgresql+psycopg", "app", "p@ss", "db.invalid", 5433, "carriers"
    )


ORIGIN_FAULTS = [
    pytest.param("app.invalid", NOT_AN_ADDRESS, id="no scheme"),
    pytest.param("//app.invalid", NOT_AN_ADDRESS, id="scheme left open"),
    pytest.param("ftp://app.invalid", NOT_AN_ADDRESS, id="other scheme"),
    pytest.param("javascript:alert(1)", NOT_AN_ADDRESS, id="script"),
    pytest.param("https://", NOT_AN_ADDRESS, id="no host"),
    pytest.param("https://:8443", NOT_AN_ADDRESS, id="port alone"),
    pytest.param("https://app.invalid https://b.invalid", NOT_AN_ADDRESS, id="two"),
    pytest.param(" https://app.invalid", NOT_AN_ADDRESS, id="space before"),
    pytest.param("https://app.invalid\n", NOT_AN_ADDRESS, id="line break"),
    pytest.param("https://app.invalid\x00", NOT_AN_ADDRESS, id="NUL"),
    pytest.param("https://[::1", UNREADABLE_ADDRESS, id="bracket left open"),
    pytest.param("https://app.invalid:https", UNREADABLE_ADDRESS, id="port in letters"),
    pytest.param("https://app.invalid:65536", UNREADABLE_ADDRESS, id="port too large"),
    pytest.param("http://app.invalid", NEEDS_HTTPS, id="http elsewhere"),
    pytest.param("HTTP://app.invalid", NEEDS_HTTPS, id="HTTP elsewhere"),
    pytest.param("http://localhost.invalid", NEEDS_HTTPS, id="http, host like this machine"),
    pytest.param("https://ann@app.invalid", HOLDS_A_PERSON, id="user name"),
    pytest.param("https://:hush@app.invalid", HOLDS_A_PERSON, id="password"),
    pytest.param("https://app.invalid/", MORE_THAN_A_HOST, id="trailing slash"),
    pytest.param("https://app.invalid/carriers", MORE_THAN_A_HOST, id="path"),
    pytest.param("https://app.invalid?a=b", MORE_THAN_A_HOST, id="query"),
    pytest.param("https://app.invalid#top", MORE_THAN_A_HOST, id="fragment"),
]


@pytest.mark.parametrize("name", WITH_AN_ORIGIN)
@pytest.mark.parametrize(("value", "said"), ORIGIN_FAULTS)
def test_a_base_address_must_be_an_origin(name: str, value: str, said: str) -> None:
    message = message_for(make.environ(**{name: value}))

    assert message == f"{HEADLINE}\n  {name}: {said}"


@pytest.mark.parametrize("name", WITH_A_PAGE)
@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param("example.com/help", NOT_AN_ADDRESS, id="no scheme"),
        pytest.param("javascript:alert(1)", NOT_AN_ADDRESS, id="script"),
        pytest.param("data:text/html,hello", NOT_AN_ADDRESS, id="data"),
        pytest.param("mailto:", NOT_AN_ADDRESS, id="no mailbox"),
        pytest.param("mailto:help", NOT_AN_ADDRESS, id="mailbox without a host"),
        pytest.param("mailto:help@example.com other", NOT_AN_ADDRESS, id="mailbox and more"),
        pytest.param("http://example.com/help", NEEDS_HTTPS, id="http elsewhere"),
        pytest.param("https://ann:hush@example.com", HOLDS_A_PERSON, id="user and password"),
    ],
)
def test_support_and_help_urls_must_be_safe_links(name: str, value: str, said: str) -> None:
    message = message_for(make.environ(**{name: value}))

    assert message == f"{HEADLINE}\n  {name}: {said}"


S16, K32 = "s" * 16, "k" * 32


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        pytest.param("BIGCOMMERCE_CLIENT_ID", "two words", NOT_AN_ID, id="id, space"),
        pytest.param("BIGCOMMERCE_CLIENT_ID", "abc\n", NOT_AN_ID, id="id, line break"),
        pytest.param("BIGCOMMERCE_CLIENT_ID", "abc/def", NOT_AN_ID, id="id, slash"),
        pytest.param("BIGCOMMERCE_CLIENT_ID", "ÄÖÜ", NOT_AN_ID, id="id, not ASCII"),
        pytest.param("BIGCOMMERCE_CLIENT_ID", "a" * 129, NOT_AN_ID, id="id, too long"),
        pytest.param("BIGCOMMERCE_CLIENT_SECRET", "s" * 15, SECRET_TOO_SHORT, id="secret, weak"),
        pytest.param("BIGCOMMERCE_CLIENT_SECRET", " ", "is missing", id="secret, blank"),
        pytest.param(
            "BIGCOMMERCE_CLIENT_SECRET", f"{S16},{S16[1:]}", SECRET_TOO_SHORT, id="older one weak"
        ),
        pytest.param(
            "BIGCOMMERCE_CLIENT_SECRET", f"{S16},", SECRET_TOO_SHORT, id="secret, comma at the end"
        ),
        pytest.param(
            "BIGCOMMERCE_CLIENT_SECRET", f"{S16},{S16},{S16}", TOO_MANY_SECRETS, id="three secrets"
        ),
        pytest.param("SESSION_KEYS", "k" * 31, KEY_TOO_SHORT, id="session key, weak"),
        pytest.param("SESSION_KEYS", f"{K32},{K32[1:]}", KEY_TOO_SHORT, id="older key weak"),
        pytest.param("SESSION_KEYS", f"{K32},", KEY_TOO_SHORT, id="keys, comma at the end"),
        pytest.param(
            "SESSION_KEYS", make.CLIENT_SECRET, KEY_IS_THE_SECRET, id="key is the client secret"
        ),
        pytest.param(
            "SESSION_KEYS",
            f"{K32}, {make.CLIENT_SECRET}",
            KEY_IS_THE_SECRET,
            id="older key is the client secret",
        ),
        pytest.param("ENCRYPTION_KEYS", "z" * 32, NOT_A_FERNET_KEY, id="key of 24 bytes"),
        pytest.param("ENCRYPTION_KEYS", "z" * 43, NOT_A_FERNET_KEY, id="key, padding lost"),
        pytest.param("ENCRYPTION_KEYS", "ü" * 44, NOT_A_FERNET_KEY, id="key, not ASCII"),
        pytest.param(
            "ENCRYPTION_KEYS", f"{make.ENCRYPTION_KEY},older", NOT_A_FERNET_KEY, id="older key bad"
        ),
        pytest.param(
            "ENCRYPTION_KEYS", f"{make.ENCRYPTION_KEY},", NOT_A_FERNET_KEY, id="comma at the end"
        ),
        pytest.param("DATABASE_URL", "bcapp.sqlite3", NOT_A_DATABASE, id="a file name"),
        pytest.param("DATABASE_URL", "oracle9i://db/x", NOT_A_DATABASE, id="database unknown"),
        pytest.param("DATABASE_URL", "mysql://db/x", NOT_A_DATABASE, id="driver not installed"),
        pytest.param("DATABASE_URL", "postgres://db:port/x", NOT_A_DATABASE, id="database port"),
        pytest.param(
            "BIGCOMMERCE_TIME_BUDGET",
            "soon",
            "Input should be a valid number, unable to parse string as a number",
            id="budget, a word",
        ),
        pytest.param(
            "BIGCOMMERCE_TIME_BUDGET",
            "0.1",
            "Input should be greater than or equal to 0.2",
            id="budget, too short",
        ),
        pytest.param(
            "BIGCOMMERCE_TIME_BUDGET",
            "61",
            "Input should be less than or equal to 60",
            id="budget, too long",
        ),
        pytest.param(
            "BIGCOMMERCE_TIME_BUDGET",
            "nan",
            "Input should be less than or equal to 60",
            id="budget, no number",
        ),
        pytest.param("RATE_LIMIT_STORAGE_URL", "here", NOT_A_STORAGE, id="storage, a word"),
        pytest.param("RATE_LIMIT_STORAGE_URL", "http://a:1", NOT_A_STORAGE, id="storage, http"),
        pytest.param("RATE_LIMIT_STORAGE_URL", "redis://", NOT_A_STORAGE, id="storage, no host"),
        pytest.param("RATE_LIMIT_STORAGE_URL", "redis://a:b", NOT_A_STORAGE, id="storage, port"),
        pytest.param("TRUSTED_PROXIES", "one", NOT_WHOLE, id="proxies, a word"),
        pytest.param("TRUSTED_PROXIES", "1.5", NOT_WHOLE, id="proxies, a fraction"),
        pytest.param(
            "TRUSTED_PROXIES",
            "-1",
            "Input should be greater than or equal to 0",
            id="proxies, negative",
        ),
        pytest.param(
            "TRUSTED_PROXIES",
            "11",
            "Input should be less than or equal to 10",
            id="proxies, too many",
        ),
        pytest.param("BIND", "nobody", NOT_A_PLACE, id="place, a word"),
        pytest.param("BIND", "127.0.0.1:http", NOT_A_PLACE, id="place, port in letters"),
        pytest.param("BIND", "127.0.0.1:65536", NOT_A_PLACE, id="place, port too high"),
        pytest.param("BIND", "unix:bcapp.socket", NOT_A_PLACE, id="place, no whole path"),
        pytest.param("WEB_CONCURRENCY", "two", NOT_WHOLE, id="processes, a word"),
        pytest.param(
            "WEB_CONCURRENCY",
            "0",
            "Input should be greater than or equal to 1",
            id="processes, none",
        ),
        pytest.param("WEB_THREADS", "many", NOT_WHOLE, id="threads, a word"),
        pytest.param("WEB_THREADS", "144", TOO_FEW_THREADS, id="threads, all may wait"),
        pytest.param("LOG_LEVEL", "LOUD", NOT_A_LEVEL, id="log level unknown"),
        pytest.param(
            "METRICS_TOKEN", "m" * 31, "needs 32 characters or more", id="metrics token, short"
        ),
        pytest.param(
            "METRICS_TOKEN",
            "m" * 20 + " " + "m" * 20,
            "holds something that cannot stand in a header",
            id="metrics token, a space",
        ),
    ],
)
def test_a_faulty_value_is_reported_by_name(name: str, value: str, said: str) -> None:
    message = message_for(make.environ(**{name: value}))

    assert message == f"{HEADLINE}\n  {name}: {said}"


@pytest.mark.parametrize(
    "place", ["0.0.0.0:8000", "[::]:8000", "app.internal:8000", "unix:/run/app.socket", "fd://3"]
)
def test_valid_bind_addresses_are_accepted(place: str) -> None:
    assert make.config(BIND=place).bind == place


@pytest.mark.parametrize(
    ("waiting", "threads", "is_fine"),
    [("159", None, True), ("160", None, False), ("2", "3", True), ("3", "3", False)],
)
def test_threads_must_exceed_the_concurrency_limit(
    waiting: str, threads: str | None, is_fine: bool
) -> None:
    environ = make.environ(BIGCOMMERCE_CONCURRENCY=waiting, WEB_THREADS=threads)

    if is_fine:
        Config.load(environ)
    else:
        assert f"\n  WEB_THREADS: {TOO_FEW_THREADS}" in message_for(environ)


@pytest.mark.parametrize(
    ("ancestors", "said"),
    [
        pytest.param("*", NOT_AN_ANCESTOR, id="everybody"),
        pytest.param("https://*", NOT_AN_ANCESTOR, id="everybody over https"),
        pytest.param("https:", NOT_AN_ANCESTOR, id="scheme alone"),
        pytest.param("'self'", NOT_AN_ANCESTOR, id="a keyword"),
        pytest.param("data:", NOT_AN_ANCESTOR, id="other scheme"),
        pytest.param("https://store-*.example.com", NOT_AN_ANCESTOR, id="wildcard in a label"),
        pytest.param("https://a.*.example.com", NOT_AN_ANCESTOR, id="wildcard in the middle"),
        pytest.param("https://*.*.example.com", NOT_AN_ANCESTOR, id="two wildcards"),
        pytest.param("https://example.*", NOT_AN_ANCESTOR, id="wildcard at the end"),
        pytest.param("https://example.com;", NOT_AN_ANCESTOR, id="semicolon"),
        pytest.param("https://example.com; script-src *", NOT_AN_ANCESTOR, id="a directive"),
        pytest.param("https://a.example,https://b.example", NOT_AN_ANCESTOR, id="comma"),
        pytest.param("https://example.com/", NOT_AN_ANCESTOR, id="trailing slash"),
        pytest.param("https://example.com/panel", NOT_AN_ANCESTOR, id="path"),
        pytest.param("https://example.com:port", NOT_AN_ANCESTOR, id="port in letters"),
        pytest.param("https://ok.example bad", NOT_AN_ANCESTOR, id="second one bad"),
        pytest.param("http://example.com", ANCESTOR_NEEDS_HTTPS, id="http elsewhere"),
        pytest.param("http://*.localhost", ANCESTOR_NEEDS_HTTPS, id="http, below this machine"),
    ],
)
def test_frame_ancestors_that_browsers_ignore_are_refused(ancestors: str, said: str) -> None:
    message = message_for(make.environ(BIGCOMMERCE_FRAME_ANCESTORS=ancestors))

    assert message == f"{HEADLINE}\n  BIGCOMMERCE_FRAME_ANCESTORS: {said}"


@pytest.mark.parametrize(
    "ancestor",
    ["https://example.com", "https://*.example.com", "https://example.com:8443",
     "https://example.com:*", "http://localhost:5000", "http://127.0.0.1"],
)  # fmt: skip
def test_valid_frame_ancestors_are_accepted(ancestor: str) -> None:
    config = make.config(BIGCOMMERCE_FRAME_ANCESTORS=ancestor)

    assert config.bigcommerce_frame_ancestors == (ancestor,)


def test_one_message_lists_every_fault_once() -> None:
    environ = dict.fromkeys((*REQUIRED, *OPTIONAL), "?")

    message = message_for(environ)

    assert message.splitlines() == [
        HEADLINE,
        f"  BIGCOMMERCE_CLIENT_ID: {NOT_AN_ID}",
        f"  BIGCOMMERCE_CLIENT_SECRET: {SECRET_TOO_SHORT}",
        f"  APP_URL: {NOT_AN_ADDRESS}",
        f"  SESSION_KEYS: {KEY_TOO_SHORT}",
        f"  ENCRYPTION_KEYS: {NOT_A_FERNET_KEY}",
        f"  DATABASE_URL: {NOT_A_DATABASE}",
        f"  BIGCOMMERCE_LOGIN_URL: {NOT_AN_ADDRESS}",
        f"  BIGCOMMERCE_API_URL: {NOT_AN_ADDRESS}",
        f"  BIGCOMMERCE_FRAME_ANCESTORS: {NOT_AN_ANCESTOR}",
        "  BIGCOMMERCE_TIME_BUDGET: Input should be a valid number, unable to parse string as a "
        "number",
        "  METRICS_TOKEN: needs 32 characters or more",
        f"  RATE_LIMIT_STORAGE_URL: {NOT_A_STORAGE}",
        f"  TRUSTED_PROXIES: {NOT_WHOLE}",
        f"  LOG_LEVEL: {NOT_A_LEVEL}",
        f"  SUPPORT_URL: {NOT_AN_ADDRESS}",
        f"  HELP_URL: {NOT_AN_ADDRESS}",
        f"  BIND: {NOT_A_PLACE}",
        f"  WEB_CONCURRENCY: {NOT_WHOLE}",
        f"  WEB_THREADS: {NOT_WHOLE}",
    ]


def test_an_empty_environment_reports_every_required_variable() -> None:
    message = message_for({})

    assert message.splitlines() == [HEADLINE, *(f"  {name}: is missing" for name in REQUIRED)]


@pytest.mark.parametrize("name", [*REQUIRED, *OPTIONAL])
@given(start=st.sampled_from(["", "https://", "postgres://ann:"]), rest=st.text())
def test_the_message_never_repeats_a_value(name: str, start: str, rest: str) -> None:
    # Two faults, so that one is left whichever of the two variables is replaced.
    faults = {"LOG_LEVEL": "zq7zq7", "HELP_URL": "zq7zq7"}

    message = message_for(make.environ(**faults | {name: f"{start}zq7zq7{rest}"}))

    assert "zq7" not in message


def test_a_printed_config_shows_no_secret() -> None:
    config = make.config(
        BIGCOMMERCE_CLIENT_SECRET=f"{make.CLIENT_SECRET},older-client-secret",
        DATABASE_URL="postgres://app:hush-database@db.invalid/carriers",
        METRICS_TOKEN="hush-numbers" * 3,
    )

    printed = f"{config!r} {config} {config.database_url}"

    assert "db.invalid" in printed
    assert make.CLIENT_SECRET not in printed
    assert "older-client-secret" not in printed
    assert make.SESSION_KEY not in printed
    assert make.ENCRYPTION_KEY not in printed
    assert "hush-database" not in printed
    assert "hush-numbers" not in printed


FAULTY = make.environ(APP_URL="http://app.invalid", SESSION_KEYS="too-weak-to-be-a-key")
MESSAGE = f"{HEADLINE}\n  APP_URL: {NEEDS_HTTPS}\n  SESSION_KEYS: {KEY_TOO_SHORT}\n"


def run(*command: str, folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**environ, "PYTHONPATH": str(CHECKOUT)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,  # so that a server that restarts its workers for ever fails here
    )


def test_a_bad_environment_stops_the_app_with_one_message(tmp_path: Path) -> None:
    ended = run("-c", "import app", folder=tmp_path, environ=FAULTY)

    assert ended.returncode == 1
    assert ended.stderr == MESSAGE
    assert ended.stdout == ""


def test_the_environment_overrides_the_env_file(tmp_path: Path) -> None:
    lines = [f"{name}={value}" for name, value in FAULTY.items() if name != "BIGCOMMERCE_CLIENT_ID"]
    (tmp_path / ".env").write_text("\n".join([*lines, "TRUSTED_PROXIES="]))

    ended = run(
        "-c",
        "import app",
        folder=tmp_path,
        environ={"SESSION_KEYS": make.SESSION_KEY, "TRUSTED_PROXIES": "many"},
    )

    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        HEADLINE,
        "  BIGCOMMERCE_CLIENT_ID: is missing",
        f"  APP_URL: {NEEDS_HTTPS}",
        f"  TRUSTED_PROXIES: {NOT_WHOLE}",
    ]


@pytest.mark.parametrize(
    ("own", "said"),
    [
        pytest.param({}, "", id="of the app"),
        pytest.param({"WEB_THREADS": "many"}, f"  WEB_THREADS: {NOT_WHOLE}\n", id="a word"),
        pytest.param({"WEB_THREADS": "144"}, f"  WEB_THREADS: {TOO_FEW_THREADS}\n", id="too few"),
        pytest.param({"BIND": "nobody"}, f"  BIND: {NOT_A_PLACE}\n", id="nowhere"),
    ],
)
def test_gunicorn_exits_and_reports_all_faults_once(own: dict[str, str], said: str) -> None:
    ended = run("-m", "gunicorn", "app:app", folder=CHECKOUT, environ=FAULTY | own)

    assert ended.returncode == 1
    assert ended.stderr == MESSAGE + said
    assert ended.stdout == ""


def test_a_reload_keeps_the_settings_of_the_start(tmp_path: Path) -> None:
    """The file may have been edited since: HUP must not end the service over it."""
    code = "from bcapp.config import load_process_config as ask; ask(); " + (
        "open('.env', 'w').write('BIND=nobody'); print(ask().bind)"
    )

    ended = run("-c", code, folder=tmp_path, environ=make.environ())

    assert (ended.stdout, ended.stderr) == ("127.0.0.1:8000\n", "")


@pytest.mark.parametrize(
    "address",
    [
        "HTTPS://app.invalid",
        "https://app.invalid?",
        "https://app.invalid#",
        "https://app.invalid:",
        "https://app.invalid:0",
        "https://@app.invalid",
        "https://app.invalid\\evil",
        "https://app;x",
        "https://*.invalid",
    ],
)
def test_a_url_with_a_trailing_control_character_is_refused(address: str) -> None:
    with pytest.raises(ConfigError):
        make.config(APP_URL=address)


def test_a_session_key_equal_to_the_client_secret_is_reported() -> None:
    secret = "s" * 40

    with pytest.raises(ConfigError) as caught:
        make.config(BIGCOMMERCE_CLIENT_SECRET=f"{secret},b,c", SESSION_KEYS=secret)

    assert "BIGCOMMERCE_CLIENT_SECRET: " in str(caught.value)
    assert "SESSION_KEYS: must not be the client secret" in str(caught.value)


def test_a_password_in_the_query_of_the_database_address_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        make.config(DATABASE_URL="postgresql://h/d?password=hunter2")

    assert "hunter2" not in str(caught.value)
