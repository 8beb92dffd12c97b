"""Small histories of days for benchmarks/replay.py, drawn in columns: requests, failures with their cause, deploys.

Three services call each other in a row. Nothing in a history is wrong but what always is: failures of a constant or a
restless share, of timers, of every roll-out, of office hours and test suites, rare ones, and bursts from outside. A
kind `outage` adds an outage that begins near a deploy; `bad` adds a deploy that breaks something. An insert id tells
its cause before the dash: `ok`, `outage`, `bad`, or for what nobody caused its kind and number, as in `burst03`.
"""

import json
import random
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from collector.records import ENTRY_SCHEMA, FACT_SCHEMA

__all__ = ["Kind", "Replay", "generate_replay"]

Kind = Literal["quiet", "outage", "bad"]
Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]
_START_NS = 1_772_409_600_000_000_000  # 2026-03-02T00:00:00Z, a Monday
_S, _MINUTE, _HOUR = 1_000_000_000, 60_000_000_000, 3_600_000_000_000
_NAMES = ("edge", "core", "base")  # each calls the next one
_CALLED = 0.6
_ROUTES = 4
_USER, _SUITE = "Mozilla/5.0 (X11; Linux x86_64) Firefox/142.0", "python-requests/2.32.3 pytest/8.3"
_STANDING = (
    "share",
    "share",
    "timer",
    "timer",
    "rollout",
    "office",
    "rare",
    "rare",
    "suite",
    "restless",
    "burst",
    "burst",
)
_DEPENDENCY = ("connection to {} refused", "cannot load {}", "{} unavailable, giving up", "no answer from {} in time")
# As one text words are read more easily.
_SYLLABLES = "ka to ri men sol var del pin ter lo qua ber nis fol gra cim hel dor wex jun".split()  # noqa: SIM905


@dataclass(slots=True)
class _Service:
    """A service with its requests in order of time; `deploys`: when each of its revisions began to serve."""

    name: str
    deploys: Longs
    at_ns: Longs
    trace: Longs
    route: Longs
    is_suite: Flags
    revision: Longs
    failed: list[str] = field(default_factory=list)  # cause of each request, "" where it went well

    def called(self, places: Longs) -> list[str]:
        """Names of these revisions."""
        return [f"{self.name}-{place + 1:05d}-xyz" for place in places.tolist()]


@dataclass(frozen=True)
class Replay:
    """One history. `guilty`: the revision that broke something, "" where none did; `served_ns` when it took traffic."""

    kind: Kind
    start_ns: int
    end_ns: int
    entries: pl.DataFrame
    facts: pl.DataFrame
    deploys: dict[str, list[tuple[int, str]]]  # by service: when each revision took traffic
    guilty: str
    served_ns: int


class _Lines:
    """Lines of failures, gathered column by column."""

    def __init__(self, words: random.Random) -> None:
        self.words = words
        self.frames: list[pl.DataFrame] = []

    def add(self, service: _Service, cause: str, at_ns: Longs, message: str, places: Longs | None = None) -> None:
        """A line for each instant; `places` are the requests they belong to."""
        newest = np.maximum(np.searchsorted(service.deploys, at_ns, side="right") - 1, 0)
        revision = newest if places is None else service.revision[places]
        self.frames.append(
            pl.DataFrame(
                {
                    "at_ns": at_ns, "cause": [cause] * len(at_ns), "service": [service.name] * len(at_ns),
                    "revision": service.called(revision), "message": [message] * len(at_ns),
                    "number": np.full(len(at_ns), -1) if places is None else service.trace[places],
                },
                schema_overrides={"number": pl.Int64()},
            )
        )  # fmt: skip


def generate_replay(kind: Kind, *, seed: int, hours: int = 48) -> Replay:
    """A history; a function of the arguments alone."""
    rng = np.random.default_rng([seed, ("quiet", "outage", "bad").index(kind)])
    words = random.Random(f"{kind}/{seed}")
    end_ns = _START_NS + hours * _HOUR
    services = _services(rng, end_ns)
    lines = _Lines(words)
    guilty, served_ns = "", 0
    if kind == "outage":
        _outage(services, rng, lines, end_ns)
    if kind == "bad":
        guilty, served_ns = _bad(services, rng, lines, end_ns)
    for number in range(int(rng.integers(8, 19))):
        _standing(services[int(rng.integers(3))], number, rng, lines, end_ns)
    entries = pl.concat([*(_requests(service) for service in services), *map(_told, lines.frames)])
    deploys = {
        one.name: list(zip(one.deploys.tolist(), one.called(np.arange(len(one.deploys))), strict=True))
        for one in services
    }
    return Replay(
        kind, _START_NS, end_ns, _identified(entries), pl.concat([_facts(one, rng, guilty) for one in services]),
        deploys, guilty, served_ns,
    )  # fmt: skip


