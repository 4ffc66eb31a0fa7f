"""Documents refer only to tests, modules, commands, settings and links that exist."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bcapp import cli
from bcapp.config import Config
from bcapp.database import CHECKOUT

DOCUMENTS = [
    path.relative_to(CHECKOUT) for path in (*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/*.md"))
]
THREATS, ASVS = Path("docs/threat-model.md"), Path("docs/asvs.md")

# `bcapp/vault.py`, `tests/test_vault.py::test_…`, `bcapp/vault.py::Vault.open`
REFERENCE = re.compile(
    r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|md|js|toml|lock|html|conf|yaml)|\.ci/run|Makefile|Dockerfile)(?:::([\w.]+))?`"
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
SETTING = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")

VERDICTS = {"met", "partly", "not met", "operator", "n/a"}


def text_of(document: Path) -> str:
    return (CHECKOUT / document).read_text()


def table_rows(document: Path, first: str) -> Iterator[list[str]]:
    """Yield the cells of every table row whose first cell matches `first`."""
    for line in text_of(document).splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and re.fullmatch(first, cells[0]):
            yield cells


def names_in(file: Path) -> set[str]:
    """List the top-level names of a Python file, and `Class.member`."""
    names = set()
    for node in ast.parse(file.read_text()).body:
        for defined in defined_by(node):
            names.add(defined)
            members = node.body if isinstance(node, ast.ClassDef) else []
            names |= {f"{defined}.{name}" for member in members for name in defined_by(member)}
    return names


def defined_by(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.AnnAssign):
        return [ast.unparse(node.target)]
    return [ast.unparse(target) for target in node.targets] if isinstance(node, ast.Assign) else []


def is_there(path: str, name: str) -> bool:
    file = CHECKOUT / path
    return file.is_file() and (not name or name in names_in(file))


def slug(heading: str) -> str:
    """Return the anchor that GitHub and GitLab derive from a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def leads_nowhere(document: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    page = (CHECKOUT / document).parent / path if path else CHECKOUT / document
    if not page.exists():
        return True
    return bool(anchor) and anchor not in map(slug, HEADING.findall(page.read_text()))


def requirements() -> Iterator[tuple[str, str, str]]:
    """Yield (number, verdict, evidence) of every requirement; one line may cover several."""
    for numbers, _subject, verdict, evidence in table_rows(ASVS, r"\d+\.\d+\.\d+(–\d+\.\d+\.\d+)?"):
        first, _, last = numbers.partition("–")
        section, _, start = first.rpartition(".")
        end = (last or first).rpartition(".")[2]
        for number in range(int(start), int(end) + 1):
            yield f"{section}.{number}", verdict, evidence


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_test_and_module_in_the_docs_exists(document: Path) -> None:
    named = REFERENCE.findall(text_of(document))

    assert [f"{path}::{name}" for path, name in named if not is_there(path, name)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_in_the_docs_resolves(document: Path) -> None:
    targets = [
        t for t in LINK.findall(text_of(document)) if not t.startswith(("https://", "mailto:"))
    ]

    assert [target for target in targets if leads_nowhere(document, target)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_command_in_the_docs_exists(document: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", text_of(Path("Makefile")), re.MULTILINE))

    make = set(re.findall(r"(?:`|^ {4})make ([\w-]+)", text_of(document), re.MULTILINE))
    ops = set(re.findall(r"flask ops ([\w-]+)", text_of(document)))

    assert make - targets == set()
    assert ops - set(cli.ops.commands) == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_setting_in_the_docs_is_used(document: Path) -> None:
    sources = [
        *CHECKOUT.glob("*.py"),
        CHECKOUT / "Dockerfile",
        *CHECKOUT.glob("*.yaml"),
        *CHECKOUT.glob("tests/**/*.py"),
        *CHECKOUT.glob("rehearsal/*.py"),
    ]
    read = {name for source in sources for name in SETTING.findall(source.read_text())}
    known = {name.upper() for name in Config.model_fields} | read

    named = set(SETTING.findall(REFERENCE.sub("", text_of(document))))

    assert named - known == set()


def test_every_attack_names_its_defence_and_test() -> None:
    attacks = list(table_rows(THREATS, r"[A-Z]\d+"))

    bare = [
        number
        for number, _attack, stop, shown, left in attacks
        if not (REFERENCE.search(stop) and ("`tests/" in shown or "No test" in shown) and left)
    ]

    assert len(attacks) == len({cells[0] for cells in attacks}) >= 30
    assert bare == []


def test_no_requirement_of_asvs_is_judged_twice() -> None:
    judged = Counter(number for number, _verdict, _evidence in requirements())

    assert [number for number, many in judged.items() if many > 1] == []


def test_what_is_met_has_evidence_and_what_is_not_a_reason() -> None:
    judged = list(requirements())

    bare = [
        number
        for number, verdict, evidence in judged
        if not evidence or (verdict in {"met", "partly"} and "`" not in evidence)
    ]

    assert {verdict for _number, verdict, _evidence in judged} <= VERDICTS
    assert bare == []


def test_the_summary_of_the_asvs_table_counts_right() -> None:
    counted = Counter(verdict for _number, verdict, _evidence in requirements())

    summary = dict(cells[:2] for cells in table_rows(ASVS, "|".join(VERDICTS)))

    assert summary == {verdict: str(counted[verdict]) for verdict in VERDICTS}
