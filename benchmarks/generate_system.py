"""A system of many services as rows of a store, for benchmarks/attribution.py: requests, failures, deploys.

Services call each other in a tree, two to each. Every service is deployed again and again; what fails began with a
deploy, at a moment of its own, in a burst, or was always there, and some of it takes the caller down with it. All is
drawn in columns: a request and the line of its failure share a trace.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from collector.records import ENTRY_SCHEMA, FACT_SCHEMA

__all__ = ["Size", "generate_system"]

_START_NS = 1_780_272_000_000_000_000  # 2026-06-01T00:00:00Z
_S, _DAY = 1_000_000_000, 86_400_000_000_000
_OVERLAP_NS = 600_000_000_000  # old and new revision serve together
_ROUTES = 6  # of a service
_CALLED = 0.4  # share of requests that call the service below
_AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/142.0"
_KEYS = 20  # variables of a configuration
# As one text words are read more easily.
_SYLLABLES = "ka to ri men sol var del pin ter lo qua ber nis fol gra cim hel dor wex jun".split()  # noqa: SIM905

Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    services: int
    revisions: int
    clusters: int
    days: int
    requests: int


@dataclass(frozen=True, slots=True)
class _Service:
    """One service with its requests in order of time; `deploys`: when each of its revisions began to serve."""

    name: str
    deploys: Longs
    at_ns: Longs
    trace: Longs
    route: Longs
    revision: Longs

    def called(self, places: Longs) -> list[str]:
        """Names of these revisions."""
        return [f"{self.name}-{place + 1:05d}-abc" for place in places.tolist()]


def generate_system(size: Size, *, seed: int) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Entries and facts of one service after the other; a function of the arguments alone."""
    rng = np.random.default_rng(seed)
    services = _services(size, rng)
    lines: list[list[pl.DataFrame]] = [[] for _ in services]
    failed: list[list[Longs]] = [[] for _ in services]
    words = random.Random(seed)
    number = 0
    while number < size.clusters:
        place = number % len(services)
        number += 1
        service = services[place]
        hit = _hit(service, size, rng)
        lines[place].append(_lines(service, hit, f"{_name(words)}Error: {_sentence(words)}", 0))
        failed[place].append(hit)
        caller = (place - 1) // 2
        if place and number % 4 == 0 and number < size.clusters:
            upstream = np.flatnonzero(np.isin(services[caller].trace, service.trace[hit]))
            if upstream.size:
                number += 1
                told = f"{_name(words)}Error: call of {service.name} failed: {_sentence(words)}"
                lines[caller].append(_lines(services[caller], upstream, told, 5_000_000))
                failed[caller].append(upstream)
    for place, service in enumerate(services):
        entries = pl.concat([_requests(service, np.unique(np.concatenate(failed[place]))), *lines[place]])
        yield _identified(entries, place), _facts(service, rng)


