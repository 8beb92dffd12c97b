"""Looks at a small system, one after the other, each storing what incidents became: what a daemon does of lifecycle."""

from dataclasses import dataclass, field
from pathlib import Path

from classifiers.classify import classify
from classifiers.config import ClassifyConfig
from classifiers.findings import Findings, Tracked
from classifiers.lifecycle.storing import states_of
from collector.store import Store
from collector.window import Window
from tests.support.system import HOUR, NS_PER_S, START_NS, System

__all__ = ["Looks", "at", "tracked_in"]


def at(hours: float) -> int:
    """An instant so many hours after the start."""
    return START_NS + round(hours * HOUR) * NS_PER_S


@dataclass
class Looks:
    """A store of all that a system wrote; a look sees what came before it, of the day before."""

    system: System
    folder: Path
    config: ClassifyConfig = field(default_factory=ClassifyConfig)

    def __post_init__(self) -> None:
        self.store: Store = self.system.stored(self.folder)

    def see(self, hours: float, *, window_hours: float = 24.0) -> Findings:
        """The findings so many hours after the start; nothing is stored."""
        window = Window(at(hours - window_hours), at(hours))
        with self.store.read() as reader:
            return classify(reader, window=window, now_ns=window.end_ns, config=self.config)

    def look(self, hours: float, *, window_hours: float = 24.0) -> Findings:
        """The findings, with what they say of incidents stored."""
        findings = self.see(hours, window_hours=window_hours)
        rows = states_of(findings)
        with self.store.write() as writer:
            writer.execute("insert_incident_states", relation=rows)
        return findings


def tracked_in(findings: Findings, project: str) -> tuple[Tracked, ...]:
    """The incidents of one project."""
    return tuple(one for one in findings.tracked if one.project == project)
