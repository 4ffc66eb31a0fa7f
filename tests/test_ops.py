"""`flask ops …`: help and exit codes of every command, looking up stores, making keys."""

import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from bcapp import cli
from bcapp.database import CHECKOUT
from sandbox.faults import Fault
from tests import make
from tests.merchant import Browser
from tests.ops import Operator
from tests.test_docs import HEADING


def commands(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        else:
            yield (*before, name)


COMMANDS = list(commands(cli.ops))


@pytest.fixture
def operator(app: Flask) -> Operator:
    return Operator(app)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_in_full_sentences(
    operator: Operator, words: tuple[str, ...]
) -> None:
    result = operator.run(*words, "--help")

    assert result.exit_code == 0
    assert len(result.stdout.split("\n\n")[1].split()) > 5


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_usage_error_exits_with_2(operator: Operator, words: tuple[str, ...]) -> None:
    result = operator.run(*words, "--nonsense")

    assert result.exit_code == 2
    assert result.stdout == ""


def test_every_command_has_a_section_in_the_operations_manual() -> None:
    headings = HEADING.findall((CHECKOUT / "docs" / "operations.md").read_text())

    assert set(cli.ops.commands) - set(headings) == set()


@pytest.mark.both_databases("failures")
@pytest.mark.own_database
def test_a_database_failure_prints_one_line(operator: Operator, db: Session) -> None:
    db.execute(text("DROP TABLE zone_writes"))
    db.execute(text("ALTER TABLE stores RENAME TO elsewhere"))
    db.commit()

    result = operator.run("stores", "list")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the database failed (")
    assert result.stderr.endswith("see: flask ops check-config\n")


def test_make_keys_prints_valid_keys_new_each_time(operator: Operator) -> None:
    result = operator.run("make-keys")

    first = dict(line.split("=", 1) for line in result.stdout.splitlines())
    second = operator.read("make-keys")
    assert set(first) == set(second) == {"SESSION_KEYS", "ENCRYPTION_KEYS"}
    assert set(first.values()).isdisjoint(second.values())
    config = make.config(**first)
    assert config.session_keys[0].get_secret_value() == first["SESSION_KEYS"]
    Fernet(config.encryption_keys[0].get_secret_value())


def test_make_keys_needs_no_settings() -> None:
    """As in the image."""
    made = subprocess.run(
        [sys.executable, "-m", "bcapp.cli", "make-keys"],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert made.stdout.count("_KEYS=") == 2


@pytest.mark.both_databases("queries")
def test_stores_are_listed_all_or_by_state(operator: Operator, merchant: Browser) -> None:
    merchant.another("owner", "elmfield2").install()
    merchant.uninstall()

    listed = operator.read("stores", "list")
    installed = operator.read("stores", "list", "--installed")
    uninstalled = operator.read("stores", "list", "--uninstalled")
    table = operator.run("stores", "list").stdout.splitlines()

    assert [(one["store"], one["state"]) for one in listed] == [
        ("harbour1", "uninstalled"),
        ("elmfield2", "installed"),
    ]
    assert [one["store"] for one in installed] == ["elmfield2"]
    assert [one["store"] for one in uninstalled] == ["harbour1"]
    assert uninstalled[0]["uninstalled_at"].endswith("Z")
    assert [line.split()[0] for line in table] == ["STORE", "harbour1", "elmfield2"]


@pytest.mark.both_databases("queries")
@pytest.mark.parametrize("words", ["harb", "HARBOUR", "pine supply", "owner@harbourpine.example"])
def test_a_store_is_found_by_hash_name_or_owner(
    operator: Operator, merchant: Browser, words: str
) -> None:
    merchant.another("owner", "elmfield2").install()

    (found,) = operator.read("stores", "search", words)

    assert found["store"] == "harbour1"


@pytest.mark.both_databases("queries")
def test_a_store_is_found_by_a_users_email(operator: Operator, merchant: Browser) -> None:
    merchant.another("staff").open()

    (found,) = operator.read("stores", "search", "sam@harbour")

    assert found["store"] == "harbour1"


@pytest.mark.both_databases("queries")
@pytest.mark.parametrize("words", ["nobody@", "%", "_", "\\"])
def test_search_treats_wildcards_as_text(operator: Operator, merchant: Browser, words: str) -> None:
    assert operator.read("stores", "search", words, status=1) == []


@pytest.mark.both_databases("queries")
def test_a_store_is_shown_with_its_people_carriers_and_activity(
    operator: Operator, merchant: Browser
) -> None:
    merchant.another("staff").open()
    merchant.send("fedex")
    merchant.another("staff").remove()

    shown = operator.read("stores", "show", "harbour1")
    told = operator.run("stores", "show", "harbour1")

    assert (shown["state"], shown["name"]) == ("installed", "Harbour & Pine Supply")
    assert [(user["email"], bool(user["removed_at"])) for user in shown["users"]] == [
        ("owner@harbourpine.example", False),
        ("sam@harbourpine.example", True),
    ]
    (carrier,) = shown["carriers"]
    assert (carrier["carrier"], carrier["outcome"]) == ("fedex", "sent")
    assert [entry["event"] for entry in shown["activity"]] == [
        "user:removed",
        "connection:sent",
        "store:installed",
    ]
    for value in ("sam@harbourpine.example", "fedex", "connection:sent"):
        assert value in told.stdout
    token = merchant.world.store("harbour1").access_token
    assert token is not None
    assert token not in told.stdout
    assert "gAAAA" not in told.stdout + json.dumps(shown)


@pytest.mark.parametrize("words", [("stores", "show", "nosuch"), ("activity", "nosuch")])
def test_an_unknown_store_is_reported(operator: Operator, words: tuple[str, ...]) -> None:
    result = operator.run(*words)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "no store nosuch" in result.stderr


@pytest.mark.both_databases("queries")
def test_activity_lists_one_store_or_all_newest_first(
    operator: Operator, merchant: Browser
) -> None:
    other = merchant.another("owner", "elmfield2")
    other.install()
    merchant.world.set_fault(Fault("connection", status=400))
    merchant.send("fedex")
    other.send("zoom2u")

    everywhere = operator.read("activity")
    here = operator.read("activity", "harbour1")
    rejected = operator.read("activity", "--outcome", "rejected")
    installs = operator.read("activity", "--event", "store:installed", "--limit", "1")

    assert [(entry["store"], entry["event"]) for entry in everywhere] == [
        ("elmfield2", "connection:sent"),
        ("harbour1", "connection:sent"),
        ("elmfield2", "store:installed"),
        ("harbour1", "store:installed"),
    ]
    assert {entry["store"] for entry in here} == {"harbour1"}
    assert [(entry["store"], entry["status"]) for entry in rejected] == [("harbour1", 400)]
    assert [entry["store"] for entry in installs] == ["elmfield2"]
    assert "owner@elmfield.example" in operator.run("activity").stdout
