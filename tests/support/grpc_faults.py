"""How a scripted gRPC server misbehaves: one Fault an answer, taken from a list or drawn from a seed."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

__all__ = [
    "Arrive",
    "Cut",
    "Fault",
    "FaultScript",
    "ForgetTokens",
    "Late",
    "Never",
    "Refuse",
    "SamePageAgain",
    "Shuffle",
    "parse_faults",
]


@dataclass(frozen=True)
class Late:
    """Answers after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Refuse:
    """Answers with a status; retry_info_s and retry_after_s say how long to wait, in the two notations there are."""

    code: grpc.StatusCode
    message: str = "scripted"
    retry_info_s: float | None = None
    retry_after_s: float | None = None
    reason: str = ""

    def abort(self, context: Any) -> None:
        details = []
        if self.retry_info_s is not None:
            info = error_details_pb2.RetryInfo()
            info.retry_delay.CopyFrom(_duration(self.retry_info_s))
            details.append(_packed(info))
        if self.reason:
            details.append(_packed(error_details_pb2.ErrorInfo(reason=self.reason, domain="googleapis.com")))
        status = status_pb2.Status(code=self.code.value[0], message=self.message, details=details)
        trailing: list[tuple[str, Any]] = []
        if details:
            trailing.append(("grpc-status-details-bin", status.SerializeToString()))
        if self.retry_after_s is not None:
            trailing.append(("retry-after", str(self.retry_after_s)))
        context.set_trailing_metadata(tuple(trailing))
        context.abort(self.code, self.message)


@dataclass(frozen=True)
class Never:
    """Never answers; the handler ends when the caller hangs up."""


@dataclass(frozen=True)
class Cut:
    """The connection breaks after so many bytes of the answer; needs a CuttingProxy in front."""

    after_bytes: int = 2000


@dataclass(frozen=True)
class SamePageAgain:
    """The answer before this one once more, its entries and not its token: a page that arrives twice."""


@dataclass(frozen=True)
class Shuffle:
    """The page's entries in another order."""


@dataclass(frozen=True)
class ForgetTokens:
    """All page tokens given out so far are worthless from this call on."""


@dataclass(frozen=True)
class Arrive:
    """Something happens at the server before it answers: entries arrive, for example."""

    action: Callable[[], None]


Fault = Late | Refuse | Never | Cut | SamePageAgain | Shuffle | ForgetTokens | Arrive | None


class FaultScript:
    """The faults of the calls to come: those queued first, then whatever `draw` gives, then none."""

    def __init__(self, *queued: Fault, draw: Callable[[], Fault] | None = None) -> None:
        self._queued = list(queued)
        self._draw = draw
        self._lock = threading.Lock()
        self.given: list[Fault] = []

    def queue(self, *faults: Fault) -> None:
        with self._lock:
            self._queued += faults

    def next(self) -> Fault:
        with self._lock:
            fault = self._queued.pop(0) if self._queued else self._draw() if self._draw else None
            self.given.append(fault)
            return fault


def obey(fault: Fault, context: Any) -> None:
    """What can be done before the answer is made: waiting, refusing, being silent, letting things happen."""
    if isinstance(fault, Late):
        time.sleep(fault.seconds)
    elif isinstance(fault, Arrive):
        fault.action()
    elif isinstance(fault, Refuse):
        fault.abort(context)
    elif isinstance(fault, Never):
        hung_up = threading.Event()
        if context.add_callback(hung_up.set):
            hung_up.wait(60)
        context.abort(grpc.StatusCode.CANCELLED, "the caller hung up")


def parse_faults(text: str, *, seed: int, retry_info_s: float) -> FaultScript:
    """`429:0.05,503:0.05,late:0.02,twice:0.02,shuffle:0.1,tokens:0.01,cut:0.01`: kind and its share of the calls."""
    kinds: dict[str, Fault] = {
        "429": Refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded", retry_info_s=retry_info_s),
        "503": Refuse(grpc.StatusCode.UNAVAILABLE, "backend away", retry_info_s=retry_info_s),
        "500": Refuse(grpc.StatusCode.INTERNAL, "inner error", retry_info_s=retry_info_s),
        "late": Late(0.2),
        "twice": SamePageAgain(),
        "shuffle": Shuffle(),
        "tokens": ForgetTokens(),
        "cut": Cut(),
    }
    shares = [
        (kinds[kind], float(share)) for kind, _, share in (part.partition(":") for part in text.split(",") if part)
    ]
    dice = random.Random(seed)

    def draw() -> Fault:
        throw = dice.random()
        for fault, share in shares:
            throw -= share
            if throw < 0:
                return fault
        return None

    return FaultScript(draw=draw)


def _packed(message: Any) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def _duration(seconds: float) -> duration_pb2.Duration:
    duration = duration_pb2.Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration
