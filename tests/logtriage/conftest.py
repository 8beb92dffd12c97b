"""The command line in this process, and a folder in which the demo ran."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from logtriage.cli import run as run_command
from tests.support.command_line import Done, Run, options, spawn


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, in an empty folder or the one given: ten times as fast."""
    for name in [name for name in os.environ if name.startswith("LOGTRIAGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")

    def here(*words: str, folder: Path = tmp_path) -> Done:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["logtriage", *words])
        with pytest.raises(SystemExit) as ended:
            run_command()
        shown = capsys.readouterr()
        return Done(int(ended.value.code or 0), shown.out, shown.err)

    return here


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `logtriage demo` ran."""
    folder = tmp_path_factory.mktemp("demo")
    done = spawn(folder, "demo")
    assert (done.returncode, done.stderr) == (0, "")
    (folder / "stdout").write_text(done.stdout, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def told(demo: Path) -> str:
    """The findings of the demo's window, as JSON on stdout."""
    done = spawn(demo, "report", *options(demo), "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def own(demo: Path, tmp_path: Path) -> tuple[str, ...]:
    """A copy of the demo's database, and the options that see its window: for what stores something."""
    copy = tmp_path / "own.duckdb"
    shutil.copy(demo / options(demo)[1], copy)
    return ("--db", str(copy), *options(demo)[2:])
