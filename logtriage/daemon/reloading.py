"""Settings that a running daemon reads anew: whether their file has other content; used by all parts or by none."""

import contextlib
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from logtriage.config import Config
from logtriage.errors import LogtriageError

__all__ = ["SettingsFile", "use_all"]


class Follower(Protocol):
    """What runs beside the jobs as the settings say. What it refuses leaves it as it was, if that is possible."""

    def use(self, config: Config) -> None:
        """As these settings say; where they say what it does already, nothing is touched."""
        ...


def use_all(followers: Sequence[Follower], fresh: Config, current: Config) -> None:
    """All follow the fresh settings; where one refuses them, those before it go back to the current ones."""
    used: list[Follower] = []
    try:
        for one in followers:
            one.use(fresh)
            used.append(one)
    except BaseException:
        for one in reversed(used):
            with contextlib.suppress(LogtriageError):
                one.use(current)
        raise


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
