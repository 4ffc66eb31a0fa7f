"""WSGI entry point, also loaded by the `flask` command."""

import sys

from bcapp.config import ConfigError, load_process_config
from bcapp.factory import create_app

try:
    config = load_process_config()
except ConfigError as error:
    sys.exit(str(error))

try:
    app = create_app(config)
except OSError as error:
    sys.exit(f"The settings are not right.\n  DATABASE_URL: its folder: {error.strerror}")
