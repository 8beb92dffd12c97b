"""The generator's main line: scenario and seed in, entries, spans and truth out; the same bytes every time."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct

from collector.errors import ConfigError
from collector.window import to_ns
from logtriage.demo.clock import HOUR, iso
from logtriage.demo.scenarios.registry import SCENARIOS
from logtriage.demo.scenarios.stage import Stage
from logtriage.demo.streams import Streams

__all__ = ["SCENARIOS", "Incident", "generate", "write"]

_SCHEMA = 1
_FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
_DAYS = 300


class Incident(Struct, frozen=True):
    """A generated incident: JSON lines without their line ends, in order of arrival, and what is true about them."""

    scenario: str
    seed: int
    entries: tuple[bytes, ...]
    spans: tuple[bytes, ...]
    truth: dict[str, Any]


def generate(scenario: str, *, seed: int, scale: float = 1.0, start: datetime | None = None) -> Incident:
    """The incident of a scenario and a seed. `scale` shrinks its traffic, `start` (aware) moves its window.

    Raises ConfigError for a scenario that does not exist or a scale that is not positive.
    """
    if scenario not in SCENARIOS:
        known = ", ".join(SCENARIOS)
        raise ConfigError(f"demo: scenario is `{scenario}`; known scenarios: {known}. Correct the spelling.")
    if scale <= 0:
        raise ConfigError(f"demo: scale is `{scale}`, which is not positive. Give a number such as 0.1 or 1.")
    build, hours = SCENARIOS[scenario]
    start_ns = to_ns(start) if start is not None else _drawn_start_ns(scenario, seed)
    start_ns -= start_ns % 1000
    stage = build(seed, scale, (start_ns, start_ns + hours * HOUR))
    entries = tuple(stage.site.entries.lines())
    spans = tuple(stage.site.spans.lines())
    return Incident(scenario, seed, entries, spans, _truth(stage, seed, entries, spans))


def write(incident: Incident, folder: Path, *, compressed: bool = False) -> None:
    """Writes entries.jsonl, spans.jsonl (with .gz when compressed) and truth.json into a folder, made when missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (("entries", incident.entries), ("spans", incident.spans)):
        data = b"".join(line + b"\n" for line in lines)
        if compressed:
            (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(data, 6, mtime=0))
        else:
            (folder / f"{name}.jsonl").write_bytes(data)
    (folder / "truth.json").write_bytes(orjson.dumps(incident.truth, option=orjson.OPT_INDENT_2))


def _drawn_start_ns(scenario: str, seed: int) -> int:
    rng = Streams(scenario, seed).of("start")
    drawn = _FIRST_DAY + timedelta(days=rng.randrange(_DAYS), seconds=rng.randrange(86_400))
    return to_ns(drawn) + rng.randrange(10**6) * 1000


def _truth(stage: Stage, seed: int, entries: tuple[bytes, ...], spans: tuple[bytes, ...]) -> dict[str, Any]:
    site = stage.site
    hours = (stage.end_ns - stage.start_ns) // HOUR
    is_quiet = not (site.truth.clusters or site.truth.latency or site.truth.absent_events)
    return {
        "schema": _SCHEMA, "scenario": stage.scenario, "seed": seed, "scale": stage.scale, "group": stage.group,
        "pure_noise": is_quiet, "project": stage.world.project, "region": stage.world.region,
        "window": {"start": iso(stage.start_ns), "end": iso(stage.end_ns), "hours": hours},
        "services": [
            {"service": one.name, "role": one.role, "language": one.language, "log_style": one.style,
             "stack_mode": one.stacks, "api": one.api}
            for one in stage.world.services
        ],
        "revisions": _revisions(stage),
        **site.truth.finish(stage.end_ns),
        "counts": {
            "entries": len(entries), "duplicates": site.entries.duplicates,
            "entry_bytes": sum(len(line) + 1 for line in entries), "spans": site.spans.count,
            "span_lines": len(spans), "span_bytes": sum(len(line) + 1 for line in spans),
        },
    }  # fmt: skip


def _revisions(stage: Stage) -> list[dict[str, Any]]:
    def when(at_ns: int | None) -> str | None:
        return None if at_ns is None else iso(at_ns)

    return [
        {
            "service": deploy.service.name, "revision": deploy.revision, "created": iso(deploy.created_ns),
            "ready": when(deploy.ready_ns), "traffic": when(deploy.traffic_ns),
            "image": f"sha256:{deploy.spec.digest}",
            "changes": None if deploy.is_initial else [list(change) for change in deploy.changes],
            "guilty": any(deploy is one for one in stage.guilty), "outcome": deploy.outcome,
        }
        for deploy in stage.timeline.deploys
        if deploy.outcome != "rejected"
    ]  # fmt: skip
