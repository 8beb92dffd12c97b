"""One daemon a store."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from logtriage.daemon.lock import hold_daemon_lock
from logtriage.errors import StoreError

_HOLD = """
import sys
from pathlib import Path
from logtriage.daemon.lock import hold_daemon_lock
with hold_daemon_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_daemon_is_told_who_holds_the_store_also_under_another_name(tmp_path: Path) -> None:
    database, link = tmp_path / "a.duckdb", tmp_path / "b.duckdb"
    link.symlink_to(database)
    told = rf"already \(process {os.getpid()}\)"

    with hold_daemon_lock(database):
        with pytest.raises(StoreError, match=told), hold_daemon_lock(database):
            pass
        with pytest.raises(StoreError, match=told), hold_daemon_lock(link):
            pass
        with hold_daemon_lock(tmp_path / "other.duckdb"):
            pass
    with hold_daemon_lock(link):
        pass


def test_the_lock_of_a_daemon_that_was_killed_is_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(tmp_path / "a.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match=f"process {process.pid}"), hold_daemon_lock(tmp_path / "a.duckdb"):
            pass
        process.kill()
        process.wait(10)

    with hold_daemon_lock(tmp_path / "a.duckdb"):
        pass


def test_a_place_where_no_lock_can_be_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match="cannot be made: No such file"),
        hold_daemon_lock(tmp_path / "no" / "a.duckdb"),
    ):
        pass
