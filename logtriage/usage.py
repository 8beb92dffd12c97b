"""A wrong command line in one plain line: what is wrong, where, and which help to read. No I/O."""

import re
from collections.abc import Sequence
from typing import Any

from logtriage.escape import plain

__all__ = ["usage_line"]

_QUOTED = re.compile(r"'([^']*)'")
_NEAR = re.compile(r" \(Possible options: ([^)]*)\)")
_VALUE_SHOWN = 80


def usage_line(error: Any, words: Sequence[str], commands: Sequence[str]) -> str:
    """The line for an error of that kind; `words` are those of the command line, `commands` the known ones.

    Empty where Typer has printed the help instead, because there are no words at all.
    """
    said = plain(error.format_message())
    if not said or not words:
        return ""
    said = _NEAR.sub(r". Did you mean \1?", _QUOTED.sub(r"`\1`", said)).replace("Value error, ", "")
    value = _refused(error)
    if value is not None:
        said = said.replace("Input should be", f"`{plain(value, _VALUE_SHOWN)}` should be").partition(", unable to")[0]
    command = next((word for word in words if word in commands), "")
    end = "" if said.endswith("?") else "."
    return (
        f"{said.rstrip('.').replace('?.', '?')}{end} See `{' '.join(filter(None, ('logtriage', command, '--help')))}`."
    )


def _refused(error: Exception) -> Any:
    """The value that could not be read, where the library says it."""
    cause: Any = error.__cause__ or error.__context__
    told = cause.errors() if hasattr(cause, "errors") else []
    return told[0].get("input") if told else None