def _services(rng: np.random.Generator, end_ns: int) -> list[_Service]:
    made: list[_Service] = []
    for place, name in enumerate(_NAMES):
        per_min = float(np.exp(rng.normal(0.0, 0.8)))
        at_ns = _arrivals(rng, per_min / (1.0 if place == 0 else 3.0), end_ns)
        trace, is_suite = rng.integers(0, 2**62, len(at_ns)), np.zeros(len(at_ns), dtype=bool)
        suite_ns = _suite(rng, end_ns)
        at_ns = np.concatenate([at_ns, suite_ns])
        trace = np.concatenate([trace, rng.integers(0, 2**62, len(suite_ns))])
        is_suite = np.concatenate([is_suite, np.ones(len(suite_ns), dtype=bool)])
        if made:
            above = made[-1]
            sent = np.flatnonzero(rng.random(len(above.at_ns)) < _CALLED)
            at_ns = np.concatenate([at_ns, above.at_ns[sent] + 4_000_000])
            trace = np.concatenate([trace, above.trace[sent]])
            is_suite = np.concatenate([is_suite, above.is_suite[sent]])
        order = np.argsort(at_ns, kind="stable")
        at_ns = at_ns[order]
        deploys = _deploys(rng, end_ns)
        newest = np.searchsorted(deploys, at_ns, side="right") - 1
        overlap_ns = int(rng.integers(10, 120)) * _S
        is_old = (at_ns - deploys[newest] < overlap_ns) & (rng.random(len(at_ns)) < 0.4)
        route = rng.integers(0, _ROUTES, len(at_ns))
        made.append(
            _Service(name, deploys, at_ns, trace[order], route, is_suite[order], np.maximum(newest - is_old, 0),
                     [""] * len(at_ns))
        )  # fmt: skip
    return made


def _arrivals(rng: np.random.Generator, per_min: float, end_ns: int) -> Longs:
    """Requests by day and night."""
    at_ns = rng.integers(_START_NS, end_ns, round(1.5 * per_min * (end_ns - _START_NS) / _MINUTE))
    hour = at_ns // _HOUR % 24
    keep = np.where((hour >= 7) & (hour < 18), 1.0, float(rng.uniform(0.05, 0.6)))
    kept: Longs = at_ns[rng.random(len(at_ns)) < keep]
    return kept


def _suite(rng: np.random.Generator, end_ns: int) -> Longs:
    starts = np.arange(_START_NS + int(rng.integers(5, 60)) * _MINUTE, end_ns, int(rng.integers(60, 150)) * _MINUTE)
    each = int(rng.integers(8, 30))
    later = rng.integers(0, 4 * _MINUTE, each * len(starts))
    at_ns: Longs = np.minimum(np.repeat(starts, each) + later, end_ns - 1)
    return at_ns


def _deploys(rng: np.random.Generator, end_ns: int) -> Longs:
    """A few at any time, mostly in office hours, now and then many in a row."""
    many = int(rng.integers(2, 9))
    at_ns = rng.integers(_START_NS + 2 * _HOUR, end_ns - 2 * _HOUR, many)
    if rng.random() < 0.3:
        first = int(rng.integers(_START_NS + 8 * _HOUR, end_ns - 10 * _HOUR))
        at_ns = np.concatenate([at_ns, first + rng.integers(0, 4 * _HOUR, int(rng.integers(4, 12)))])
    hour = at_ns // _HOUR % 24
    at_ns = at_ns[(hour >= 7) & (hour < 20) | (rng.random(len(at_ns)) < 0.3)]
    return np.concatenate([[_START_NS], np.sort(at_ns)])


def _strike(services: list[_Service], place: int, hit: Flags, cause: str, lines: _Lines, message: str) -> None:
    """Requests of a service fail, and with some of them those that called."""
    service = services[place]
    places = np.flatnonzero(hit)
    for at in places.tolist():
        service.failed[at] = service.failed[at] or cause
    lines.add(service, cause, service.at_ns[places] + 20_000_000, message, places)
    if place == 0 or not len(places):
        return
    above = services[place - 1]
    upstream = np.isin(above.trace, service.trace[places])
    if upstream.any():
        told = f"{_name(lines.words)}Error: call to {service.name} failed"
        _strike(services, place - 1, upstream, cause, lines, told)


