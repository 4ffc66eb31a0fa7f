"""`flask ops …`: commands for operators.

Exit status: 0 success, 1 a finding or a failure, 2 wrong usage.
"""

from flask import Flask
from flask.cli import AppGroup

from bcapp.cli.check_config import check_config
from bcapp.cli.copy_database import copy_from
from bcapp.cli.keys import make_keys, rotate_keys
from bcapp.cli.privacy import erase, export, prune
from bcapp.cli.reconcile import reconcile
from bcapp.cli.stores import activity, stores

# Also an entry point in pyproject.toml, so that `flask` finds commands that work without valid
# settings.
ops = AppGroup(
    "ops",
    help="Operate the app. Every command ends with status 0 when all is well, 1 when something "
    "was found or failed, 2 when it was not understood.",
)
for command in (
    *(check_config, stores, activity, reconcile),
    *(prune, export, erase, make_keys, rotate_keys, copy_from),
):
    ops.add_command(command)


def init_app(app: Flask) -> None:
    app.cli.add_command(ops)
