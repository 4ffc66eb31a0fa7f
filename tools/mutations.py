"""Break the code in one place at a time and check that the tests notice: `make mutations`.

Each mutation is applied to a copy of the checkout, where only the named tests run. Prints a line
per mutation; status 1 if one survives or no longer applies.
"""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PARTS = ("app.py", "gunicorn.conf.py", "pyproject.toml", "bcapp", "migrations", "sandbox")
PARTS += ("templates", "tests", "deploy", "docs", "benchmarks", "rehearsal")


@dataclass(frozen=True)
class Mutation:
    file: str
    before: str
    after: str
    tests: str  # files below tests/, and -k after a colon


MUTATIONS = (
    # Named by earlier reviews.
    Mutation("bcapp/bigcommerce/payload.py", "audience=client_id,", "", "test_payload.py"),
    Mutation(
        "bcapp/carriers/fields.py",
        "f.lines if isinstance(f, LinesField) else f.data for",
        "f.lines if isinstance(f, LinesField) else str(f.data) for",
        "test_carriers.py",
    ),
    Mutation(
        "bcapp/stores.py",
        "proven = is_current and (",
        "proven = (",
        "test_removal.py",
    ),
    Mutation(
        "bcapp/maintenance/key_rotation.py",
        "        .limit(at_most)\n        .with_for_update()",
        "        .limit(at_most)",
        "test_key_rotation.py:postgresql",
    ),
    Mutation(
        "bcapp/database.py",
        'cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")',
        'cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")',
        "test_removal.py test_key_rotation.py",
    ),
    Mutation(
        "bcapp/views/callbacks.py",
        "    acquire_bigcommerce_slot()\n    grant",
        "    grant",
        "test_overload.py",
    ),
    Mutation(
        "bcapp/runtime.py",
        "        runtime().bigcommerce_slots.release()\n",
        "",
        "test_overload.py",
    ),
    Mutation(
        "bcapp/database.py",
        "-c lock_timeout={milliseconds}",
        "",
        "test_database.py:postgresql",
    ),
    Mutation(
        "bcapp/bigcommerce/http.py",
        "session.trust_env = False",
        "session.trust_env = session.verify = False",
        "test_faults.py:tls",
    ),
    Mutation(
        "bcapp/bigcommerce/store_api.py",
        "allow_redirects=False",
        "allow_redirects=True",
        "test_faults.py:redirect",
    ),
    Mutation(
        "bcapp/bigcommerce/store_api.py",
        "body, idempotent=False",
        "body",
        "test_zones.py",
    ),
    Mutation(
        "bcapp/bigcommerce/http.py",
        'response.headers.get("Content-Encoding", "identity").lower() != "identity"',
        "False",
        "test_overload.py",
    ),
    Mutation(
        "bcapp/views/static_files.py",
        "        response.set_etag(tag, weak=True)",
        "        pass",
        "test_static_files.py",
    ),
    Mutation(
        "bcapp/redaction.py",
        "{value, *quoted, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}",
        "{value}",
        "test_redaction.py test_sending.py",
    ),
    Mutation(
        "bcapp/bigcommerce/identity.py",
        "_CONTEXT.fullmatch(context)",
        "_CONTEXT.match(context)",
        "test_store_hash.py",
    ),
    # Stores.
    Mutation(
        "bcapp/stores.py",
        "vouched_at <= user.removed_at",
        "vouched_at < user.removed_at",
        "test_launch.py test_removal.py test_fuzz.py:any_order",
    ),
    Mutation(
        "bcapp/stores.py",
        "payload.issued_at < store.uninstalled_at",
        "False",
        "test_removal.py",
    ),
    Mutation(
        "bcapp/stores.py",
        "if proven and locked.granted_at == granted_at:",
        "if proven:",
        "test_removal.py test_races.py",
    ),
    Mutation(
        "bcapp/stores.py",
        "    store.sealed_access_token = None\n    store.uninstalled_at = at",
        "    store.uninstalled_at = at",
        "test_removal.py",
    ),
    # Connections.
    Mutation(
        "bcapp/connections.py",
        "acknowledged is not None and acknowledged.event is not Event.CONNECTION_DELETED",
        "acknowledged is not None",
        "test_sending.py",
    ),
    Mutation(
        "bcapp/connections.py",
        "            if entry.outcome in _NOT_CARRIED_OUT:",
        "            if False:",
        "test_sending.py",
    ),
    Mutation(
        "bcapp/connections.py",
        "    except Conflict:",
        "    except NotFound:",
        "test_sending.py",
    ),
    Mutation(
        "bcapp/attempts.py",
        "        masked = _mask(error, self._secrets)",
        "        masked = error",
        "test_sending.py test_canaries.py",
    ),
    # Zones.
    Mutation(
        "bcapp/zones/saving.py",
        "        self.lock.mark_uncertain()\n",
        "",
        "test_zones.py test_faults.py",
    ),
    Mutation(
        "bcapp/zones/saving.py",
        "        if method.type != self.carrier.id:",
        "        if False:",
        "test_zones.py",
    ),
    Mutation(
        "bcapp/bigcommerce/store_api.py",
        "        if item.id != item_id:",
        "        if False:",
        "test_zones.py",
    ),
    Mutation(
        "bcapp/zones/lock.py",
        "row is None or row.until > now",
        "row is None",
        "test_zones.py",
    ),
    # Session.
    Mutation(
        "bcapp/stores.py",
        "    if session.epoch != session_epoch(store, user):",
        "    if False:",
        "test_session.py",
    ),
    Mutation(
        "bcapp/session_token.py",
        "or now - launched_at >= MAX_SESSION_LIFETIME",
        "",
        "test_session_token.py test_session.py",
    ),
    Mutation(
        "bcapp/session_token.py",
        "if too_old or not _is_canonical(token):",
        "if too_old:",
        "test_session_token.py",
    ),
    # Encryption.
    Mutation(
        "bcapp/vault.py",
        "        if (found_place, found_owner) != (place, owner):",
        "        if False:",
        "test_vault.py",
    ),
)


def pytest_arguments(tests: str) -> list[list[str]]:
    """One command line per group of files with the same -k."""
    groups: dict[str, list[str]] = {}
    for name in tests.split():
        file, _, keyword = name.partition(":")
        groups.setdefault(keyword, []).append(f"tests/{file}")
    return [[*files, *(["-k", keyword] if keyword else [])] for keyword, files in groups.items()]


def is_caught(mutation: Mutation, code: Path) -> bool:
    path = code / mutation.file
    original = path.read_text()
    if original.count(mutation.before) != 1:
        raise SystemExit(f"{mutation.file} does not contain once: {mutation.before}")
    path.write_text(original.replace(mutation.before, mutation.after))
    try:
        runs = (
            subprocess.run(  # noqa: S603
                [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *arguments],
                cwd=code,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for arguments in pytest_arguments(mutation.tests)
        )
        return any(run.returncode == 1 for run in runs)
    finally:
        path.write_text(original)


def main() -> int:
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutations") as folder:
        code = Path(folder)
        for part in PARTS:
            copy = shutil.copytree if (CHECKOUT / part).is_dir() else shutil.copy
            copy(CHECKOUT / part, code / part)
        for mutation in MUTATIONS:
            caught = is_caught(mutation, code)
            survivors += not caught
            change = " ".join(mutation.before.split())[:60]
            print(f"{'caught  ' if caught else 'SURVIVED'} {mutation.file}: {change}", flush=True)
    print(f"{len(MUTATIONS)} mutations, {survivors} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
