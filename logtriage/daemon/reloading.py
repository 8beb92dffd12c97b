"""The file of settings of a running daemon: whether its content is another than when it was looked at last."""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

__all__ = ["SettingsFile"]


class SettingsFile:
    """Looks at what `find` names at the time; a file that is missing or cannot be read is a content, too."""

    def __init__(self, find: Callable[[], Path | None]) -> None:
        self._find = find
        self._last = self._content()

    def has_changed(self) -> bool:
        """Since the last time that this was asked."""
        before, self._last = self._last, self._content()
        return before != self._last

    def _content(self) -> str:
        path = self._find()
        if path is None or not path.is_file():  # what comes through a pipe can be read once only
            return f"no file: {path}"
        try:
            return blake2b(path.read_bytes()).hexdigest()
        except OSError as error:
            return f"not read: {error.errno}"
