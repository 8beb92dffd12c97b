"""Faults built from parts: a condition (who fails), a manner (what is logged and answered) and a cluster."""

from collections.abc import Callable
from random import Random
from typing import Any

from collector.replacing import replace
from logtriage.demo.clock import HOUR, MILLI, SECOND
from logtriage.demo.conditions import When
from logtriage.demo.deploys import Deploy, add_instance
from logtriage.demo.scenarios.stage import Stage
from logtriage.demo.site import Place
from logtriage.demo.stacks import Failure, draw_failure
from logtriage.demo.streams import hex_digits
from logtriage.demo.styles import Line
from logtriage.demo.traffic import Call, Outcome, Traffic
from logtriage.demo.troubles import Trouble
from logtriage.demo.truth import Mark
from logtriage.demo.world import Service

__all__ = ["MALFORMED", "NO_INSTANCE", "Failing", "Manner", "MemoryKills", "answers", "raises", "variants"]

Manner = Callable[[Call, Mark], Outcome]
NO_INSTANCE = "The request was aborted because there was no available instance."
MALFORMED = (
    "The request failed because either the HTTP response was malformed or connection to the instance had an error."
)
_KILLED = (
    "Memory limit of {limit} MiB exceeded with {used} MiB used. Consider increasing the memory limit, see "
    "https://cloud.google.com/run/docs/configuring/memory-limits"
)


class Failing:
    """Requests that meet a condition fail in one manner, in their own time and order."""

    def __init__(self, stage: Stage, mark: Mark, when: When, manner: Manner) -> None:
        self._rng = stage.rng(f"failing/{mark.id}")
        self._mark, self._when, self._manner = mark, when, manner

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """How the request ends when it is hit."""
        del traffic
        part = self._when(call)
        if part <= 0 or self._rng.random() >= part:
            return None
        return self._manner(call, self._mark)


def raises(stage: Stage, service: Service, trouble: Trouble, name: str, **slots: Any) -> Manner:
    """The program logs a line, with an exception and its stack where the trouble has one, and answers with an error.

    Frames, nouns and the message are drawn once per `name`; `slots` fill wording and message.
    """
    rng = stage.rng(f"raises/{name}")
    fixed = {**_drawn_words(stage, service, rng), **slots}
    failure = None
    if trouble.kinds:
        kind, message = rng.choice(trouble.kinds[service.language]), rng.choice(trouble.messages)
        failure = draw_failure(stage.world, service, rng, kind, message.format(**fixed, id=hex_digits(rng, 8)))
    return _tells(stage, service, trouble, rng, failure, fixed)


def variants(stage: Stage, service: Service, trouble: Trouble, name: str) -> tuple[Manner, Manner]:
    """Two failures of one place: the same line, frames and call, with another exception or another message."""
    rng = stage.rng(f"variants/{name}")
    fixed = _drawn_words(stage, service, rng)
    raised = [(kind, text) for kind in trouble.kinds[service.language] for text in trouble.messages]
    (kind, text), (other_kind, other_text) = rng.sample(raised, 2)
    first = draw_failure(stage.world, service, rng, kind, text.format(**fixed, id=hex_digits(rng, 8)))
    second = replace(first, type=other_kind, message=other_text.format(**fixed, id=hex_digits(rng, 8)))
    return (
        _tells(stage, service, trouble, rng, first, fixed),
        _tells(stage, service, trouble, rng, second, fixed),
    )


def _drawn_words(stage: Stage, service: Service, rng: Random) -> dict[str, Any]:
    noun, verb = rng.choice(stage.world.nouns), rng.choice(stage.world.verbs)
    return {
        "noun": noun, "verb": verb, "host": _address(rng), "ms": 3000, "key": "", "agent": "",
        "call": f"{verb}_{noun}" if service.language == "python" else f"{verb}{noun.capitalize()}",
    }  # fmt: skip


