"""Killed while clients send spans; and several that work at one store, of which one is killed."""

import contextlib
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from benchmarks.reliability.checks import rows_of
from benchmarks.reliability.children import Child, Limits, run, start
from benchmarks.reliability.killed import Activity, Collecting
from tests.support.otlp import message, request, span

__all__ = ["Senders", "receiving", "together"]

_SENDERS = 2
_SPANS = 20  # a request
_LOAD_S = 1.2  # of clients, in which a kill comes
_READY_S = 30.0
_BEGUN_NS = time.time_ns()


class Senders:
    """Clients that send spans nobody sent before; `acknowledged` and `unsure` are ids by what was answered."""

    def __init__(self, url: str, *, first: int) -> None:
        self.url, self.next = url, first
        self.acknowledged: list[str] = []
        self.unsure: list[str] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(_SENDERS)]

    def begin(self) -> None:
        """They send until `end`, or until nobody answers."""
        for one in self._threads:
            one.start()

    def end(self) -> None:
        """They send no more."""
        self._stop.set()
        for one in self._threads:
            one.join()

    def _send(self) -> None:
        with httpx.Client(timeout=30) as client:
            while not self._stop.is_set():
                with self._lock:
                    first, self.next = self.next, self.next + _SPANS
                ids = [span_id(number) for number in range(first, first + _SPANS)]
                try:
                    answer = client.post(self.url, content=body_of(ids), headers=_PROTOBUF).status_code
                except httpx.HTTPError:
                    with self._lock:
                        self.unsure += ids
                    return
                with self._lock:
                    (self.acknowledged if answer == 200 else self.unsure).extend(ids)


_PROTOBUF = {"content-type": "application/x-protobuf"}


def span_id(number: int) -> str:
    """The id of one span."""
    return f"{number + 1:016x}"


def body_of(ids: list[str]) -> bytes:
    """A request with these spans."""
    spans = []
    for one in ids:
        begun_ns = _BEGUN_NS + int(one, 16) * 1000  # the same whenever it is sent
        spans.append(
            span({"http.request.method": "GET"}, spanId=one, traceId=one * 2, startTimeUnixNano=str(begun_ns),
                 endTimeUnixNano=str(begun_ns + 5_000_000))
        )  # fmt: skip
    return message(request(*spans))


class Receiver:
    """`logtriage receive` under load."""

    name = "receive"
    is_pruning = False

    def __init__(self, home: Path) -> None:
        self.home = home
        self.usual_s = _LOAD_S
        self.acknowledged: list[str] = []
        self.unsure: list[str] = []
        self.number = 0

    def begin(self, place: Path) -> None:
        """No store; nothing sent."""
        place.mkdir()
        self.acknowledged, self.unsure = [], []

    def start(self, place: Path) -> tuple[Child, str]:
        """The process, and where it listens."""
        words = ("receive", "--http", "127.0.0.1:0", "--db", "store.duckdb")
        child = start(words, folder=place, name=f"receiver-{self.number}")
        return child, ready_at(child)

    def senders(self, url: str) -> Senders:
        """Clients with ids of their own."""
        self.number += 1
        return Senders(url, first=self.number * 10_000_000)

    def strike(self, place: Path, moment_s: float, dice: random.Random) -> bool:
        """Clients send; the receiver is killed at that moment of it."""
        del dice
        child, url = self.start(place)
        senders = self.senders(url)
        senders.begin()
        child.begun_s = time.monotonic()
        was_alive = child.kill_after(moment_s)
        senders.end()
        self.acknowledged += senders.acknowledged
        self.unsure += senders.unsure
        return was_alive

    def lost(self, place: Path) -> list[str]:
        """Spans of requests that were answered with 200."""
        if not self.acknowledged:
            return []
        have = set(rows_of(place / "store.duckdb", "select span from spans")["span"])
        lost = set(self.acknowledged) - have
        return [f"{len(lost)} of {len(self.acknowledged)} acknowledged spans are not stored"] if lost else []

    def complete(self, place: Path) -> list[str]:
        """The clients send again what was not acknowledged, and a part of what was: each is stored once."""
        child, url = self.start(place)
        again = self.unsure + self.acknowledged[-3 * _SPANS :]
        with httpx.Client(timeout=30) as client:
            for at in range(0, len(again), _SPANS):
                answer = client.post(url, content=body_of(again[at : at + _SPANS]), headers=_PROTOBUF)
                if answer.status_code != 200:
                    return [f"answered {answer.status_code} after the kill"]
        code = child.stop()
        found = [f"the receiver ended with {code}: {child.said()}"] if code else []
        have = rows_of(place / "store.duckdb", "select span from spans")["span"].to_list()
        wanted = {*self.acknowledged, *self.unsure}
        if len(have) != len(wanted) or set(have) != wanted:
            found.append(f"{len(have)} spans for {len(wanted)}")
        return found


class Together(Collecting):
    """A pull, a receiver under load and looks at one store at the same time; one of the processes is killed."""

    name = "together"

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.receiver = Receiver(home)

    def begin(self, place: Path, *, is_fresh: bool = False) -> None:
        """A server for the pull; nothing sent."""
        super().begin(place, is_fresh=is_fresh)
        self.receiver.acknowledged, self.receiver.unsure = [], []

    def strike(self, place: Path, moment_s: float, dice: random.Random) -> bool:
        """The victim is drawn; the others end by themselves."""
        receiver, url = self.receiver.start(place)
        senders = self.receiver.senders(url)
        senders.begin()
        pull = self.start(place)
        look = start(("report", "--since", "2h", "--db", "store.duckdb"), folder=place, name="look", limits=Limits())
        victim = dice.choice((receiver, pull, pull, look))
        victim.begun_s = time.monotonic()
        was_alive = victim.kill_after(moment_s)
        for one in (pull, look):
            if one is not victim:
                one.ended()
        senders.end()
        if victim is not receiver:
            receiver.stop()
        self._late_arrive()
        self.receiver.acknowledged += senders.acknowledged
        self.receiver.unsure += senders.unsure
        return was_alive

    def lost(self, place: Path) -> list[str]:
        """Of the pull's and of the receiver's."""
        return super().lost(place) + self.receiver.lost(place)

    def complete(self, place: Path) -> list[str]:
        """Both to their end."""
        found = self.receiver.complete(place)
        code, said = run(self.words, folder=place, limits=Limits())
        found += [f"exit code {code}: {said}"] if code else []
        have = rows_of(place / "store.duckdb", "select insert_id from entries").height
        wanted = len(self.early) + len(self.late)
        return found + ([f"{have} entries of {wanted}"] if have != wanted else [])


def ready_at(child: Child) -> str:
    """Where a receiver takes traces, as it says itself."""
    until = time.monotonic() + _READY_S
    while time.monotonic() < until:
        for line in child.out.read_text(encoding="utf-8").splitlines():
            if "http://" in line:
                return line.split()[-1]
        time.sleep(0.01)
    raise TimeoutError(f"the receiver does not listen: {child.said()}")


@contextlib.contextmanager
def receiving(home: Path) -> Iterator[Activity]:
    """Receiver."""
    yield Receiver(home)


@contextlib.contextmanager
def together(home: Path) -> Iterator[Activity]:
    """Together, prepared."""
    folder = home / "together"
    folder.mkdir()
    one = Together(folder)
    try:
        one.prepare()
        yield one
    finally:
        one.close()
