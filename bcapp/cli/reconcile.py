"""`flask ops reconcile`: find stores that uninstalled without a callback."""

import enum
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import click
from pydantic import SecretStr
from sqlalchemy import Select, func, select

from bcapp import database, stores
from bcapp.bigcommerce.errors import BigCommerceError, Unavailable
from bcapp.cli.output import as_json, echo_json, in_app
from bcapp.models import TOKEN_PLACE, Store
from bcapp.runtime import db, runtime, store_api_with_token
from bcapp.vault import Unopenable

TIMEOUT = 10  # seconds for one store
MAX_FAILURES_IN_A_ROW = 3  # then BigCommerce is considered down
CANDIDATES = 10  # newest grants to try for a known good store
BATCH = 20  # rejected tokens per check of the known good store


class Stopped(Exception):
    """Why the remaining stores were not checked."""


class TokenStatus(enum.Enum):
    VALID = enum.auto()
    REFUSED = enum.auto()
    UNCLEAR = enum.auto()


@dataclass(frozen=True)
class TokenCheck:
    store_id: int
    store_hash: str
    token: SecretStr
    at: datetime


@dataclass
class Findings:
    """`last_id` is the last store that is finished, after which another run continues."""

    last_id: int
    honoured: int = 0
    ended: list[str] = field(default_factory=list)
    installed_again: list[str] = field(default_factory=list)
    unclear: dict[str, str] = field(default_factory=dict)
    stopped: str | None = None


class Reconciliation:
    """Ask BigCommerce about each store's token, once.

    One rejection proves little: a wrong API address or an outage could make BigCommerce reject
    every token. Stores are therefore marked as uninstalled only after a known good store, whose
    token was valid at the start, was found valid once more.
    """

    def __init__(self, after: int, per_second: float, *, is_dry: bool) -> None:
        self.findings = Findings(after)
        self.is_interrupted = False
        self._asked_id = after
        self._is_dry = is_dry
        self._pause = 1 / per_second
        self._next_at = 0.0
        self._known_good_store: TokenCheck | None = None
        self._refused: list[TokenCheck] = []
        self._failures_in_a_row = 0

    def find_known_good_store(self) -> None:
        """Find a store whose token is valid; raises Stopped if there is none."""
        newest = _installed().order_by(Store.granted_at.desc()).limit(CANDIDATES)
        candidates = db().execute(newest).all()
        for candidate in candidates:
            check = self._token_check(*candidate)
            if check and self._check_token(check) is TokenStatus.VALID:
                self._known_good_store = check
                self.findings.unclear.clear()
                return
        if candidates:
            raise Stopped(
                "BigCommerce honours none of the newest tokens, so the fault may be ours: see "
                "flask ops check-config. If these stores really have uninstalled: "
                "--without-witness."
            )

    def run(self, step: Callable[[int], None]) -> None:
        while True:
            following = _installed().where(Store.id > self._asked_id).order_by(Store.id).limit(1)
            row = db().execute(following).one_or_none()
            if row is None:
                break
            self._handle(self._token_check(*row))
            self._asked_id = row[0]
            if len(self._refused) == BATCH:
                self._uninstall_refused()
            if not self._refused and not self._failures_in_a_row:
                self.findings.last_id = self._asked_id
            step(1)
        self._uninstall_refused()
        self.findings.last_id = self._asked_id

    def _handle(self, check: TokenCheck | None) -> None:
        status = self._check_token(check) if check else TokenStatus.UNCLEAR
        if check and status is TokenStatus.REFUSED:
            self._refused.append(check)
        elif status is TokenStatus.VALID:
            self.findings.honoured += 1

    def _uninstall_refused(self) -> None:
        known_good_store = self._known_good_store
        if (
            self._refused
            and known_good_store
            and self._check_token(known_good_store) is not TokenStatus.VALID
        ):
            raise Stopped(f"{known_good_store.store_hash} was honoured before and is not now.")
        for check in self._refused:
            is_ended = self._is_dry or stores.uninstall_rejected(
                db(), runtime().vault, check.store_id, check.token, check.at
            )
            group = self.findings.ended if is_ended else self.findings.installed_again
            group.append(check.store_hash)
        self._refused.clear()

    def _token_check(self, store_id: int, store_hash: str, sealed: str | None) -> TokenCheck | None:
        try:
            token = runtime().vault.open(TOKEN_PLACE, store_hash, sealed or "")
        except Unopenable:
            self.findings.unclear[store_hash] = "its token cannot be opened"
            return None
        return TokenCheck(store_id, store_hash, token, datetime.now(UTC))

    def _check_token(self, check: TokenCheck) -> TokenStatus:
        """Raises Stopped if BigCommerce does not answer, or after an interrupt."""
        if self.is_interrupted:
            raise Stopped("Interrupted.")
        db().commit()  # keep no transaction open while waiting
        time.sleep(max(0.0, self._next_at - time.monotonic()))
        self._next_at = time.monotonic() + self._pause
        try:
            api = store_api_with_token(check.store_hash, check.token, TIMEOUT)
            status = TokenStatus.REFUSED if api.is_token_rejected() else TokenStatus.VALID
        except BigCommerceError as error:
            self.findings.unclear[check.store_hash] = str(error)
            self._failures_in_a_row = (
                self._failures_in_a_row + 1 if isinstance(error, Unavailable) else 0
            )
            if self._failures_in_a_row == MAX_FAILURES_IN_A_ROW:
                raise Stopped(
                    f"BigCommerce did not answer {MAX_FAILURES_IN_A_ROW} times in a row."
                ) from None
            return TokenStatus.UNCLEAR
        self._failures_in_a_row = 0
        return status


