"""The command line, run as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MAIN", "Done", "Run", "options", "spawn"]

Run = Callable[..., "Done"]
MAIN = [sys.executable, "-c", "from logtriage.cli import main; main()"]


@dataclass(frozen=True)
class Done:
    """What a run of logtriage left behind."""

    returncode: int
    stdout: str
    stderr: str


def spawn(folder: Path, *words: str) -> Done:
    """Runs logtriage as a process of its own."""
    given = {key: value for key, value in os.environ.items() if not key.startswith("LOGTRIAGE_")}
    done = subprocess.run([*MAIN, *words], cwd=folder, env=given, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def options(demo: Path) -> tuple[str, ...]:
    """The options that see the demo's window, as its report prints them."""
    text = " ".join((demo / "stdout").read_text(encoding="utf-8").split())
    words = text.partition("logtriage show NUMBER ")[2].split()[:6]
    assert words[::2] == ["--db", "--since", "--until"]
    return tuple(words)
