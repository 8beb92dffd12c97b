"""Business events that stop, lose a field, get another name, or stop because nothing asks for them any more.

The services log no error: what is wrong is what is not there.
"""

from collections.abc import Callable
from typing import Any

import orjson
from msgspec import Struct, field

from logtriage.demo.clock import MILLI, iso
from logtriage.demo.deploys import Deploy
from logtriage.demo.scenarios.draft import Draft, story
from logtriage.demo.scenarios.stage import Stage
from logtriage.demo.specs import IMAGE
from logtriage.demo.streams import hex_digits
from logtriage.demo.styles import Line
from logtriage.demo.traffic import Call, Outcome, Traffic

__all__ = ["STORIES"]

_ROUTES = ("backend.create", "backend.get", "backend.list")
_NAMES = (("basket", "opened"), ("price", "quoted"), ("slot", "reserved"), ("letter", "posted"), ("seat", "released"))
_FIELDS = ("quantity", "warehouse", "channel", "priority", "attempts")
_SHAPES: tuple[Callable[[str, str], str], ...] = (
    lambda noun, verb: f"{noun}.{verb}",
    lambda noun, verb: f"{noun}_{verb}",
    lambda noun, verb: f"{noun}-{verb}",
    lambda noun, verb: f"{noun.title()}{verb.title()}",
)
_KEYS = ("event", "eventType", "event_name", "evt")


class _Events(Struct, dict=True):
    """The events of some routes of the backend, written the way of this world, whatever the fault makes of them.

    `tag` names the fault of a revision, None one of all from `from_ns` on; `lost` are events that it does not write,
    `bare` those without their first field, `renamed` those with another name.
    """

    stage: Stage
    is_traced: bool = True
    tag: str | None = None
    from_ns: int | None = None
    until_ns: int | None = None
    lost: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    renamed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = self.stage.rng("events")
        shape = rng.choice(_SHAPES)
        drawn = rng.sample(_NAMES, 4)
        self.names = [shape(*one) for one in drawn]
        self.spare = shape(*next(one for one in _NAMES if one not in drawn))
        self.key, self.manner = rng.choice(_KEYS), rng.choice(("fields", "payload", "logfmt", "words"))
        self.fields = {name: rng.sample(_FIELDS, 2) for name in self.names}
        self._rng = self.stage.rng("event values")

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """Writes the events of a request and lets it go on."""
        del traffic
        if call.route.key not in _ROUTES:
            return None
        first = _ROUTES.index(call.route.key)
        for place, name in enumerate(self.names[first : first + 2]):
            self._write(call, name, call.at_ns + (6 + 5 * place) * MILLI)
        return None

    def _write(self, call: Call, name: str, at_ns: int) -> None:
        is_hit = self._is_hit(call)
        if is_hit and name in self.lost:
            return
        keys = self.fields[name]
        values: dict[str, Any] = {key: f"{key[:3]}_{hex_digits(self._rng, 8)}" for key in keys}
        if is_hit and name in self.bare:
            values[keys[0]] = self._rng.choice(("", None)) if self.manner != "logfmt" else ""
        told = self.renamed.get(name, name) if is_hit else name
        line = self._line(told, values)
        self.stage.site.log(call.scene.place, at_ns, line, scene=call.scene if self.is_traced else None)

    def _is_hit(self, call: Call) -> bool:
        is_time = (self.from_ns is None or call.at_ns >= self.from_ns) and (
            self.until_ns is None or call.at_ns < self.until_ns
        )
        return is_time and (self.tag is None or self.tag in call.scene.place.deploy.spec.faults)

    def _line(self, name: str, values: dict[str, Any]) -> Line:
        text, fields = f"event {name}", {}
        if self.manner == "payload":
            text = f"{self.key}={name} payload={orjson.dumps(values).decode()}"
        elif self.manner == "logfmt":
            text = f"{self.key}={name} " + " ".join(f"{key}={value}" for key, value in values.items())
        elif self.manner == "words":
            text = f"published {name} {orjson.dumps(values).decode()}"
        else:
            text, fields = f"{self.key}={name} {orjson.dumps(values).decode()}", {self.key: name, **values}
        return Line("INFO", text, "domain/events", "publish", 61, fields=fields)


def _open(draft: Draft, events: _Events) -> None:
    draft.stage.traffic.faults.insert(0, events)


