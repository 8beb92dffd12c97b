"""A story of the demo generator as people live it: stored once, looked at now and then, each look stored."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifiers.findings import Findings
from classifiers.followed import Tracked
from collector.config import StoreConfig
from collector.window import Window, parse_instant_ns
from logtriage import pipeline
from logtriage.config import Config
from logtriage.demo.generate import generate, write
from logtriage.progress import NoProgress

__all__ = ["Story", "instant"]

_HOUR_NS = 3_600_000_000_000


def instant(text: str) -> int:
    """A time of the truth, in ns."""
    return parse_instant_ns(text, name="truth", now_ns=0)


@dataclass
class Story:
    """A scenario of one seed in a store of its own. `truth` is its truth.json, `courses` by cluster."""

    scenario: str
    folder: Path
    seed: int = 1
    scale: float = 0.25
    truth: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        made = generate(self.scenario, seed=self.seed, scale=self.scale)
        write(made, self.folder)
        self.truth = made.truth
        self.courses: dict[str, dict[str, Any]] = {row["cluster"]: row for row in made.truth["courses"]}
        self.config = Config(store=StoreConfig(path=self.folder / "story.duckdb"))
        files = [self.folder / "entries.jsonl", self.folder / "spans.jsonl"]
        pipeline.import_paths(self.config, files, progress=NoProgress())

    def look(self, after: str, hours: float, *, window_hours: float = 24.0) -> Findings:
        """What is found so many hours after a time of the truth; what it adds is stored."""
        now_ns = instant(after) + round(hours * _HOUR_NS)
        window = Window(now_ns - round(window_hours * _HOUR_NS), now_ns)
        findings = pipeline.analyse(self.config, window=window, now_ns=now_ns)
        pipeline.remember(self.config, findings)
        return findings

    def of(self, findings: Findings, cluster: str) -> Tracked:
        """The tracked incident that most entries of a cluster of the truth led to, at that look."""
        row = next(one for one in self.truth["clusters"] if one["id"] == cluster)
        wanted = set(row["insert_ids"])
        shares = {one.id: len(wanted & set(one.insert_ids)) for one in findings.clusters}
        led = max(shares, key=lambda name: shares[name], default="")
        return next(
            one
            for one in findings.tracked
            if not one.merged_into and (one.root == led or any(member.finding_id == led for member in one.members))
        )
