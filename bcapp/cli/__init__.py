"""`flask ops …`: what whoever runs the app does besides serving it.

Exit status: 0 all is well, 1 something was found or failed, 2 the command was not understood.
"""

from flask import Flask
from flask.cli import AppGroup

from bcapp.cli.check_config import check_config
from bcapp.cli.copy_database import copy_from
from bcapp.cli.keys import make_keys, rotate_keys
from bcapp.cli.privacy import erase, export, prune
from bcapp.cli.reconcile import reconcile
from bcapp.cli.stores import activity, stores

# Named in pyproject.toml as well: so `flask` finds the commands that work without good settings.
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
