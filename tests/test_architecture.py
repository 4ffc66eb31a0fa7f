"""Check the import layers, from the syntax tree."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bcapp.database import CHECKOUT

# Lowest first: a module imports from lower layers and from its own package, never sideways. There
# are as many layers as the longest chain of imports has modules.
LAYERS: tuple[set[str], ...] = (
    {"__init__", "database", "metrics", "language", "outcomes"},
    {"config", "vault", "session_token", "redaction", "carriers", "bigcommerce", "models"},
    {"install_limit", "activity"},
    {"attempts"},
    {"stores", "store_information", "connections", "zones", "maintenance"},
    {"presenters", "runtime", "logs"},
    {"views", "cli"},
    {"factory"},
)
SIDEWAYS = {("bigcommerce", "config")}  # whose base URLs and credentials it uses
LIBRARIES = {
    "flask": {"language", "runtime", "logs", "views", "cli", "factory"},
    "flask_babel": {"language"},
    "babel": {"language"},
    "sqlalchemy": {"database", "config", "models"}.union(*LAYERS[2:]),
    "requests": {"bigcommerce", "runtime"},  # runtime keeps the connection pool
    "urllib3": {"bigcommerce"},
    "authlib": {"bigcommerce"},
    "prometheus_client": {"metrics"},
}
LAYER_OF = {module: layer for layer, modules in enumerate(LAYERS) for module in modules}
SHARED_BY_PAGES = {"session", "request_context", "errors", "carrier_detail"}


def files(folder: str) -> list[Path]:
    return [path.relative_to(CHECKOUT) for path in sorted((CHECKOUT / folder).rglob("*.py"))]


def module_of(file: Path) -> str:
    """Return the module or package of `bcapp` that a file belongs to."""
    return file.with_suffix("").parts[1]


def imports(file: Path) -> Iterator[tuple[str, ...]]:
    """Yield the imported names as tuples: ("bcapp", "config", "Config")."""
    for node in ast.walk(ast.parse((CHECKOUT / file).read_text())):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A relative import begins with "", which no test below accepts.
            package = "" if node.level else f"{node.module}"
            yield from ((*package.split("."), alias.name) for alias in node.names)


def imported_modules(file: Path) -> set[str]:
    """Return the other modules and packages of `bcapp` that a file imports."""
    return {name[1] for name in imports(file) if name[0] == "bcapp"} - {module_of(file)}


def test_every_module_has_a_layer() -> None:
    assert {module_of(file) for file in files("bcapp")} == set(LAYER_OF)


@pytest.mark.parametrize("file", files("bcapp"), ids=str)
def test_modules_import_from_lower_layers_only(file: Path) -> None:
    module = module_of(file)

    allowed = {lower for lower, layer in LAYER_OF.items() if layer < LAYER_OF[module]}
    allowed |= {beside for importer, beside in SIDEWAYS if importer == module}

    assert imported_modules(file) - allowed == set()


@pytest.mark.parametrize("file", files("bcapp"), ids=str)
def test_a_library_is_used_only_where_it_belongs(file: Path) -> None:
    used = {name[0] for name in imports(file)} & set(LIBRARIES)

    assert {library for library in used if module_of(file) not in LIBRARIES[library]} == set()


@pytest.mark.parametrize("file", files("bcapp/views"), ids=str)
def test_views_share_only_session_context_and_errors(file: Path) -> None:
    siblings = {name[2] for name in imports(file) if name[:2] == ("bcapp", "views")}

    assert siblings <= SHARED_BY_PAGES


def test_logs_import_only_redaction() -> None:
    assert imported_modules(Path("bcapp/logs.py")) == {"redaction"}


@pytest.mark.parametrize("file", files("bcapp"), ids=str)
def test_the_app_imports_neither_sandbox_nor_tests_nor_its_entry_point(file: Path) -> None:
    assert {name[0] for name in imports(file)} & {"sandbox", "tests", "app", ""} == set()


@pytest.mark.parametrize("file", files("sandbox"), ids=str)
def test_the_sandbox_does_not_import_the_app(file: Path) -> None:
    assert {name[0] for name in imports(file)} & {"bcapp", "tests", "app", ""} == set()