def _tells(
    stage: Stage, service: Service, trouble: Trouble, rng: Random, failure: Failure | None, fixed: dict[str, Any]
) -> Manner:  # fmt: skip
    phrase = stage.site.words.of(trouble.wording, service)

    def manner(call: Call, mark: Mark) -> Outcome:
        took_ns = round(rng.uniform(*trouble.took_ms) * MILLI)
        text = phrase.fill(**fixed, id=call.id)
        line = Line(trouble.level, text, phrase.module, phrase.function, phrase.number, failure)
        stage.site.log(call.scene.place, call.at_ns + took_ns, line, mark, call.scene)
        companion = Mark("companion", mark.id)
        return Outcome(trouble.status, took_ns + 3 * MILLI, mark, request_mark=companion)

    return manner


def answers(stage: Stage, name: str, status: int, text: str, took_s: tuple[float, float] = (0.1, 6)) -> Manner:
    """The platform answers; the program never sees the request, and only the request log tells."""
    rng = stage.rng(f"answers/{name}")

    def manner(call: Call, mark: Mark) -> Outcome:
        del call
        return Outcome(status, round(rng.uniform(*took_s) * SECOND), mark, text, mark, is_logged=False)

    return manner


class MemoryKills:
    """Containers of a revision are killed for their memory; requests that were with them fail.

    `pauses_h` are the hours between kills right after the revision took traffic and at the end of the window.
    """

    def __init__(self, stage: Stage, deploy: Deploy, marks: tuple[Mark, Mark], pauses_h: tuple[float, float]) -> None:
        self._stage, self._deploy = stage, deploy
        self._killed, self._lost = marks
        self._rng = stage.rng(f"memory/{self._killed.id}")
        self._kills_ns = self._planned(*pauses_h)
        self._manner = answers(stage, self._lost.id, 503, MALFORMED, (0.2, 9))
        for at_ns in self._kills_ns:
            self._kill(at_ns)

    def _planned(self, first_h: float, last_h: float) -> list[int]:
        start_ns = self._deploy.traffic_ns or self._deploy.created_ns
        end_ns = min(self._deploy.left_ns or self._stage.end_ns, self._stage.end_ns)
        kills: list[int] = []
        at_ns = start_ns
        while True:
            grown = (at_ns - start_ns) / max(1, end_ns - start_ns)
            pause_h = first_h * (last_h / first_h) ** grown
            at_ns += round(pause_h * self._rng.uniform(0.6, 1.4) * HOUR)
            if at_ns >= end_ns - 20 * SECOND:
                return kills
            kills.append(at_ns)

    def _kill(self, at_ns: int) -> None:
        site, deploy = self._stage.site, self._deploy
        alive = [one for one in deploy.instances if one.start_ns <= at_ns < one.stop_ns] or deploy.instances
        old = self._rng.choice(alive)
        limit = deploy.spec.memory_mi
        text = _KILLED.format(limit=limit, used=limit + self._rng.randrange(1, 40))
        site.system(Place(deploy, old), at_ns, text, "ERROR", self._killed)
        fresh = add_instance(deploy, at_ns + 2 * SECOND, self._rng)
        old.stop_ns = at_ns
        reason = "Starting new instance. Reason: AUTOSCALING - Instance started due to no existing capacity."
        site.system(Place(deploy, fresh), fresh.start_ns, reason)

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """Requests within seconds of a kill get no answer from the program."""
        del traffic
        if call.scene.place.deploy is not self._deploy:
            return None
        if not any(-SECOND <= kill - call.at_ns < 8 * SECOND for kill in self._kills_ns):
            return None
        return self._manner(call, self._lost) if self._rng.random() < 0.8 else None  # noqa: PLR2004 - other containers


def _address(rng: Any) -> str:
    return f"10.{rng.randrange(10, 99)}.{rng.randrange(256)}.{rng.randrange(2, 250)}:{rng.choice((5432, 6379, 443))}"