def _absent(draft: Draft, event: str, onset_ns: int, bad: Deploy | None, lacking: str | None = None) -> None:
    draft.stage.site.truth.absent_events.append(
        {
            "event": event, "service": draft.service("backend").name, "field": lacking,
            "guilty": draft.guilty(bad) if bad else None, "severity": "P1", "onset": iso(onset_ns),
        }
    )  # fmt: skip


def _one_deploy(draft: Draft, tag: str, **kind: Any) -> Deploy:
    at_ns = draft.hour(13, 18)
    draft.calm(6, at_ns - draft.minutes(60, 90))
    bad = draft.deploy("backend", at_ns, IMAGE, tag=tag, **kind)
    draft.settle()
    return bad


def event_stopped(draft: Draft) -> None:
    """A revision no longer writes one of its events."""
    bad = _one_deploy(draft, "silent")
    events = _Events(draft.stage, tag="silent")
    events.lost = (draft.pick(*events.names),)
    _open(draft, events)
    _absent(draft, events.lost[0], bad.traffic_ns or 0, bad)


def event_stopped_untraced(draft: Draft) -> None:
    """... where the lines of events bear no trace."""
    bad = _one_deploy(draft, "silent")
    events = _Events(draft.stage, tag="silent", is_traced=False)
    events.lost = (draft.pick(*events.names),)
    _open(draft, events)
    _absent(draft, events.lost[0], bad.traffic_ns or 0, bad)


def events_stopped_half(draft: Draft) -> None:
    """A canary that takes half of the traffic writes two of its events no longer."""
    bad = _one_deploy(draft, "silent", share=0.5)
    events = _Events(draft.stage, tag="silent")
    events.lost = tuple(draft.rng.sample(events.names, 2))
    _open(draft, events)
    for name in events.lost:
        _absent(draft, name, bad.traffic_ns or 0, bad)


def event_hollow(draft: Draft) -> None:
    """A revision writes an event without one of its fields."""
    bad = _one_deploy(draft, "hollow")
    events = _Events(draft.stage, tag="hollow")
    events.bare = (draft.pick(*events.names),)
    _open(draft, events)
    _absent(draft, events.bare[0], bad.traffic_ns or 0, bad, events.fields[events.bare[0]][0])


def event_renamed(draft: Draft) -> None:
    """A revision gives an event another name, on purpose."""
    _one_deploy(draft, "renames")
    events = _Events(draft.stage, tag="renames")
    name = draft.pick(*events.names)
    events.renamed = {name: events.spare}
    _open(draft, events)


def event_trigger_gone(draft: Draft) -> None:
    """The front end no longer asks for what an event comes after."""
    at_ns = draft.hour(13, 18)
    draft.calm(6, at_ns - draft.minutes(60, 90))
    draft.deploy("frontend", at_ns, IMAGE, tag="asks_no_more")
    draft.settle()
    _open(draft, _Events(draft.stage))
    draft.stage.traffic.faults.insert(0, _AsksNoMore(at_ns))


def event_swallowed(draft: Draft) -> None:
    """From some time on no revision writes an event any more: what it hands them to is gone, and nothing says so."""
    from_ns = draft.hour(13, 18)
    draft.calm(7, from_ns - draft.minutes(240, 300))
    draft.settle()
    events = _Events(draft.stage, from_ns=from_ns)
    events.lost = (draft.pick(*events.names),)
    _open(draft, events)
    _absent(draft, events.lost[0], from_ns, None)


class _AsksNoMore(Struct):
    """Nobody creates anything from some time on: callers read instead."""

    from_ns: int

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """The front end answers without the backend; who asks the backend itself is turned away at the door."""
        if call.at_ns < self.from_ns or call.route.key not in {"frontend.create", "backend.create"}:
            return None
        if call.route.key == "frontend.create":
            return Outcome(303, 9 * MILLI)
        return Outcome(303, 3 * MILLI, is_logged=False) if traffic else None


STORIES = {
    "event_stopped": story("event_stopped", 28, event_stopped),
    "event_stopped_untraced": story("event_stopped_untraced", 28, event_stopped_untraced),
    "events_stopped_half": story("events_stopped_half", 28, events_stopped_half),
    "event_hollow": story("event_hollow", 28, event_hollow),
    "event_renamed": story("event_renamed", 26, event_renamed, is_innocent=True),
    "event_trigger_gone": story("event_trigger_gone", 26, event_trigger_gone, is_innocent=True),
    "event_swallowed": story("event_swallowed", 26, event_swallowed, is_innocent=True),
}
