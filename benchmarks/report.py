"""Write the results: tables, raw numbers, and the document with its charts."""

import json
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

from bcapp.database import CHECKOUT
from benchmarks import charts
from benchmarks.race import Figure, Round, Rounds
from benchmarks.targets import Results

PAPER = CHECKOUT / "docs" / "performance.md"
FOLDER = CHECKOUT / "docs" / "performance"
_MEASURED = re.compile(r"(?<=<!-- measured -->\n).*(?=<!-- end -->)", re.DOTALL)
_COLUMNS = {"CPU": ("cpu_ms", " ms", 2), "a second": ("per_second", "", 0)} | {
    "median": ("median_ms", " ms", 1),
    "p99": ("p99_ms", " ms", 1),
}


def tables(results: Results) -> str:
    return "\n".join([*_targets(results), "", *_rounds(results), "", _machine()])


def write(results: Results) -> None:
    measured = f"\n{tables(results)}\n\n"
    PAPER.write_text(_MEASURED.sub(lambda _: measured, PAPER.read_text()))
    FOLDER.mkdir(exist_ok=True)
    raw = {
        "machine": _machine(),
        "rounds": {name: _numbers(rounds) for name, rounds in results.rounds.items()},
        "figures": {name: figure.values for name, figure in results.figures.items()},
        "targets": [vars(target) for target in results.targets],
    }
    (FOLDER / "measured.json").write_text(json.dumps(raw, indent=1) + "\n")
    charts.draw(results, FOLDER)


def _targets(results: Results) -> Iterator[str]:
    yield "| target | limit | measured | |"
    yield "|---|---|---|---|"
    for each in results.targets:
        yield f"| {each.workload} | {each.limit} | {each.measured} | {each.verdict} |"


def _rounds(results: Results) -> Iterator[str]:
    yield f"| workload | {' | '.join(_COLUMNS)} |"
    yield "|---|" + "---|" * len(_COLUMNS)
    for workload, rounds in results.rounds.items():
        yield f"| **{workload}** |" + " |" * len(_COLUMNS)
        for candidate, run in rounds.items():
            cells = [_cell(run, *column) for column in _COLUMNS.values()]
            yield f"| {candidate} | {' | '.join(cells)} |"


def _cell(run: list[Round], what: str, unit: str, digits: int) -> str:
    return Figure(tuple(getattr(each, what) for each in run)).shown(unit, digits)


def _numbers(rounds: Rounds) -> dict[str, list[dict[str, float]]]:
    names = [what for what, _, _ in _COLUMNS.values()]
    return {
        candidate: [{name: round(getattr(each, name), 3) for name in names} for each in run]
        for candidate, run in rounds.items()
    }


def _machine() -> str:
    models = re.findall(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    python, model = platform.python_version(), models[0] if models else platform.machine()
    return f"{os.cpu_count()} cores ({model}), Python {python}, load average at the end {load}."
