"""`make rehearse`: run every scenario under load and report what was lost."""

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import SubprocessError

from requests import RequestException

from bcapp import database
from rehearsal.environment import Environment, environment
from rehearsal.merchants import Crowd, recorded_writes
from rehearsal.scenarios import SCENARIOS, Act, Wrong
from tests.nginx import program

# A failed scenario does not stop the others.
FAULTS = (Wrong, RuntimeError, AssertionError, SubprocessError, RequestException)
MERCHANTS = int(os.environ.get("REHEARSAL_MERCHANTS") or 8)


@dataclass(frozen=True)
class Row:
    scenario: Act
    seconds: float
    requests: int
    failed: int
    repeated: int
    fault: str

    @property
    def is_good(self) -> bool:
        return not self.fault and (self.scenario.may_fail or not self.failed)

    def __str__(self) -> str:
        verdict = self.fault or ("" if self.is_good else "FAILED REQUESTS")
        return (
            f"{self.scenario.name:54}{self.seconds:8.1f}{self.requests:10}{self.failed:8}"
            f"{self.repeated:10}  {verdict}"
        )


def main() -> int:
    if program() is None:
        print("rehearse: needs nginx (Debian: apt install nginx-light)", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="bc") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with environment(folder) as built:
            servers = f"PostgreSQL {built.server.version}"
            print(f"{servers:54}{'seconds':>8}{'requests':>10}{'failed':>8}{'repeated':>10}")
            with Crowd(built, MERCHANTS) as crowd:
                rows = [play(scenario, built, crowd) for scenario in SCENARIOS]
            wrong = [fault for merchant in crowd.merchants for fault in merchant.wrong]
            lost = [fault for merchant in crowd.merchants for fault in merchant.lost]
            lost += missing_entries(built, crowd)
            leaked = [name for name in ("access", "error") if is_leaking(built, name)]
    writes = sum(merchant.acknowledged for merchant in crowd.merchants)
    print(f"\n{crowd.count()} requests of {MERCHANTS} merchants, {crowd.failed()} failed")
    print(f"{writes} writes answered, {len(lost)} lost; {len(wrong)} wrong answers")
    for fault in (*lost, *wrong, *(f"nginx's {name} log holds a payload" for name in leaked)):
        print(f"  {fault}")
    is_good = all(row.is_good for row in rows) and not (wrong or lost or leaked)
    print("rehearsed" if is_good else "NOT GOOD ENOUGH")
    return 0 if is_good else 1


def play(scenario: Act, built: Environment, crowd: Crowd) -> Row:
    started, count, failed, repeated = (
        time.monotonic(),
        crowd.count(),
        crowd.failed(),
        number_repeated(built),
    )
    try:
        scenario.play(built, crowd)
        fault = ""
    except FAULTS as error:
        fault = f"{error}"
    row = Row(
        scenario,
        time.monotonic() - started,
        crowd.count() - count,
        crowd.failed() - failed,
        number_repeated(built) - repeated,
        fault,
    )
    print(row, flush=True)
    return row


def number_repeated(built: Environment) -> int:
    """Count the requests that nginx sent to a second instance."""
    return sum("," in line["instances"] for line in built.nginx.answered())


def missing_entries(built: Environment, crowd: Crowd) -> list[str]:
    """Check that every answered write has an entry and no entry is unexpected."""
    engine = database.open_engine(database.parse_url(built.environ["DATABASE_URL"]))
    with database.session_factory(engine)() as db:
        found = [(each, recorded_writes(db, each)) for each in crowd.merchants]
    engine.dispose()
    return [
        f"{each.tab.store_hash}: {each.acknowledged} writes answered, {number} on record"
        for each, number in found
        if not each.acknowledged <= number <= each.acknowledged + each.in_doubt
    ]


def is_leaking(built: Environment, name: str) -> bool:
    log = built.nginx.log() if name == "access" else built.nginx.errors()
    return "signed_payload" in log or "code=" in log


if __name__ == "__main__":
    sys.exit(main())