@click.command()
@click.option("--after", default=0, type=click.IntRange(0), help="Go on behind this store id.")
@click.option(
    "--per-second",
    default=5.0,
    type=click.FloatRange(0.1, 50),
    show_default=True,
    help="Stores asked in a second, at most.",
)
@click.option("--dry-run", is_flag=True, help="Only ask and tell; change nothing here.")
@click.option("--without-witness", is_flag=True, help="Believe refusals even if all are refused.")
@click.option("--yes", is_flag=True, help="Do not ask before --without-witness.")
@as_json
@in_app
def reconcile(
    after: int, per_second: float, dry_run: bool, without_witness: bool, yes: bool, is_json: bool
) -> None:
    """Ask BigCommerce for each installed store whether its token is still valid.

    A store whose token is refused (401) has uninstalled: it is marked so, its token is deleted, and
    its activity says why. No other answer counts as a refusal, and none counts unless another
    store's token is valid at the same time. One request to BigCommerce per store, and a few more.

    After an interrupt it prints how to continue. Status 1: it stopped, or some answers are unclear.
    """
    if without_witness and not dry_run and not yes:
        click.confirm(
            "Forget every token that is refused, even if all of them are?", abort=True, err=True
        )
    work = Reconciliation(after, per_second, is_dry=dry_run)

    def interrupt(number: int, _frame: object) -> None:
        # A flag, not an exception: Python drops exceptions raised in a finalizer.
        work.is_interrupted = True
        signal.signal(number, before)

    before = signal.signal(signal.SIGINT, interrupt)
    number = db().scalar(select(func.count()).select_from(_installed(after).subquery())) or 0
    try:
        if not without_witness:
            work.find_known_good_store()
        with click.progressbar(length=number, label="Asking", file=sys.stderr) as bar:
            work.run(bar.update)
    except Stopped as reason:
        work.findings.stopped = str(reason)
    except KeyboardInterrupt:
        work.findings.stopped = "Interrupted."
    finally:
        signal.signal(signal.SIGINT, before)
    database.purge_deleted_pages(db())
    _tell(work.findings, is_dry=dry_run, is_json=is_json)
    if work.findings.stopped or work.findings.unclear:
        raise SystemExit(1)


def _tell(findings: Findings, *, is_dry: bool, is_json: bool) -> None:
    if is_json:
        echo_json(vars(findings))
        return
    marked = "refused; nothing was changed" if is_dry else "refused, now marked as uninstalled"
    for store_hash in findings.ended:
        click.echo(f"{store_hash}: {marked}")
    for store_hash in findings.installed_again:
        click.echo(f"{store_hash}: installed again meanwhile")
    for store_hash, message in findings.unclear.items():
        click.echo(f"{store_hash}: left as it is: {message}")
    click.echo(f"Honoured: {findings.honoured}. Refused: {len(findings.ended)}.")
    if findings.stopped:
        go_on = f"Go on with: flask ops reconcile --after {findings.last_id}"
        click.echo(f"Stopped: {findings.stopped}\n{go_on}", err=True)


def _installed(after: int = 0) -> Select[int, str, str | None]:
    return select(Store.id, Store.store_hash, Store.sealed_access_token).where(
        Store.sealed_access_token.is_not(None), Store.id > after
    )
