"""Files and folders without permission, as a subprocess that obeys it: one plain line, exit code 1, nothing lost."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import MAIN
from tests.support.permission import without_override

_ENTRY = {
    "insertId": "a1", "timestamp": "2026-09-14T20:00:00Z", "textPayload": "hello",
    "logName": "projects/p/logs/run.googleapis.com%2Fstderr",
    "resource": {"type": "cloud_run_revision", "labels": {"service_name": "s", "revision_name": "s-1"}},
}  # fmt: skip


def _spawn(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    given = {key: value for key, value in os.environ.items() if not key.startswith("LOGTRIAGE_")}
    return subprocess.run(
        [*MAIN, *words],
        cwd=folder, env=given, capture_output=True, text=True, check=False, timeout=300,
        preexec_fn=without_override(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a database, a dump and a configuration, of each one copy that is `shut`, and a `closed` folder."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "dump.jsonl").write_text(json.dumps(_ENTRY), encoding="utf-8")
    done = _spawn(folder, "import", "dump.jsonl", "--db", "good.duckdb")
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("shut.duckdb", "shut.jsonl", "shut.yaml", "shut.md", "keyless.duckdb.key"):
        (folder / name).touch()
        (folder / name).chmod(0o000)
    closed, fixed = folder / "closed", folder / "fixed"
    for inner in (closed, fixed):
        inner.mkdir()
        (inner / "dump.jsonl").write_bytes((folder / "dump.jsonl").read_bytes())
        (inner / "good.duckdb").write_bytes((folder / "good.duckdb").read_bytes())
    closed.chmod(0o000)
    fixed.chmod(0o555)
    yield folder
    closed.chmod(0o700)
    fixed.chmod(0o700)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("report --db shut.duckdb", "The database `shut.duckdb` cannot be opened: no permission. "),
        ("import dump.jsonl --db shut.duckdb", "The database `shut.duckdb` cannot be written: no permission"),
        ("report --db closed/good.duckdb", "The database `closed/good.duckdb` cannot be reached: Permission denied."),
        ("import dump.jsonl --db closed/new.duckdb", "The database `closed/new.duckdb` cannot be reached: "),
        ("import dump.jsonl --db fixed/new.duckdb", "The database `fixed/new.duckdb` cannot be written: no permission"),
        ("import dump.jsonl --db fixed/good.duckdb", "The database `fixed/good.duckdb` cannot be written: "),
        ("import dump.jsonl --db keyless.duckdb", "The key for hashes `keyless.duckdb.key` cannot be used: "),
        ("import shut.jsonl", "`shut.jsonl` may not be read. Grant read permission on it."),
        ("import closed/dump.jsonl", "`closed/dump.jsonl` cannot be read: Permission denied. "),
        ("import closed", "The folder `closed` cannot be opened: Permission denied. "),
        ("report --config shut.yaml", "shut.yaml cannot be read: Permission denied. Check its permissions."),
        ("report --config closed/c.yaml", "closed/c.yaml cannot be read: Permission denied. Check its permissions."),
        ("report --db good.duckdb --output shut.md", "--output is `shut.md`, which may not be written. "),
        ("report --db good.duckdb --output closed/a.md", "--output is `closed/a.md`: Permission denied. "),
        ("report --db good.duckdb --output fixed/a.md", "--output is `fixed/a.md`, which may not be written. "),
        ("demo --folder fixed", "--folder is `fixed`, in which nothing may be written. "),
        ("demo --folder closed", "--folder is `closed`, in which nothing may be written. "),
        ("demo --folder closed/inner", "--folder is `closed/inner`, which cannot be made: Permission denied. "),
    ],
)
def test_what_may_not_be_read_or_written_is_one_plain_line(place: Path, words: str, line: str) -> None:
    before = sorted(path.name for path in place.iterdir())

    done = _spawn(place, *words.split())

    assert done.stderr.startswith(line)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    left = {path.name for path in place.iterdir()} - set(before)
    assert {name for name in left if not name.endswith((".gate", ".turn"))} == set()


def test_a_database_in_a_folder_that_may_not_be_written_is_read(place: Path) -> None:
    done = _spawn(place, "query", "select count(*) as many from entries", "--db", "fixed/good.duckdb")

    assert (done.returncode, done.stdout, done.stderr) == (0, "many\n1\n", "")


def test_what_may_not_be_read_in_a_folder_is_skipped_and_told(place: Path, tmp_path: Path) -> None:
    done = _spawn(place, "import", ".", "--db", str(tmp_path / "all.duckdb"))

    assert (done.returncode, done.stderr) == (0, "")
    assert "skipped shut.jsonl: `shut.jsonl` may not be read. Grant read permission on it.\n" in done.stdout
    assert "closed: cannot be opened: Permission denied\n" in done.stdout
