"""WSGI entry point, and what the `flask` command loads."""

import sys

from bcapp.config import ConfigError, of_this_process
from bcapp.factory import create_app

try:
    config = of_this_process()
except ConfigError as error:
    sys.exit(str(error))

try:
    app = create_app(config)
except OSError as error:
    sys.exit(f"The settings are not right.\n  DATABASE_URL: its folder: {error.strerror}")