def _outage(services: list[_Service], rng: np.random.Generator, lines: _Lines, end_ns: int) -> None:
    """Begins minutes around a deploy of one of the services; hits one of them, or all."""
    anchor = services[int(rng.integers(3))]
    late = [int(at) for at in anchor.deploys if at > _START_NS + 10 * _HOUR]
    near_ns = (
        late[int(rng.integers(len(late)))] if late else int(rng.integers(_START_NS + 12 * _HOUR, end_ns - 6 * _HOUR))
    )
    begin_ns = near_ns + int(rng.uniform(-10, 25) * _MINUTE)
    until_ns = begin_ns + int(rng.uniform(10, 150) * _MINUTE)
    if rng.random() < 0.2:
        until_ns = end_ns
    text = lines.words.choice(_DEPENDENCY)
    hit_all = rng.random() < 0.5
    for place, service in enumerate(services):
        if service is not anchor and not hit_all:
            continue
        routes = rng.choice(_ROUTES, int(rng.integers(1, _ROUTES + 1)), replace=False)
        hit = (service.at_ns >= begin_ns) & (service.at_ns < until_ns) & np.isin(service.route, routes)
        hit &= rng.random(len(hit)) < rng.uniform(0.3, 1.0)
        _strike(services, place, hit, "outage", lines, f"{_name(lines.words)}Error: {text.format(_name(lines.words))}")


def _bad(services: list[_Service], rng: np.random.Generator, lines: _Lines, end_ns: int) -> tuple[str, int]:
    """One deploy breaks a share of some routes; it is mended by the next deploy of the service, or never."""
    place = int(rng.integers(3))
    service = services[place]
    late = np.flatnonzero((service.deploys > _START_NS + 10 * _HOUR) & (service.deploys < end_ns - 4 * _HOUR))
    if not len(late):
        service.deploys = np.sort(np.append(service.deploys, _START_NS + int(rng.uniform(12, 30) * _HOUR)))
        service.revision = np.searchsorted(service.deploys, service.at_ns, side="right") - 1
        late = np.array([len(service.deploys) - 1])
    first = int(rng.choice(late))
    last = first if rng.random() < 0.4 else len(service.deploys)
    routes = rng.choice(_ROUTES, int(rng.integers(1, _ROUTES + 1)), replace=False)
    hit = (service.revision >= first) & (service.revision <= last) & np.isin(service.route, routes)
    hit &= rng.random(len(hit)) < rng.choice([0.05, 0.2, 0.5, 1.0])
    _strike(services, place, hit, "bad", lines, f"{_name(lines.words)}Error: {_sentence(lines.words)}")
    return service.called(np.array([first]))[0], int(service.deploys[first])


