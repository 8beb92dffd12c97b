"""Where a database may lie."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from collector.errors import StoreError
from collector.place import check_readable, check_writable, is_there


@pytest.mark.parametrize("place", ["file/s.duckdb", "absent/s.duckdb", "absent/inner/s.duckdb"])
def test_a_folder_that_is_missing_is_named_and_not_made(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    folder = str((tmp_path / place).parent)

    with pytest.raises(StoreError, match=f"there is no `{folder}`. Make it first"):
        check_writable(tmp_path / place)

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_place_that_is_free_is_good_for_writing_and_nothing_is_made(tmp_path: Path) -> None:
    check_writable(tmp_path / "s.duckdb")

    assert list(tmp_path.iterdir()) == []
    assert not is_there(tmp_path / "s.duckdb")


@pytest.mark.parametrize(
    ("place", "said"), [("/dev/null", "is no file"), (".", "is a folder"), (__file__, "is no DuckDB database")]
)
def test_what_is_no_database_is_told(place: str, said: str) -> None:
    for check in (check_readable, check_writable):
        with pytest.raises(StoreError, match=f"`{place}` {said}. "):
            check(Path(place))


def test_a_name_that_no_file_can_have_is_told() -> None:
    with pytest.raises(StoreError, match="cannot be reached: File name too long"):
        is_there(Path("a" * 300))


def test_a_read_only_disk_is_told_as_that_and_not_as_a_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # mounting one needs root
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY | os.ST_NOSUID))

    with pytest.raises(StoreError, match=r"cannot be written: its disk is read-only\. Give another"):
        check_writable(tmp_path / "s.duckdb")
