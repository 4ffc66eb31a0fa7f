"""Alert rules and dashboard in docs/monitoring fit the metrics that the app exports."""

import inspect
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from bcapp.bigcommerce import errors
from bcapp.database import CHECKOUT
from bcapp.models import Event
from tests.conftest import missing
from tests.merchant import Browser
from tests.test_docs import HEADING, slug
from tests.test_metrics import TOKEN, read

FOLDER = CHECKOUT / "docs" / "monitoring"
ALERTS, DASHBOARD = FOLDER / "alerts.yml", FOLDER / "grafana-dashboard.json"
pytestmark = pytest.mark.settings(METRICS_TOKEN=TOKEN)

METRIC = re.compile(r"\bbcapp_\w+")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')


def promtool(*arguments: str, said: str | None = None) -> str:
    program = shutil.which("promtool")
    if program is None:
        missing("promtool (in Debian's package prometheus)")
    ended = subprocess.run(
        [str(program), *arguments], input=said, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def expressions() -> list[str]:
    """List every query of the rules and the dashboard."""
    panels: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    drawn = [target["expr"] for panel in panels for target in panel["targets"]]
    # Enough of YAML for a file of ours: what follows `expr:` up to the next key.
    ruled = re.findall(r"^ +expr: \|?(.+?)^ +\w+:", ALERTS.read_text(), re.MULTILINE | re.DOTALL)
    assert len(ruled) == 5
    return [*drawn, *ruled]


def matchers() -> Iterator[tuple[str, str]]:
    """List (label, value) of every selector in the queries."""
    for expression in expressions():
        for label, pattern in MATCHER.findall(expression):
            yield from ((label, value) for value in pattern.split("|"))


@pytest.fixture
def told(app: Flask, merchant: Browser) -> str:
    """The metrics after the app was used."""
    merchant.get("/carriers/fedex")
    merchant.send("fedex")
    merchant.another("staff").get("/carriers")
    return read(app)


def test_alert_rules_are_valid_and_fire() -> None:
    promtool("check", "rules", str(ALERTS))
    promtool("test", "rules", str(FOLDER / "alerts.test.yml"))


def test_promtool_accepts_the_metrics(told: str) -> None:
    assert promtool("check", "metrics", said=told) == ""


def test_promtool_accepts_the_dashboard_queries(tmp_path: Path) -> None:
    queries = [text.replace("$__rate_interval", "5m").strip() for text in expressions()]
    rules = [{"record": f"panel:{n}", "expr": query} for n, query in enumerate(queries)]
    file = tmp_path / "rules.json"  # JSON is YAML
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))

    promtool("check", "rules", str(file))


@pytest.mark.parametrize("file", sorted(FOLDER.iterdir()), ids=lambda file: file.name)
def test_every_metric_in_rules_and_dashboard_exists(told: str, file: Path) -> None:
    families = list(text_string_to_metric_families(told))
    exist = {sample.name for family in families for sample in family.samples}
    exist |= {f"{family.name}_total" for family in families if family.type == "counter"}

    named = set(METRIC.findall(file.read_text()))

    assert named
    assert named - exist == set()


def test_every_label_in_rules_and_dashboard_exists(told: str, app: Flask) -> None:
    labels = {
        name
        for family in text_string_to_metric_families(told)
        for sample in family.samples
        for name in sample.labels
    }
    outcomes = {name for name, _ in inspect.getmembers(errors, inspect.isclass)} | {"ok"}
    values = {
        "route": {str(rule) for rule in app.url_map.iter_rules()},
        "outcome": outcomes,
        "event": {event.value for event in Event},
    }

    selected = set(matchers())

    assert {label for label, _ in selected} - labels == {"job", "instance"}
    assert [
        (label, value)
        for label, value in selected
        if label in values and value not in values[label]
    ] == []


def test_every_alert_has_a_description_and_a_runbook() -> None:
    rules = ALERTS.read_text()
    names = re.findall(r"alert: (\w+)", rules)
    page = (CHECKOUT / "docs" / "operations.md").read_text()
    anchors = {slug(heading) for heading in HEADING.findall(page)}

    runbooks = re.findall(r"runbook: docs/operations\.md#(\S+)", rules)

    assert [name.lower() for name in names] == runbooks
    assert set(runbooks) <= anchors
    assert rules.count("summary: ") == rules.count("description: ") == len(names) == 5


def test_dashboard_panels_have_unique_ids_titles_and_positions() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    panels = dashboard["panels"]

    taken = [
        (x, y)
        for panel in panels
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and panel["description"] for panel in panels)
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
