"""Builders with defaults."""

from bcapp.config import Config

CLIENT_ID = "testclientid0123456789"
CLIENT_SECRET = "client-secret-of-the-tests-" + "s" * 16
SESSION_KEY = "session-key-of-the-tests-" + "k" * 16
ENCRYPTION_KEY = "ZmVybmV0LWtleS1vZi10aGUtdGVzdHMtMzItYnl0ZXM="
APP_URL = "https://app.invalid"


def environ(**changes: str | None) -> dict[str, str]:
    """Minimal settings to start; a change to None removes one."""
    values: dict[str, str | None] = {
        "BIGCOMMERCE_CLIENT_ID": CLIENT_ID,
        "BIGCOMMERCE_CLIENT_SECRET": CLIENT_SECRET,
        "APP_URL": APP_URL,
        "SESSION_KEYS": SESSION_KEY,
        "ENCRYPTION_KEYS": ENCRYPTION_KEY,
        "BIGCOMMERCE_LOGIN_URL": "https://login.invalid",
        "BIGCOMMERCE_API_URL": "https://api.invalid",
        "BIGCOMMERCE_TIME_BUDGET": "5",
        "LOG_LEVEL": "WARNING",
    }
    return {name: value for name, value in (values | changes).items() if value is not None}


def config(**changes: str | None) -> Config:
    return Config.load(environ(**changes))