def _standing(service: _Service, number: int, rng: np.random.Generator, lines: _Lines, end_ns: int) -> None:
    """One failure that no deploy and no outage caused."""
    kind = _STANDING[int(rng.integers(len(_STANDING)))]
    cause = f"{kind}{number:02d}"
    message = f"{_name(lines.words)}Error: {_sentence(lines.words)}"
    hours = (end_ns - _START_NS) // _HOUR
    if kind == "timer":
        at_ns = np.sort(rng.integers(_START_NS, end_ns, rng.poisson(hours * float(np.exp(rng.normal(-0.5, 1.0))))))
        lines.add(service, cause, at_ns, message)
        return
    if kind == "rare":
        lines.add(service, cause, np.sort(rng.integers(_START_NS, end_ns, int(rng.integers(2, 9)))), message)
        return
    if kind == "rollout":
        each = int(rng.integers(1, 5))
        at_ns = np.repeat(service.deploys[1:], each) + rng.integers(0, 90 * _S, each * (len(service.deploys) - 1))
        lines.add(service, cause, np.sort(at_ns), message)
        return
    share = np.full(len(service.at_ns), float(np.exp(rng.uniform(np.log(0.002), np.log(0.05)))))
    hour = service.at_ns // _HOUR
    if kind == "office":
        share *= (hour % 24 >= 8) & (hour % 24 < 17)
    elif kind == "suite":
        share = service.is_suite * float(rng.uniform(0.05, 0.5))
    elif kind == "restless":
        walk = np.exp(np.clip(np.cumsum(rng.normal(0, 0.35, int(hours) + 1)), -1.8, 1.8))
        share = np.minimum(share * walk[hour - _START_NS // _HOUR], 0.8)
    elif kind == "burst":
        begin_ns = int(rng.integers(_START_NS + 2 * _HOUR, end_ns))
        length_ns = int(np.exp(rng.uniform(np.log(5), np.log(240))) * _MINUTE)
        share = (service.at_ns >= begin_ns) * (service.at_ns < begin_ns + length_ns) * float(rng.uniform(0.1, 0.9))
    is_route = np.isin(service.route, rng.choice(_ROUTES, int(rng.integers(1, _ROUTES + 1)), replace=False))
    hit = is_route & (rng.random(len(share)) < share)
    _strike([service], 0, hit, cause, lines, message)


def _requests(service: _Service) -> pl.DataFrame:
    letters = [chr(ord("a") + route) for route in service.route.tolist()]
    frame = pl.DataFrame(
        {
            "at_ns": service.at_ns, "cause": [one or "ok" for one in service.failed],
            "revision": service.called(service.revision), "route": letters, "number": service.trace,
            "user_agent": np.where(service.is_suite, _SUITE, _USER).tolist(),
        },
        schema_overrides={"number": pl.Int64()},
    )  # fmt: skip
    went_well = pl.col("cause") == "ok"
    return _entries(
        frame, service=pl.lit(service.name), log=pl.lit("requests"),
        severity=pl.when(went_well).then(9).otherwise(17), http_method=pl.lit("GET"),
        http_path=pl.format("/{}/part", "route"), http_status=pl.when(went_well).then(200).otherwise(500),
        latency_ns=pl.lit(50_000_000),
    )  # fmt: skip


def _told(frame: pl.DataFrame) -> pl.DataFrame:
    return _entries(frame, log=pl.lit("stderr"), severity=pl.lit(17))


def _entries(frame: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    """Rows of ENTRY_SCHEMA, with `cause` for the insert id."""
    trace = pl.format("{}{}", pl.lit("0" * 13), pl.col("number").cast(pl.String).str.zfill(19))
    made = frame.with_columns(
        project=pl.lit("shop"), received_at_ns=pl.col("at_ns") + _S, resource_type=pl.lit("cloud_run_revision"),
        location=pl.lit("europe-west1"), instance=pl.format("{}-one", "revision"), severity_given=pl.lit(0),
        trace=pl.when(pl.col("number") >= 0).then(trace), **columns,
    )  # fmt: skip
    missing = [pl.lit(None).alias(name) for name in ENTRY_SCHEMA if name not in made.columns]
    schema = {**ENTRY_SCHEMA, "cause": pl.String()}
    return made.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in schema.items())


def _identified(entries: pl.DataFrame) -> pl.DataFrame:
    number = pl.int_range(pl.len()).cast(pl.String).str.zfill(12)
    named = entries.sort("at_ns", maintain_order=True).with_columns(insert_id=pl.format("{}-{}", "cause", number))
    return named.select(ENTRY_SCHEMA.names())


def _facts(service: _Service, rng: np.random.Generator, guilty: str) -> pl.DataFrame:
    """Who was created when and with what, and where the traffic went; the guilty one has a new image."""
    env = {f"SETTING_{number}": f"{number:032x}" for number in range(8)}
    image, rows = int(rng.integers(2**62)), []
    for place, revision in enumerate(service.called(np.arange(len(service.deploys)))):
        drawn = rng.random()
        if drawn < 0.85 or revision == guilty:
            image = int(rng.integers(2**62))
        if drawn > 0.7:
            env = {**env, f"SETTING_{int(rng.integers(8))}": f"{int(rng.integers(2**62)):032x}"}
        config = {
            "api": "v1", "env": {name: {"source": "literal", "hash": text} for name, text in env.items()},
            "image": f"registry.example/{service.name}@sha256:{image:064x}",
        }  # fmt: skip
        created = int(service.deploys[place]) - 40 * _S
        targets = [{"revision": revision, "percent": 100, "tag": "", "latest": True}]
        details: tuple[tuple[str, int, str, dict[str, object]], ...] = (
            ("created", created, revision, {}),
            ("spec", created, revision, {"config": config, "complete": True, "of": "revision", "nonce": "",
                                         "project_number": ""}),
            ("traffic", created + 35 * _S, "", {"targets": targets, "since_ns": None, "project_number": ""}),
        )  # fmt: skip
        rows += [
            {
                "project": "shop", "location": "europe-west1", "service": service.name, "revision": name,
                "at_ns": at_ns, "kind": kind, "origin": "audit_system_event", "insert_id": f"{revision}-{kind}",
                "actor": "", "tool": "gcloud", "detail": json.dumps(detail),
            }
            for kind, at_ns, name, detail in details
        ]  # fmt: skip
    return pl.DataFrame(rows, schema=FACT_SCHEMA)


def _sentence(words: random.Random) -> str:
    return " ".join(_name(words).lower() for _ in range(5))


def _name(words: random.Random) -> str:
    return "".join(words.choice(_SYLLABLES) for _ in range(words.randrange(2, 4))).capitalize()