def _services(size: Size, rng: np.random.Generator) -> list[_Service]:
    """Each service with its own requests and those that the one above it sends."""
    end_ns = size.days * _DAY
    share = size.requests // size.services
    made: list[_Service] = []
    for place in range(size.services):
        own = max(share // 3, int(share * (1 - _CALLED)))
        at_ns = rng.integers(0, end_ns, own)
        trace = rng.integers(0, 2**62, own)
        if place:
            above = made[(place - 1) // 2]
            sent = np.flatnonzero((above.trace % 100 < _CALLED * 100) & ((above.trace >> 8) % 2 == place % 2))[:share]
            at_ns = np.concatenate([at_ns, above.at_ns[sent] - _START_NS + 3_000_000])
            trace = np.concatenate([trace, above.trace[sent]])
        order = np.argsort(at_ns, kind="stable")
        at_ns, trace = at_ns[order] + _START_NS, trace[order]
        many = size.revisions // size.services + (place < size.revisions % size.services)
        deploys = np.sort(rng.integers(0, end_ns, many)) + _START_NS
        deploys[0] = _START_NS
        newest = np.searchsorted(deploys, at_ns, side="right") - 1
        is_old = (at_ns - deploys[newest] < _OVERLAP_NS) & (rng.random(len(at_ns)) < 0.5)
        made.append(
            _Service(
                f"service-{place:02d}", deploys, at_ns, trace, rng.integers(0, _ROUTES, len(at_ns)),
                np.maximum(newest - is_old, 0),
            )
        )  # fmt: skip
    return made


def _hit(service: _Service, size: Size, rng: np.random.Generator) -> Longs:
    """Which requests of a service fail of one thing: places, in order of time."""
    end_ns = _START_NS + size.days * _DAY
    kind = rng.choice(["deploy", "deploy", "outside", "burst", "steady"])
    is_hit = np.isin(service.route, rng.choice(_ROUTES, 2, replace=False))
    if kind == "deploy":
        first = int(rng.integers(0, len(service.deploys)))
        is_hit &= service.revision == first if rng.random() < 0.5 else service.revision >= first
    elif kind in {"outside", "burst"}:
        began = int(rng.integers(_START_NS, end_ns))
        is_hit &= service.at_ns >= began
        if kind == "burst":
            is_hit &= service.at_ns < began + 6 * 3600 * _S
    places = np.flatnonzero(is_hit)
    many = min(len(places), int(rng.integers(8, 200)))
    if not many:
        return np.array([int(rng.integers(0, len(service.at_ns)))])
    return np.sort(rng.choice(places, many, replace=False))


def _requests(service: _Service, failed: Longs) -> pl.DataFrame:
    status = np.full(len(service.at_ns), 200)
    status[failed] = 500
    return _entries(
        service, np.arange(len(service.at_ns)), 0,
        log=pl.lit("requests"),
        severity=pl.when(pl.col("status") == 500).then(17).otherwise(9),
        http_method=pl.lit("GET"),
        http_path=pl.format("/{}/part", "route"),
        http_status=pl.col("status"),
        latency_ns=pl.lit(50_000_000),
        user_agent=pl.lit(_AGENT),
        status=status,
    )  # fmt: skip


def _lines(service: _Service, hit: Longs, message: str, lag_ns: int) -> pl.DataFrame:
    return _entries(
        service, hit, 20_000_000 + lag_ns, log=pl.lit("stderr"), severity=pl.lit(17), message=pl.lit(message)
    )


def _entries(service: _Service, places: Longs, lag_ns: int, **told: pl.Expr | Longs) -> pl.DataFrame:
    """Rows of ENTRY_SCHEMA but for the identity."""
    given = {name: column for name, column in told.items() if isinstance(column, np.ndarray)}
    letters = [chr(ord("a") + place) for place in range(_ROUTES)]
    frame = pl.DataFrame(
        {
            "at_ns": service.at_ns[places] + lag_ns,
            "number": service.trace[places],
            "revision": service.called(service.revision[places]),
            "route": [letters[place] for place in service.route[places].tolist()],
            **given,
        }
    )
    columns = {
        "project": pl.lit("shop"),
        "received_at_ns": pl.col("at_ns") + _S,
        "resource_type": pl.lit("cloud_run_revision"),
        "service": pl.lit(service.name),
        "location": pl.lit("europe-west1"),
        "instance": pl.format("{}-one", "revision"),
        "trace": pl.format("{}{}", pl.lit("0" * 13), pl.col("number").cast(pl.String).str.zfill(19)),
        "severity_given": pl.lit(0),
        **{name: column for name, column in told.items() if isinstance(column, pl.Expr)},
    }
    made = frame.with_columns(**columns)
    missing = [pl.lit(None).alias(name) for name in ENTRY_SCHEMA if name not in made.columns]
    return made.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in ENTRY_SCHEMA.items())


def _identified(entries: pl.DataFrame, place: int) -> pl.DataFrame:
    number = pl.int_range(pl.len()).cast(pl.String).str.zfill(20)
    return entries.sort("at_ns", maintain_order=True).with_columns(
        insert_id=pl.format("{}{}", pl.lit(f"{place:04d}"), number)
    )


def _facts(service: _Service, rng: np.random.Generator) -> pl.DataFrame:
    """Who was created when and with what, and where the traffic went."""
    env = {f"SETTING_{number}": f"{number:032x}" for number in range(_KEYS)}
    rows = []
    for place, revision in enumerate(service.called(np.arange(len(service.deploys)))):
        if rng.random() < 0.5:
            env = {**env, f"SETTING_{int(rng.integers(_KEYS))}": f"{int(rng.integers(2**62)):032x}"}
        if rng.random() < 0.2:
            env = {name: text for name, text in env.items() if name != f"SETTING_{int(rng.integers(_KEYS))}"}
        config = {
            "api": "v1",
            "env": {name: {"source": "literal", "hash": text} for name, text in env.items()},
            "image": f"registry.example/{service.name}@sha256:{int(rng.integers(2**62)):064x}",
        }
        created = int(service.deploys[place]) - 30 * _S
        targets = [{"revision": revision, "percent": 100, "tag": "", "latest": True}]
        details: tuple[tuple[str, int, str, dict[str, object]], ...] = (
            ("created", created, revision, {}),
            ("spec", created, revision, {"config": config, "complete": True, "of": "revision", "nonce": "",
                                         "project_number": ""}),
            ("traffic", created + 20 * _S, "", {"targets": targets, "since_ns": None, "project_number": ""}),
        )  # fmt: skip
        rows += [
            {
                "project": "shop", "location": "europe-west1", "service": service.name, "revision": name,
                "at_ns": at_ns, "kind": kind, "origin": "audit_system_event",
                "insert_id": f"{revision}-{kind}", "actor": "", "tool": "gcloud", "detail": json.dumps(detail),
            }
            for kind, at_ns, name, detail in details
        ]  # fmt: skip
    return pl.DataFrame(rows, schema=FACT_SCHEMA)


def _sentence(words: random.Random) -> str:
    return " ".join(_name(words).lower() for _ in range(5))


def _name(words: random.Random) -> str:
    return "".join(words.choice(_SYLLABLES) for _ in range(words.randrange(2, 4))).capitalize()
