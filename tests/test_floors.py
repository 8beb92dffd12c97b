"""Imports run one way: logtriage -> classifiers -> collector. Never back, never in a circle."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("collector", "classifiers", "logtriage")  # from the lowest up
MODULES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))


@cache
def parsed(path: Path) -> tuple[tuple[str, ...], str | None]:
    """Every module that a file imports, at its top or inside its functions, and what it says that it is."""
    names: list[str] = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where it goes"
            names.append(node.module or "")
    return tuple(names), ast.get_docstring(tree)


def imported(path: Path) -> tuple[str, ...]:
    return parsed(path)[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_import_climbs(path: Path) -> None:
    floor = FLOORS.index(path.relative_to(ROOT).parts[0])

    climbing = [name for name in imported(path) if name.split(".")[0] in FLOORS[floor + 1 :]]

    assert climbing == []


def test_only_the_store_and_the_engine_know_duckdb() -> None:
    knowing = {str(path.relative_to(ROOT)) for path in MODULES if "duckdb" in imported(path)}

    assert knowing == {
        "collector/store.py", "collector/connecting.py", "collector/database_files.py", "collector/normalise/engine.py",
    }  # fmt: skip


def test_modules_import_in_no_circle() -> None:
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in MODULES}
    arrows = {name: {used for used in imported(path) if used in names} for name, path in names.items()}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above, name))
        if name not in done:
            for used in sorted(arrows[name]):
                visit(used, (*above, name))
            done.add(name)

    for name in arrows:
        visit(name, ())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_passes_six_hundred_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is(path: Path) -> None:
    assert parsed(path)[1]
