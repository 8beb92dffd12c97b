"""Trials: simulated histories of one service with a planted truth, weighed as the line does it; without a store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from classifiers.accusation import attribution_of
from classifiers.attribution import weigh
from classifiers.cases import Case
from classifiers.config import AttributionConfig
from classifiers.findings import Attribution
from classifiers.lineage import Lineage
from classifiers.named import Namings
from classifiers.rivals import Candidate
from classifiers.weighing import Judged
from collector.records import Revision
from tests.support.cases import MINUTE_NS, case, grid

__all__ = ["Trial", "config_of", "tried"]

SERVICE = "orders"
_REST = (
    "memory_limit", "cpu_limit", "concurrency", "max_instances", "min_instances", "timeout_s", "service_account", "vpc",
    "cloud_sql", "probes", "command", "execution_environment", "encryption_key", "cpu_idle", "startup_cpu_boost",
    "session_affinity",
)  # fmt: skip


@dataclass
class Trial:
    """Requests a minute by revision, in the order of deploying, and the probability that one fails at a minute.

    `rates` by revision: a number, or one for each minute. `created` in minutes; by default when it first served.
    """

    asked: Mapping[str, Sequence[float]]
    rates: Mapping[str, float | Sequence[float]]
    configs: Mapping[str, dict[str, Any] | None] = field(default_factory=dict)
    created: Mapping[str, float] = field(default_factory=dict)
    text: str = "price is missing"
    looks: int = 10


def config_of(*, image: str = "a", **variables: str) -> dict[str, Any]:
    """A configuration of which everything that is compared is known."""
    env = {name: {"source": "literal", "hash": value * 12} for name, value in variables.items()}
    rest = dict.fromkeys(_REST)
    return {"api": "v1", "image": f"registry/x@sha256:{image * 64}", "env": env, "containers": {}, "volumes": {}} | rest


def tried(trial: Trial, seed: int) -> tuple[Attribution | None, Case]:
    """What is claimed of one run of a trial; None where no revision is a suspect."""
    random = np.random.default_rng(seed)
    failures: list[tuple[float, str]] = []
    for name, asked in trial.asked.items():
        rates = np.broadcast_to(np.array(trial.rates.get(name, 0.0), dtype=float), len(asked))
        for minute, many in enumerate(random.binomial(np.array(asked, dtype=int), rates)):
            failures += [(minute + random.random(), name) for _ in range(many)]
    minutes = max(len(asked) for asked in trial.asked.values())
    served = {name: list(asked) for name, asked in trial.asked.items() if any(asked)}
    of = case(grid(served, minutes=minutes), failures or [(1.0, next(iter(served)))], service=SERVICE)
    lineage = Lineage(_revisions(trial))
    found = weigh(
        of, [(one, lineage.served("p", SERVICE, one.revision)) for one in _candidates(trial, of)], shared=0,
        text=trial.text, looks=trial.looks, lineage=lineage, namings=Namings([trial.text]), config=AttributionConfig(),
    )  # fmt: skip
    return attribution_of(Judged(of, of.cluster_id, None, found, (), trial.text, lineage)), of


def _first(asked: Sequence[float]) -> int | None:
    return next((minute for minute, many in enumerate(asked) if many), None)


def _revisions(trial: Trial) -> list[Revision]:
    made = []
    for place, (name, asked) in enumerate(trial.asked.items()):
        first = _first(asked)
        created = trial.created.get(name, first if first is not None else 0.0) * MINUTE_NS + place
        taken = None if first is None else max(first * MINUTE_NS, round(created))
        made.append(
            Revision(
                "p",
                SERVICE,
                name,
                round(created),
                round(created),
                None,
                taken,
                None,
                taken,
                int(sum(asked)),
                trial.configs.get(name),
            )
        )
    return made


def _candidates(trial: Trial, of: Case) -> list[Candidate]:
    names, failing = list(trial.asked), set(of.revisions)
    found, since = [], 0
    for place, name in enumerate(names):
        first = _first(trial.asked[name])
        if name in failing and first is not None:
            found.append(
                Candidate(
                    "p",
                    SERVICE,
                    name,
                    "own",
                    first * MINUTE_NS,
                    tuple(names[place + 1 :]),
                    of.revisions,
                    of.grid,
                    1.0,
                    tuple(names[since:place]),
                )
            )
            since = place + 1
    return found
