"""What the jobs of the daemon do, over a few callables: nothing of sources, store or channels is known here.

Each part has its own edge: what fails there does not stop the others.
"""

import logging
import time
from collections.abc import Callable, Sequence

from msgspec import Struct, field

from classifiers.findings import Findings
from collector.stopping import Stop
from collector.window import NS_PER_S, Window
from logtriage.daemon.edge import edge, run_job
from logtriage.delivery import Delivered, delivered_line
from logtriage.digest_config import DigestConfig
from logtriage.escape import plain
from logtriage.hearing import Listened
from logtriage.jobs import Done, Job, JobName, Observer
from logtriage.parts import part
from logtriage.wording import plural

__all__ = ["Cycle"]

LOG = logging.getLogger(__name__)
_HOUR_NS = 3600 * NS_PER_S
_ONCE: tuple[JobName, ...] = ("digest", "collect", "classify", "digest", "report")


class Cycle(Struct):
    """The work of every job but `watch`.

    `collect` pulls a slice of all sources; `analyse` gives the findings of a window up to now; `remember` stores what
    they claim and what is to be told, settles what was claimed before, and says so in one line; `hear` asks a channel
    what people answered; `deliver` sends what waits for a channel, the first time also what was refused before; `waits`
    tells whether stored states wait for proof; `report` writes files; `prune` is retention.
    """

    collect: Callable[[Stop], Done]
    analyse: Callable[[Window, int], Findings]
    remember: Callable[[Findings], str]
    deliver: Callable[[str, bool], Delivered]
    hear: Callable[[str], Listened]
    channels: tuple[str, ...]
    digest: DigestConfig
    waits: Callable[[], bool] = lambda: False
    report: Callable[[], Done] = Done
    prune: Callable[[Stop], Done] = lambda _: Done()
    verify_s: float = 0.0  # a look between is not repeated within half of this
    clock_ns: Callable[[], int] = time.time_ns
    _has_delivered: bool = False
    _looked_ns: int | None = None
    _unheard: list[str] = field(default_factory=list)  # of the last look; told with the next digest

    def jobs(self) -> dict[JobName, Job]:
        """Each by its name."""
        runs: dict[JobName, Callable[[Stop], Done]] = {
            "collect": self.collect,
            "classify": self._classify,
            "verify": self._verify,
            "digest": self._digest,
            "report": lambda _: self.report(),
            "retention": self.prune,
        }
        return {name: Job(name, run) for name, run in runs.items()}

    def run(self, stop: Stop | None = None, observers: Sequence[Observer] = ()) -> bool:
        """One round of all: what was left from before goes out first, ahead of a pull that may take long.

        Whether every part of it was done.
        """
        jobs, wish, is_clean = self.jobs(), stop or Stop(), True
        for name in _ONCE:
            while True:
                run, done = run_job(jobs[name], wish, observers)
                is_clean = is_clean and run.outcome == "done"
                if not done.has_more:
                    break
        return is_clean

    def _classify(self, stop: Stop) -> Done:
        """What people said is heard, then one look is made and stored. Not to hear is a failure of the digest."""
        failed: list[str] = []
        self._unheard.clear()
        for name in self.channels:
            stop.check()
            with edge(f"listening to {name}", self._unheard), part("hear", channel=name):
                heard = self.hear(name)
                if heard.words:
                    LOG.info("heard in %s: %s, %d settled a verdict", name, plural(heard.words, "word"), heard.settled)
        stop.check()
        findings: Findings | None = None
        with edge("analyse", failed), part("analyse"):
            findings = self._analyse()
        if findings is None:
            return Done(failed=tuple(failed))
        stop.check()
        figures = {"incidents": len(findings.incidents), "ongoing": sum(one.is_ongoing for one in findings.incidents)}
        with edge("storing", failed), part("remember"):
            line = f"stored: {self.remember(findings)}"
            self._looked_ns = findings.now_ns
            return Done(line, tuple(failed), figures, is_look=True)
        return Done(failed=tuple(failed), figures=figures)

    def _analyse(self) -> Findings:
        now_ns = self.clock_ns()
        findings = self.analyse(Window(now_ns - round(self.digest.window_hours * _HOUR_NS), now_ns), now_ns)
        incidents = findings.incidents
        going_on = sum(incident.is_ongoing for incident in incidents)
        LOG.info(
            "analysed: %s in the window, %d going on; %s missing, %s slower",
            plural(len(incidents), "incident"), going_on,
            plural(sum(one.is_ongoing for one in findings.absent_events), "event"),
            plural(sum(one.is_ongoing for one in findings.latency), "operation"),
        )  # fmt: skip
        return findings

    def _verify(self, stop: Stop) -> Done:
        """Pulls and looks while something waits for proof; nothing where a look was made a moment ago.

        What a source does not give is told of the source, as after any other pull; it is no failure of the look.
        """
        recent_ns = round(self.verify_s * NS_PER_S / 2)
        if self._looked_ns is not None and 0 <= self.clock_ns() - self._looked_ns < recent_ns:
            return Done()
        if not self.waits():
            return Done()
        pulled = self.collect(stop)
        looked = self._classify(stop)
        return Done(looked.line, looked.failed, {**pulled.figures, **looked.figures}, is_look=looked.is_look)

    def _digest(self, stop: Stop) -> Done:
        """Delivers what waits for each channel."""
        failed, self._unheard = self._unheard, []
        figures = {"messages": 0, "left": 0}
        for name in self.channels:
            stop.check()
            with edge(f"digest to {name}", failed), part("deliver", channel=name):
                done = self.deliver(name, not self._has_delivered)
                figures["messages"] += done.messages
                figures["left"] += done.left
                failed += _told(name, done, is_first=not self._has_delivered)
        self._has_delivered = True
        return Done(failed=tuple(failed), figures=figures)


def _told(name: str, done: Delivered, *, is_first: bool) -> list[str]:
    """Lines of what a channel did not take; all of it is logged."""
    failed = [f"digest to {name} failed: {plain(line)}" for line in done.failed]
    refused = [f"digest to {name} was refused: {plain(line)}" for line in done.refused]
    for line in failed:
        LOG.warning("%s", line)
    for line in refused:
        LOG.error("%s", line)
    if done.messages or not is_first:
        LOG.info("digest to %s", delivered_line(done))
    return failed + refused
