"""The job `collect`: what is due of all sources, in slices, so that a long pause does not keep the others waiting.

A run reads at most `schedule.slice` of a source's time beyond its cursor and asks for another turn where more is due.
Such a turn is given to the sources that are behind; the others have theirs too, once their last one is a while ago.
"""

import logging
import time
from collections.abc import Callable

from msgspec import Struct, field

from collector.records import Ledger
from collector.stopping import Stop
from logtriage import pipeline
from logtriage.config import Config
from logtriage.escape import plain
from logtriage.jobs import Done
from logtriage.progress import NoProgress
from logtriage.regroup_view import resigned_line
from logtriage.wording import plural

__all__ = ["CatchingUp"]

LOG = logging.getLogger(__name__)
_ALL_EVERY_S = 600.0  # sources that are not behind, while others are


class CatchingUp(Struct):
    """Remembers from one slice to the next which sources are behind. Nothing of it is stored: cursors are."""

    config: Config
    clock_s: Callable[[], float] = time.monotonic
    _behind: frozenset[str] = frozenset()
    _all_at_s: float = field(default=0.0)

    def run(self, stop: Stop) -> Done:
        """One slice. What failed is told in the result; Stopped between two batches when the wish is made."""
        stop.check()
        if not self.config.sources:
            return Done()  # what is received comes by itself
        only = self._behind if self._behind and self.clock_s() - self._all_at_s < _ALL_EVERY_S else None
        if only is None:
            self._all_at_s = self.clock_s()
        result = pipeline.collect(
            self.config, since_ns=None, now_ns=time.time_ns(), progress=NoProgress(),
            longest_ns=self.config.schedule.slice_ns, only=only,
        )  # fmt: skip
        if result.resigned is not None:
            LOG.info("%s", resigned_line(result.resigned))
        self._behind = frozenset(one.name for one in result.sources if one.has_more)
        failed = tuple(
            f"collect failed: {plain(f'{one.name}: {one.outcome}')}" for one in result.sources if not one.is_ok
        )
        for line in failed:
            LOG.error("%s", line)
        sums = sum((source.ledger for source in result.sources), Ledger())
        return Done(self._line(sums), failed, _figures(sums, result, len(self._behind)), has_more=bool(self._behind))

    def _line(self, sums: Ledger) -> str:
        more = f"; {plural(len(self._behind), 'source')} behind, the next slice follows" if self._behind else ""
        known = f"{sums.duplicates} duplicates + {sums.dead} dead"
        return f"collected: {sums.read} read = {sums.stored} stored + {known}{more}"


def _figures(sums: Ledger, result: pipeline.CollectResult, behind: int) -> dict[str, float]:
    failed = sum(not one.is_ok for one in result.sources)
    told = {"read": sums.read, "stored": sums.stored, "duplicates": sums.duplicates, "dead": sums.dead}
    return {**told, "sources": len(result.sources), "failed": failed, "behind": behind}
