"""Where results go: stdout, clean for pipes, or a file that is whole or not there."""

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.errors import RenderError

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["check_writable", "show", "write_file"]


def show(drawn: "Text | str") -> None:
    """Prints to stdout: with colours where that is a terminal, plain anywhere else."""
    if isinstance(drawn, str):
        sys.stdout.write(drawn)
    elif sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415 - `query` in a pipe need not load it

        Console(highlight=False, soft_wrap=True).print(drawn, end="")
    else:
        from logtriage.terminal import text_of  # noqa: PLC0415 - as above

        sys.stdout.write(text_of(drawn))
    sys.stdout.flush()


def check_writable(path: Path) -> None:
    """RenderError when a file of that name cannot be written, so that no long run ends in vain."""
    folder = path.resolve().parent
    try:
        is_folder, is_there, has_folder = path.is_dir(), path.exists(), folder.is_dir()
    except OSError as error:  # a folder on the way may not be entered, or the name is too long
        raise RenderError(f"--output is `{path}`: {error.strerror}. Choose another place.") from error
    if is_folder:
        raise RenderError(f"--output is `{path}`, which is a folder. Give the name of a file.")
    if not has_folder:
        raise RenderError(f"--output is `{path}`, but there is no folder `{folder}`. Make it first.")
    if not os.access(path if is_there else folder, os.W_OK):
        raise RenderError(f"--output is `{path}`, which may not be written. Choose another place.")


def write_file(path: Path, text: str) -> None:
    """The whole text, or RenderError and the file as it was. A device such as /dev/stdout is written directly."""
    check_writable(path)
    target = path.resolve()
    data = text.encode()
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
            return
        fresh = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            fresh.write_bytes(data)
            fresh.replace(target)
        finally:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RenderError(f"`{path}` cannot be written: {error.strerror}. Choose another place.") from error
