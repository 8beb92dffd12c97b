"""A daemon over a growing system: cycles at instants of its own clock, with real database and real analysis."""

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from classifiers.findings import Findings
from classifiers.record import Claim, read_claims
from collector.config import StoreConfig
from collector.stopping import Stop
from collector.store import Store
from collector.window import NS_PER_S, Window
from logtriage import pipeline
from logtriage.config import Config
from logtriage.daemon.cycle import Cycle
from logtriage.delivery import Delivered
from logtriage.digest_config import DigestConfig
from logtriage.hearing import Listened
from logtriage.jobs import Done
from logtriage.record_view import remembered_line
from tests.support.system import HOUR, START_NS, System

__all__ = ["Watch"]


@dataclass
class Watch:
    """A system and its database; `cycle` is what the daemon does at a time in seconds after START_NS."""

    folder: Path
    system: System = field(default_factory=System)
    told: list[str] = field(default_factory=list)
    _stored: int = 0

    @property
    def config(self) -> Config:
        """Defaults, over this database."""
        return Config(store=StoreConfig(path=self.folder / "system.duckdb"))

    def cycle(self, at_s: float) -> None:
        """Collects what the system wrote, if anything, analyses what had come in by then, remembers."""
        config = self.config

        def collect(_: Stop) -> Done:
            if self.system.written > self._stored:
                self.system.stored(self.folder)
                self._stored = self.system.written
            return Done()

        def remember(findings: Findings) -> str:
            self.told.append(remembered_line(pipeline.remember(config, findings)))
            return self.told[-1]

        cycle = Cycle(
            collect=collect,
            analyse=lambda window, now_ns: pipeline.analyse(config, window=window, now_ns=now_ns),
            remember=remember,
            deliver=lambda name, _: Delivered(name),
            hear=lambda _: Listened(0, 0),
            channels=(),
            digest=DigestConfig(window_hours=24),
            clock_ns=lambda: START_NS + round(at_s * NS_PER_S),
        )
        assert cycle.run()

    def claims(self) -> tuple[Claim, ...]:
        """What the ledger holds."""
        with Store(self.config.store).read() as reader:
            return read_claims(reader, end_ns=2**63 - 1)

    def rows(self, sql: str) -> pl.DataFrame:
        """Rows of a query as `logtriage query` runs it."""
        with Store(self.config.store).read_aside() as reader:
            return reader.sql(sql)

    def window(self, end_s: float) -> Window:
        """The day before an instant."""
        return Window(START_NS + round((end_s - 24 * HOUR) * NS_PER_S), START_NS + round(end_s * NS_PER_S))
