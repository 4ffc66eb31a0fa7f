"""WSGI entry point, and what the `flask` command loads."""

import os
import sys

from dotenv import dotenv_values

from bcapp.config import Config, ConfigError
from bcapp.factory import create_app

try:
    config = Config.load({**{k: v or "" for k, v in dotenv_values(".env").items()}, **os.environ})
except ConfigError as error:
    sys.exit(str(error))

try:
    app = create_app(config)
except OSError as error:
    sys.exit(f"The settings are not right.\n  DATABASE_URL: its folder: {error.strerror}")
