"""The wheel carries every package and data file, and its three names belong to nobody else."""

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_package_is_listed() -> None:
    listed = set(SETTINGS["tool"]["setuptools"]["packages"])
    floors = [ROOT / name for name in ("logtriage", "collector", "classifiers")]

    found = {".".join(path.parent.relative_to(ROOT).parts) for floor in floors for path in floor.rglob("__init__.py")}

    assert found == listed - {"logtriage.templates", "collector.queries"}


def test_data_files_are_of_the_listed_kinds() -> None:
    patterns = set(SETTINGS["tool"]["setuptools"]["package-data"]["*"])
    folders = [ROOT / name for name in ("queries", "templates", "logtriage", "classifiers", "collector")]

    kinds = {f"*{path.suffix}" for folder in folders for path in folder.rglob("*") if path.is_file()}

    assert kinds - {"*.py", "*.pyc"} <= patterns


def test_no_other_distribution_owns_our_names() -> None:
    owners = packages_distributions()

    assert {name: set(owners.get(name, ["logtriage"])) for name in ("logtriage", "collector", "classifiers")} == {
        "logtriage": {"logtriage"},
        "collector": {"logtriage"},
        "classifiers": {"logtriage"},
    }


def test_every_dependency_is_locked_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    wanted = [line.split(">")[0].split("=")[0] for line in SETTINGS["project"]["dependencies"]]

    assert [name for name in wanted if f"\n{name.lower()}==" not in f"\n{lock}"] == []
    assert "--hash=sha256:" in lock
