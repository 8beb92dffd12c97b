"""Outsiders: every explanation of a case that is no revision and has a name of its own, measured on the same counts.

Secrets that changed, IAM, databases, caches, networks and certificates, one caller, load, roll-outs, hours of
the day. What is left over is "something from outside at any moment" (rivals.py).
"""

from collections.abc import Sequence

from classifiers.cases import Case
from classifiers.clock import clock_rival
from classifiers.config import AttributionConfig
from classifiers.history import History
from classifiers.instances import Instances
from classifiers.loads import Loads
from classifiers.occasions import occasion_rivals
from classifiers.rivals import Candidate, Rival
from classifiers.rotations import Ground, rotation_rivals
from classifiers.starts import start_rival
from classifiers.suspects import CallGraph

__all__ = ["Outsiders"]


class Outsiders:
    """The named rivals of revisions over one history; those of a case are made once."""

    def __init__(self, history: History, calls: CallGraph, config: AttributionConfig) -> None:
        self._history = history
        self._calls = calls
        self._config = config
        self._ground = Ground(history.revisions, Instances(history.instances, history.failures), config)
        self._callers = history.senders
        self._loads = Loads(history.exposure, config)
        self._found: dict[str, tuple[list[Rival], dict[str, float]]] = {}

    def of(self, case: Case, text: str, candidates: Sequence[Candidate]) -> tuple[list[Rival], dict[str, float]]:
        """The rivals of a case; and by own revision how well it does if it broke something for one caller alone."""
        if case.cluster_id not in self._found:
            history, config = self._history, self._config
            callers, alone = self._callers.rivals_of(case, candidates, config)
            load = self._loads.rival_of(case, text)
            starts = start_rival(case, history.revisions)
            clock = clock_rival(case)
            found = [
                *rotation_rivals(case, text, history.changes, self._ground),
                *occasion_rivals(case, text, history.changes, history.revisions, self._calls.reaches, config),
                *callers,
                *([load] if load else []),
                *([starts] if starts else []),
                *([clock] if clock else []),
            ]
            self._found[case.cluster_id] = (found, alone)
        return self._found[case.cluster_id]
