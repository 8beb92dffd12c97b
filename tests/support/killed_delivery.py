"""A process that delivers, or stores a look, and is killed with SIGKILL at a step that is told: one fork for each case.

python -m tests.support.killed_delivery     reads cases as JSON lines, answers each with how its process ended
"""

import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from collector.config import StoreConfig
from collector.store import Store, Writer
from logtriage.delivery import Patience, deliver
from logtriage.message import Message
from logtriage.notifiers.channel import Heard, Place, Step
from tests.support.board import Board, BoardChannel, Trouble
from tests.support.telling_messages import NOW_NS, make_message, make_store, put

__all__ = ["AT_ONCE", "Killer", "Stage", "change_of", "killed", "points_of", "stages_of"]

AT_ONCE = Patience(looks=1, trusted_after_s=0.0, first_wait_s=0.01, longest_s=0.1, repeat_after_s=0.0)
_HANG_S = 0.25


def points_of(requests: int) -> list[str]:
    """Every step of a delivery that makes so many requests: around each row, each commit, each request and answer."""
    rows = [
        f"{when} {number}" for number in range(1, 2 * requests + 1) for when in ("before row", "inside", "after row")
    ]
    asked = [f"{when} {number}" for number in range(1, requests + 1) for when in ("before request", "after answer")]
    return [*rows, *asked, "before answer 1"]


def change_of(**fields: Any) -> Message:
    """What becomes of the incident an hour later: it is over, which is a reply, an edit and a close."""
    return make_message(state="resolved", made_at_ns=NOW_NS + 3_600 * 10**9, **fields)


@dataclass(frozen=True)
class Stage:
    """A database before a delivery, and the issues that are there by then."""

    path: Path
    issues: tuple[Any, ...]


def stages_of(folder: Path, board: Board) -> dict[str, Stage]:
    """Before a look is stored, before its incident is opened, and before its end is told."""
    for name in ("empty", "open", "change"):
        (folder / name).mkdir()
    empty = make_store(folder / "empty", is_made=True).path
    shutil.copy(empty, folder / "open")
    put(make_store(folder / "open"), make_message())
    shutil.copy(folder / "open" / empty.name, folder / "change")
    told = make_store(folder / "change")
    deliver(told, [BoardChannel.at(board.url)], patience=AT_ONCE)
    put(told, change_of())
    issues = {"empty": (), "open": (), "change": tuple(copy.deepcopy(board.issues))}
    return {name: Stage(folder / name / empty.name, one) for name, one in issues.items()}


def killed(stage: Stage, folder: Path, board: Board, killer: "Killer", point: str, *, can_find: bool = True) -> bool:
    """A delivery that is killed, and those of the next two cycles; whether the last had nothing left to do."""
    shutil.copy(stage.path, folder)
    board.issues = copy.deepcopy(list(stage.issues))
    board.troubles = [Trouble(200, hang_s=_HANG_S)] if point == "before answer 1" else []
    ended = killer.run(folder / stage.path.name, point, url=board.url, can_find=can_find)
    board.troubles = []
    channel = BoardChannel.at(board.url, can_find=can_find)
    first, second = (deliver(make_store(folder), [channel], patience=AT_ONCE)[0] for _ in range(2))
    return ended == "killed" and first.is_clean and not second.messages and not second.left


@dataclass
class _Steps:
    """Counts steps, and kills this process at one of them."""

    point: str
    seen: dict[str, int] = field(default_factory=dict)

    def reach(self, what: str) -> None:
        self.seen[what] = self.seen.get(what, 0) + 1
        if self.point == f"{what} {self.seen[what]}":
            os.kill(os.getpid(), signal.SIGKILL)


class _KilledStore(Store):
    """A store in whose transactions the process may end."""

    steps: _Steps

    @contextmanager
    def write(self) -> Iterator[Writer]:
        self.steps.reach("before row")
        with super().write() as writer:
            yield writer
            self.steps.reach("inside")
        self.steps.reach("after row")


@dataclass
class _KilledChannel:
    """A channel in whose requests the process may end."""

    channel: BoardChannel
    steps_seen: _Steps

    @property
    def name(self) -> str:
        return self.channel.name

    @property
    def can_find(self) -> bool:
        return self.channel.can_find

    def steps(self, message: Message, place: Place | None) -> tuple[Step, ...]:
        return self.channel.steps(message, place)

    def do(self, step: Step, message: Message, **named: Any) -> Place:
        self.steps_seen.reach("before request")
        left = self.channel.do(step, message, **named)
        self.steps_seen.reach("after answer")
        return left

    def find(self, step: Step, message: Message, **named: Any) -> Place | None:
        return self.channel.find(step, message, **named)

    def hear(self, places: Mapping[str, Place], *, since_ns: int) -> Sequence[Heard]:
        return self.channel.hear(places, since_ns=since_ns)


def _run(case: Mapping[str, Any]) -> None:
    steps = _Steps(case["point"])
    store = _KilledStore(StoreConfig(path=Path(case["db"])))
    store.steps = steps
    if case["point"] == "before answer 1":
        threading.Timer(_HANG_S / 2, os.kill, (os.getpid(), signal.SIGKILL)).start()
    if case["what"] == "put":
        put(store, make_message())
    else:
        channel = _KilledChannel(BoardChannel.at(case["url"], can_find=case["can_find"]), steps)
        deliver(store, [channel], patience=AT_ONCE)


def _serve() -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                _run(json.loads(line))
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        told = "killed" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL else "ended"
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()


class Killer:
    """The process that runs cases, while the block runs."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.killed_delivery"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self

    def __exit__(self, *args: object) -> None:
        self._process.communicate(timeout=300)

    def run(self, db: Path, point: str, *, url: str = "", what: str = "deliver", can_find: bool = True) -> str:
        """How the process ended: killed at this step, or by itself where it has none such."""
        case = {"db": str(db), "point": point, "url": url, "what": what, "can_find": can_find}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(case)}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


if __name__ == "__main__":
    _serve()
