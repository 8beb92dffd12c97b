"""The place of the database file: whether one can be there, be read and be written. Makes no file and changes none.

Asked before DuckDB is, which would take some other files for a database, and says less of what is missing.
"""

import os
import stat
from pathlib import Path

from collector.errors import StoreError

__all__ = ["check_readable", "check_writable", "is_there", "sync_file", "sync_folder", "wal_of"]

MAGIC, MAGIC_AT = b"DUCK", 8  # where every DuckDB file bears its mark
_ELSEWHERE = "Give another place with --db or store.path"


def is_there(path: Path) -> bool:
    """Whether something has that name; StoreError when the system does not say."""
    return _status(path) is not None


def check_readable(path: Path) -> None:
    """StoreError for what DuckDB would take for another kind of database, and for a folder or a device."""
    status = _status(path)
    if status is None:
        return
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no file"
        raise StoreError(f"The database `{path}` is {kind}. Give a file with --db or store.path.")
    try:
        with path.open("rb") as file:
            begin = file.read(MAGIC_AT + len(MAGIC))
    except OSError:
        return  # DuckDB's own words are told
    if begin and begin[MAGIC_AT:] != MAGIC:  # one without a byte may be on its way: DuckDB says so if it is not
        raise StoreError(f"The database `{path}` is no DuckDB database. {_ELSEWHERE}.")


def check_writable(path: Path) -> None:
    """StoreError when no database can be made or changed there."""
    check_readable(path)
    folder = path.parent
    if not folder.is_dir():
        raise StoreError(
            f"The database `{path}` has no folder: there is no `{folder}`. Make it first with mkdir -p, or give "
            "another place with --db or store.path."
        )
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        raise StoreError(f"The database `{path}` cannot be written: its disk is read-only. {_ELSEWHERE}.")
    if not os.access(folder, os.W_OK | os.X_OK) or not os.access(path if is_there(path) else folder, os.W_OK):
        raise StoreError(
            f"The database `{path}` cannot be written: no permission on it or on its folder. "
            f"{_ELSEWHERE}, or mend the permissions."
        )


def wal_of(path: Path) -> Path:
    """The engine's log of changes that are not in the database file yet; there while it writes, or after a kill."""
    return path.with_name(f"{path.name}.wal")


def sync_file(path: Path) -> None:
    """Waits until the file is on the disk itself."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Waits until the names in a folder are on the disk itself: a new file may be without one after a power cut."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, mode: int) -> None:
    handle = os.open(path, mode | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _status(path: Path) -> os.stat_result | None:
    """What the system knows of the file; None when there is none."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreError(
            f"The database `{path}` cannot be reached: {error.strerror}. {_ELSEWHERE}, or mend the permissions."
        ) from error
