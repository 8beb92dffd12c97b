"""An engine is kept for the next file, and nothing of the file before it is."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from collector import connecting
from collector.config import StoreConfig
from collector.connecting import attached, close_idle, rows_of

_MUCH = (  # more than fits into memory
    "set memory_limit = '60MiB'",
    "create table numbers as select range as number, md5(range::varchar) as text from range(2000000) order by text",
)


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """One number for each engine that was made."""
    close_idle()
    made: list[int] = []
    connect: Callable[..., Any] = duckdb.connect

    def counted(*args: Any, **kwargs: Any) -> Any:
        made.append(len(made))
        return connect(*args, **kwargs)

    monkeypatch.setattr(duckdb, "connect", counted)
    yield made
    close_idle()


def _settings(path: Path) -> dict[str, Any]:
    return StoreConfig(path=path).engine


def _write(path: Path, *statements: str) -> None:
    with attached(str(path), read_only=False, settings=_settings(path)) as connection:
        for statement in statements:
            connection.execute(statement).fetchall()


def _rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with attached(str(path), read_only=True, settings=_settings(path)) as connection:
        return rows_of(connection, sql, {}).rows()


def _is_open(path: Path) -> bool:
    held = Path("/proc/self/fd")
    return any(os.path.realpath(one) == str(path) for one in held.iterdir())


def test_one_engine_serves_files_one_after_the_other(engines: list[int], tmp_path: Path) -> None:
    one, other = tmp_path / "one's.duckdb", tmp_path / "other.duckdb"

    _write(one, "create table numbers as select 1 as number")
    _write(other, "create table numbers as select 2 as number")

    assert _rows(one, "select number from numbers") == [(1,)]
    assert _rows(other, "select number from numbers") == [(2,)]
    assert len(engines) == 1


def test_what_is_committed_is_in_the_file_and_the_file_is_let_go(engines: list[int], tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"

    _write(path, "begin", "create table numbers as select 1 as number", "commit")

    assert not _is_open(path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s.duckdb"]  # and no log of changes
    assert duckdb.connect(path).execute("select number from numbers").fetchall() == [(1,)]


def test_nothing_of_a_connection_is_there_for_the_next(engines: list[int], tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    _write(path, "create table numbers as select 1 as number")
    _write(
        path, "create temp table numbers as select 2 as number", "create temp view seen as select 1",
        "set variable told = 3", "set timezone = 'Asia/Tokyo'",
    )  # fmt: skip

    assert _rows(
        path, "select number, getvariable('told'), current_setting('timezone') != 'Asia/Tokyo' from numbers"
    ) == [(1, None, True)]
    with pytest.raises(duckdb.CatalogException):
        _rows(path, "select * from seen")
    assert len(engines) == 1


def test_an_engine_in_which_something_failed_is_not_kept_and_nothing_is_committed(
    engines: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "s.duckdb"
    _write(path, "create table numbers as select 1 as number")

    with pytest.raises(duckdb.Error):
        _write(path, "begin", "insert into numbers values (2)", "select nothing from nowhere")

    assert not _is_open(path)
    assert _rows(path, "select number from numbers") == [(1,)]
    assert len(engines) == 2


def test_what_was_begun_and_not_committed_is_rolled_back(engines: list[int], tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    _write(path, "create table numbers as select 1 as number")

    _write(path, "begin", "insert into numbers values (2)")

    assert _rows(path, "select number from numbers") == [(1,)]
    assert not _is_open(path)


def test_an_engine_that_a_users_query_has_locked_is_not_kept(engines: list[int], tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    _write(path, "create table numbers as select 1 as number")
    _write(path, "set enable_external_access = false")

    assert _rows(path, "select number from numbers") == [(1,)]
    assert len(engines) == 2


def test_an_engine_that_holds_much_is_not_kept(engines: list[int], tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"

    _write(path, "create table numbers as select range as number, md5(range::varchar) as text from range(1000000)")

    assert connecting._idle == []
    assert _rows(path, "select count(*) from numbers") == [(1_000_000,)]


def test_an_engine_that_wrote_beside_the_file_is_not_kept(engines: list[int], tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"

    _write(path, *_MUCH)

    assert not Path(f"{path}.tmp").exists()
    assert _rows(path, "select count(*) from numbers") == [(2_000_000,)]
    assert len(engines) == 2


def test_an_engine_whose_folder_beside_the_file_was_removed_meanwhile_is_not_taken(
    engines: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "s.duckdb"
    with attached(str(path), read_only=False, settings=_settings(path)) as connection:
        connection.execute(_MUCH[0]).fetchall()
        connection.execute(_MUCH[1]).fetchall()
        shutil.rmtree(f"{path}.tmp")

    assert len(connecting._idle) == 1
    assert _rows(path, "select count(*) from numbers") == [(2_000_000,)]
    assert len(engines) == 2


def test_files_that_are_open_at_once_have_an_engine_each_and_two_are_kept(engines: list[int], tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.duckdb" for number in range(3)]
    for path in paths:
        _write(path, "create table numbers as select 1 as number")

    opened = [attached(str(path), read_only=True, settings=_settings(path)) for path in paths]
    for one in opened:
        one.__enter__()
    for one in opened:
        one.__exit__(None, None, None)

    assert len(engines) == 3
    assert len(connecting._idle) == 2


def test_engines_of_other_settings_are_not_taken(engines: list[int], tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    _write(path, "create table numbers as select 1 as number")

    settings = StoreConfig(path=path, threads=1).engine
    with attached(str(path), read_only=True, settings=settings) as connection:
        assert rows_of(connection, "select current_setting('threads') as threads", {}).item() == 1


def test_an_engine_is_made_anew_after_many_files(
    engines: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "_MOST_FILES", 3)
    path = tmp_path / "s.duckdb"
    _write(path, "create table numbers as select 1 as number")

    found = [_rows(path, "select number from numbers") for _ in range(6)]

    assert found == [[(1,)]] * 6
    assert len(engines) == 3


def test_a_forked_child_makes_its_own(engines: list[int], tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    _write(path, "create table numbers as select 1 as number")

    child = os.fork()
    if not child:
        with attached(str(path), read_only=True, settings=_settings(path)) as connection:
            found = connection.execute("select number from numbers").fetchall()
        os._exit(0 if found == [(1,)] else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert connecting._idle == []
