"""`flask ops check-config`: check everything that the app needs before it can serve."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import click

from bcapp import database, install_limit
from bcapp.bigcommerce import probe
from bcapp.bigcommerce.probe import ProbeResult
from bcapp.cli.output import as_json, echo_json
from bcapp.config import Config, ConfigError, read_environment
from bcapp.database import SchemaStatus
from bcapp.maintenance import key_rotation
from bcapp.vault import Vault

# Uninstalls are dated by BigCommerce's clock, installs by ours; signed payloads are refused when
# the two differ by a minute.
MAX_APART = timedelta(seconds=5)

_DATABASE = {
    SchemaStatus.READY: "answers, and is migrated",
    SchemaStatus.UNREACHABLE: "does not answer: is it running, and are host, port, user, "
    "password and database name in DATABASE_URL right?",
    SchemaStatus.BEHIND: "is not migrated: run alembic upgrade head",
}


@dataclass(frozen=True)
class Line:
    what: str
    is_ok: bool
    message: str


@click.command("check-config")
@as_json
def check_config(is_json: bool) -> None:
    """Check the settings, the database, the keys, BigCommerce's hosts and the clock.

    Each line says "ok" or what to do. Nothing is changed, and no value of a setting is printed.
    Status 1: something has to be done. Run it with the app's environment, on its machine.
    """
    lines = []
    for line in _lines():
        lines.append(line)
        if not is_json:
            click.echo(f"{'ok   ' if line.is_ok else 'TO DO'}  {line.what}: {line.message}")
    if is_json:
        echo_json([{"check": line.what, "ok": line.is_ok, "said": line.message} for line in lines])
    if not all(line.is_ok for line in lines):
        raise SystemExit(1)


def _lines() -> Iterator[Line]:
    given = read_environment()
    try:
        config = Config.load(given)
        faults: dict[str, str] = {}
    except ConfigError as error:
        faults = error.faults
    for name in map(str.upper, Config.model_fields):
        is_set = given.get(name, "").strip()
        yield Line(name, name not in faults, faults.get(name) or ("set" if is_set else "not set"))
    if faults:
        yield Line("everything else", False, "was not looked at: first put the settings right")
        return
    yield from _database(config)
    yield from _install_limit(config)
    yield from _bigcommerce(probe.probe_hosts(config))


def _database(config: Config) -> Iterator[Line]:
    try:
        engine = database.open_engine(config.database_url, config.database_time_limit)
    except OSError as error:
        yield Line("database", False, f"its folder cannot be made: {error.strerror}")
        return
    status = database.schema_status(engine)
    yield Line("database", status is SchemaStatus.READY, _DATABASE[status])
    if status is SchemaStatus.READY:
        with database.session_factory(engine)() as db:
            yield from _keys(key_rotation.key_uses(db, Vault(config.encryption_keys)))
    engine.dispose()


def _keys(uses: list[key_rotation.KeyUse]) -> Iterator[Line]:
    for number, use in enumerate(uses):
        what = f"encryption key {use.key_id}"
        order = "newest" if number == 0 else "older"
        if not use.is_known:
            message = f"seals {use.tokens} tokens and is missing: put it back in ENCRYPTION_KEYS"
        elif use.opens is False:
            message = f"{order}; does not open a token that names it: see docs/operations.md, "
            message += "A damaged token"
        elif use.tokens:
            message = f"{order}; opens one of the {use.tokens} tokens that it seals"
        else:
            suffix = ", so it may be taken out" if number else " yet"
            message = f"{order}; seals no token{suffix}"
        yield Line(what, use.is_known and use.opens is not False, message)


def _install_limit(config: Config) -> Iterator[Line]:
    is_shared = install_limit.shares(config)
    if is_shared is not None:
        message = "does not answer: is it running, and are host, port and password right? Until "
        message += "then each process counts installs for itself; none is refused for that"
        what = "Redis in RATE_LIMIT_STORAGE_URL"
        yield Line(what, is_shared, "answers" if is_shared else message)


def _bigcommerce(answers: dict[str, ProbeResult]) -> Iterator[Line]:
    for name, answer in answers.items():
        if answer.status is None:
            message = f"does not answer ({answer.fault}): "
            message += "is outgoing HTTPS open, and does DNS work?"
        elif answer.status >= 500:
            message = f"answers {answer.status}: see status.bigcommerce.com; nothing to do here"
        else:
            message = "answers"
        is_well = answer.status is not None and answer.status < 500
        yield Line(f"host in {name}", is_well, message)
    differences = [a.clock_ahead for a in answers.values() if a.clock_ahead is not None]
    if not differences:
        yield Line("clock", False, "BigCommerce named no time: see for yourself that ours is right")
        return
    apart = max(differences, key=abs)
    seconds = abs(apart).total_seconds()
    if abs(apart) <= MAX_APART:
        yield Line("clock", True, "agrees with BigCommerce's")
    else:
        side = "ahead of" if apart > timedelta(0) else "behind"
        message = f"is {seconds:.0f} seconds {side} BigCommerce's: let NTP set it"
        yield Line("clock", False, message)
