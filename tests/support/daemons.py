"""A daemon as a process of its own, with its log as it is written."""

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.command_line import MAIN

__all__ = ["Running", "daemon", "write_settings"]


@dataclass
class Running:
    """`log` has the lines so far."""

    process: "subprocess.Popen[str]"
    log: list[str] = field(default_factory=list)
    _lines: "queue.Queue[str | None]" = field(default_factory=queue.Queue)

    def read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def until(self, word: str, within_s: float = 300.0) -> str:
        """The next line of the log that holds the word."""
        until = time.monotonic() + within_s
        while True:
            line = self._lines.get(timeout=max(0.01, until - time.monotonic()))
            assert line is not None, "\n".join(self.log)
            self.log.append(line)
            if word in line:
                return line

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Exit code."""
        self.process.send_signal(number)
        code = self.process.wait(300)
        while (line := self._lines.get(timeout=300)) is not None:
            self.log.append(line)
        return code


def write_settings(folder: Path, **sections: Any) -> None:
    """config.yaml of these sections, over the database `d.duckdb`, into which the daemon writes nothing of its own."""
    text = json.dumps({"store": {"path": "d.duckdb"}, "telemetry": {"watch_itself": False}} | sections)
    (folder / "config.yaml").write_text(text, encoding="utf-8")


@contextmanager
def daemon(folder: Path) -> Iterator[Running]:
    """`logtriage daemon` in that folder; killed at the end where it still runs."""
    given = {key: value for key, value in os.environ.items() if not key.startswith("LOGTRIAGE_")}
    with subprocess.Popen([*MAIN, "daemon"], cwd=folder, env=given, stderr=subprocess.PIPE, text=True) as process:
        running = Running(process)
        reader = threading.Thread(target=running.read)
        reader.start()
        try:
            yield running
        finally:
            process.kill()
            reader.join()
