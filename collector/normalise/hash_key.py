"""The key of all keyed hashes: from the environment, else from a file beside the database, its owner's alone."""

import hashlib
import os
import secrets
import stat
from pathlib import Path

from collector.errors import ConfigError

__all__ = ["KEY_VARIABLE", "load_key"]

KEY_VARIABLE = "LOGTRIAGE_HASH_KEY"
_KEY_BYTES = 16  # below 128 bits a keyed hash could be searched
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_key(path: Path) -> bytes:
    """The key of all keyed hashes: from LOGTRIAGE_HASH_KEY, else from a file at path, made once (mode 600).

    A file that others may read is closed to them.
    """
    given = os.environ.get(KEY_VARIABLE, "")
    if given:
        return hashlib.sha256(given.encode()).digest()
    try:
        _make_key_file(path)
        _close_to_others(path)
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not hexadecimal"
        raise ConfigError(
            f"The key for hashes `{path}` cannot be used: {reason}. Make the folder writable, or set {KEY_VARIABLE}."
        ) from error
    if len(key) < _KEY_BYTES:
        raise ConfigError(f"The key for hashes `{path}` is too short. Delete the file to make a new one.")
    return key


def _close_to_others(path: Path) -> None:
    """Takes group and others their rights; what belongs to another account or lies on a read-only disk stays."""
    told = path.stat()
    if told.st_mode & _OTHERS and told.st_uid == os.geteuid() and not path.is_symlink():
        try:
            path.chmod(stat.S_IMODE(told.st_mode) & ~_OTHERS)
        except OSError:
            return  # `logtriage doctor` tells it


def _make_key_file(path: Path) -> None:
    """Writes a new key unless there is one; two processes at once end with one of the two keys."""
    if path.exists():
        return
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
