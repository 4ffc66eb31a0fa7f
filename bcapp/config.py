"""Load and validate the settings from the environment; report all faults together."""

import functools
import os
import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import limits
from cryptography.fernet import Fernet
from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from sqlalchemy import URL

from bcapp import database

LOGIN_URL = "https://login.bigcommerce.com"
SDK_URL = "https://cdn.bigcommerce.com/jssdk/bc-sdk.js"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_HOST = re.compile(r"::1|(?:[a-z0-9-]+\.)*[a-z0-9-]+", re.ASCII)
# BigCommerce's older secrets have 31 characters.
MIN_CLIENT_SECRET_LENGTH = 16
MIN_SESSION_KEY_LENGTH = 32
MIN_METRICS_TOKEN_LENGTH = 32


class ConfigError(Exception):
    """All faults of the environment, one line each, by variable name and without values."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        lines = [f"  {name}: {message}" for name, message in faults.items()]
        super().__init__("The settings are not right; nothing was started.\n" + "\n".join(lines))
        self.faults = dict(faults)


def read_environment() -> dict[str, str]:
    """Merge the environment over the `.env` file of the current folder."""
    return {**{k: v or "" for k, v in dotenv_values(".env").items()}, **os.environ}


def _listening_address(text: str) -> str:
    match = re.fullmatch(
        r"unix:/.+|fd://[0-9]+|(?:\[[0-9a-fA-F:.]+\]|[\w.-]*):(?P<port>[0-9]{1,5})", text, re.ASCII
    )
    if match is None or int(match["port"] or 0) > 65535:
        raise ValueError("is not an address to listen on, such as 127.0.0.1:8000 or unix:/path")
    return text


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is not a web address") from None
    host = parts.hostname or ""
    is_plain = text.isascii() and text.isprintable() and " " not in text
    if (
        not is_plain
        or parts.scheme not in {"https", "http"}
        or port == 0
        or (not _HOST.fullmatch(host))
    ):
        raise ValueError("is not a web address (https://…)")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise ValueError("needs https; plain http is accepted for this machine only")
    if "@" in parts.netloc:
        raise ValueError("must not contain a user name or password")
    return text


def _origin(text: str) -> str:
    parts = urlsplit(_web_address(text))
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port is None else f":{parts.port}"
    if text != f"{parts.scheme}://{host}{port}":
        raise ValueError("must end after the host name: no path and no trailing slash")
    return text


def _page_or_mailbox(text: str) -> str:
    return text if re.fullmatch(r"mailto:[^\s@]+@[^\s@]+", text) else _web_address(text)


def _frame_ancestor(text: str) -> str:
    # Browsers accept a wildcard only for whole leftmost labels and silently ignore anything else.
    pattern = r"(https?)://((?:\*\.)?(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]+)(?::(?:[0-9]{1,5}|\*))?"
    match = re.fullmatch(pattern, text)
    if match is None:
        raise ValueError("holds something that is not an origin such as https://*.example.com")
    if match[1] == "http" and match[2] not in LOOPBACK:
        raise ValueError("holds a plain http origin; only this machine may use http")
    return text


def _fernet_key(key: SecretStr) -> SecretStr:
    try:
        Fernet(key.get_secret_value())
    except ValueError:
        raise ValueError(
            "holds a key that is not 32 bytes in URL-safe base64; make one with: python -c "
            "'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
        ) from None
    return key


def _rate(text: str) -> str:
    try:
        limits.parse(text)
    except ValueError:
        raise ValueError("is not a rate such as 20/minute") from None
    return text


def _storage(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    try:
        parts = urlsplit(text)
        is_redis = parts.scheme in {"redis", "rediss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_redis = False
    if not is_redis and text != "memory://":
        raise ValueError("is neither memory:// nor redis://host:port (rediss:// with TLS)")
    return url


Origin = Annotated[str, AfterValidator(_origin)]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_split)]


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)

    bigcommerce_client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
    bigcommerce_client_secret: Secrets
    app_url: Origin
    session_keys: Secrets
    encryption_keys: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(_fernet_key)], ...], BeforeValidator(_split)
    ]
    database_url: Annotated[URL, BeforeValidator(lambda text: database.parse_url(str(text)))] = (
        Field(default=database.DEFAULT_URL, validate_default=True)
    )
    # Seconds that PostgreSQL may take for one statement or lock.
    database_time_limit: Annotated[float, Field(ge=1, le=60)] = 15
    bigcommerce_login_url: Origin = LOGIN_URL
    bigcommerce_api_url: Origin = "https://api.bigcommerce.com"
    bigcommerce_frame_ancestors: Annotated[
        tuple[Annotated[str, AfterValidator(_frame_ancestor)], ...],
        BeforeValidator(lambda text: text.split() if isinstance(text, str) else text),
        Field(min_length=1),
    ] = ("https://*.mybigcommerce.com", "https://*.bigcommerce.com")
    # BigCommerce's App SDK, which reports log-outs to the page; `load` sets the default.
    bigcommerce_sdk_url: Annotated[str, AfterValidator(_web_address)] = ""
    # Seconds that one action may wait for BigCommerce, retries included.
    bigcommerce_time_budget: Annotated[float, Field(ge=0.2, le=60)] = 25
    # Requests of one process that may wait for BigCommerce at once; fewer than its threads, so that
    # launches and callbacks are always answered.
    bigcommerce_concurrency: Annotated[int, Field(ge=1, le=1000)] = 144
    # Installs call BigCommerce before anybody is authenticated. Notation of `limits`.
    install_limit_per_store: Annotated[str, AfterValidator(_rate)] = "20/minute"
    install_limit_per_address: Annotated[str, AfterValidator(_rate)] = "60/minute"
    # Bearer token for /metrics, which is off without one.
    metrics_token: SecretStr | None = None
    # Where installs are counted: per process, or in a shared Redis.
    rate_limit_storage_url: Annotated[SecretStr, AfterValidator(_storage)] = SecretStr("memory://")
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    support_url: Annotated[str, AfterValidator(_page_or_mailbox)] | None = None
    help_url: Annotated[str, AfterValidator(_page_or_mailbox)] | None = None
    # Passed on to gunicorn by gunicorn.conf.py: address, processes, threads of each.
    bind: Annotated[str, AfterValidator(_listening_address)] = "127.0.0.1:8000"
    web_concurrency: Annotated[int, Field(ge=1, le=100)] = 2
    web_threads: Annotated[int, Field(ge=2, le=1000, validate_default=True)] = 160

    @field_validator("bigcommerce_client_secret")
    @classmethod
    def _one_or_two_secrets(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if len(secrets) > 2:
            raise ValueError("holds more than two secrets: the newest and the one it replaces")
        if any(len(secret.get_secret_value()) < MIN_CLIENT_SECRET_LENGTH for secret in secrets):
            raise ValueError("is too short to be a client secret of BigCommerce")
        return secrets

    @field_validator("session_keys")
    @classmethod
    def _strong_keys(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < MIN_SESSION_KEY_LENGTH for key in keys):
            raise ValueError(f"needs {MIN_SESSION_KEY_LENGTH} characters or more in each key")
        return keys

    @field_validator("metrics_token")
    @classmethod
    def _strong_metrics_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token and not re.fullmatch(r"[\x21-\x7e]+", token.get_secret_value()):
            raise ValueError("holds something that cannot stand in a header")
        if token and len(token.get_secret_value()) < MIN_METRICS_TOKEN_LENGTH:
            raise ValueError(f"needs {MIN_METRICS_TOKEN_LENGTH} characters or more")
        return token

    @field_validator("web_threads")
    @classmethod
    def _some_threads_never_wait(cls, threads: int, others: ValidationInfo) -> int:
        if threads <= others.data.get("bigcommerce_concurrency", 0):
            raise ValueError(
                "has to be more than BIGCOMMERCE_CONCURRENCY, or nobody is left for launches and "
                "callbacks while BigCommerce is slow"
            )
        return threads

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Parse the variables named like the fields; an empty one counts as unset.

        An empty BIGCOMMERCE_SDK_URL turns the App SDK off. Raises ConfigError with every fault.
        """
        given = {name: environ.get(name.upper(), "") for name in cls.model_fields}
        if given["bigcommerce_login_url"].strip() in {"", LOGIN_URL}:
            given["bigcommerce_sdk_url"] = environ.get("BIGCOMMERCE_SDK_URL", SDK_URL)
        values = {name: text if text.strip() else "" for name, text in given.items()}
        faults: dict[str, str] = {}
        try:
            config = cls.model_validate({name: text for name, text in values.items() if text})
        except ValidationError as error:
            faults = _faults(error)
        secrets, keys = _split(values["bigcommerce_client_secret"]), _split(values["session_keys"])
        if values["session_keys"] and set(keys) & set(secrets):
            faults.setdefault("SESSION_KEYS", "must not be the client secret")
        if faults:
            raise ConfigError(faults)
        return config

    @property
    def redirect_uri(self) -> str:
        return f"{self.app_url}/auth"

    @property
    def sdk_origin(self) -> str:
        address = urlsplit(self.bigcommerce_sdk_url)
        return f"{address.scheme}://{address.netloc}" if address.netloc else ""

    @property
    def is_https(self) -> bool:
        return self.app_url.startswith("https:")


@functools.cache
def load_process_config() -> Config:
    """Return the settings as they were when the process started; raises ConfigError.

    gunicorn asks again on HUP, when changed settings could no longer take effect.
    """
    return Config.load(read_environment())


def _faults(error: ValidationError) -> dict[str, str]:
    # pydantic's own messages quote limits, never the input.
    faults: dict[str, str] = {}
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        message = "is missing" if fault["type"] == "missing" else fault["msg"]
        faults.setdefault(str(fault["loc"][0]).upper(), message.removeprefix("Value error, "))
    return faults
