"""A written analysis from a file or from stdin: text, or one plain sentence why it is none."""

import sys
from pathlib import Path

from logtriage.errors import ConfigError
from logtriage.escape import plain

__all__ = ["read_analysis"]

_MOST_BYTES = 1024 * 1024
_STDIN = "-"
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27})  # that no text holds; a coloured log has escapes


def read_analysis(name: str) -> str:
    """The text of a file, or of stdin for `-`. ConfigError for what is empty, binary, too large or not there."""
    told = "FILE is `-`, stdin" if name == _STDIN else f"FILE is `{plain(name, 300)}`"
    if not name:
        raise ConfigError("FILE is ``, an empty text. Give the file of an analysis, or `-` for stdin.")
    data = _bytes(name, told)
    if len(data) > _MOST_BYTES:
        raise ConfigError(
            f"{told}, which holds more than {_MOST_BYTES >> 20} MiB. Give the analysis alone, without its logs."
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decoded(data, "utf-16", told)
    if data.translate(None, _CONTROLS) != data:
        raise ConfigError(f"{told}, which is binary. Give a text, such as Markdown.")
    text = _decoded(data, "utf-8-sig", told)
    if not text.strip():
        raise ConfigError(f"{told}, which is empty. Give the text of an analysis.")
    return text


def _bytes(name: str, told: str) -> bytes:
    """At most one byte more than may be read."""
    if name == _STDIN:
        return sys.stdin.buffer.read(_MOST_BYTES + 1)
    path = Path(name)
    try:
        if path.is_dir():
            raise ConfigError(f"{told}, which is a folder. Give one file.")
        with path.open("rb") as file:
            return file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{told}, which is not there. Correct the path, or give `-` for stdin.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no path"
        raise ConfigError(f"{told}, which cannot be read: {reason}. Give another file.") from error


def _decoded(data: bytes, encoding: str, told: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{told}, which is no UTF-8 text (byte {error.start:,}). Save it as UTF-8.") from error
