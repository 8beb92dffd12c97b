"""The sections of config.yaml that decide what is found, apart from the code they serve: to read them loads none of it.

No I/O.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from classifiers.rules import ClustersConfig
from classifiers.service_names import plain_name
from classifiers.verification.config import VerifyConfig

__all__ = [
    "AttributionConfig", "CascadeConfig", "ClassifyConfig", "EventsConfig", "ExpectedEvent", "ForecastConfig",
    "HistoryConfig", "KnownConfig", "LatencyConfig", "LedgerConfig", "OnsetConfig", "OriginsConfig", "PriorityConfig",
    "ProblemConfig", "SendersConfig", "TestsConfig",
]  # fmt: skip

_ADDRESS = re.compile(r"https?://[\w.\-]+(?::\d+)?/[\w.\-/]*[\w\-]/?\Z", re.ASCII)


def _check_address(value: str) -> str:
    if not _ADDRESS.match(value):
        raise ValueError("it should be the web address of a repository, such as https://github.com/owner/name")
    return value.rstrip("/").removesuffix(".git")


class LedgerConfig(BaseModel):
    """What deploys do not tell themselves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repositories: dict[str, Annotated[str, AfterValidator(_check_address)]] = {}


class SendersConfig(BaseModel):
    """How to know one kind of sender, beside the words that come along. `*` and `?` stand for any text in paths."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    agents: tuple[str, ...] = ()  # words of user agents, matched as whole words without case
    paths: tuple[str, ...] = ()  # whole paths without query, as `/internal/e2e/*`


class TestsConfig(SendersConfig):
    """How to know tests. `accounts`: ids of users, `*` and `?` as in paths; addresses in full."""

    __test__ = False  # no test of pytest's

    accounts: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()  # of requests, and keys of baggage: there unless they say no


class OriginsConfig(BaseModel):
    """Section `origins` of config.yaml: own senders beside the built-in tables, and words of those that mislead."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tests: TestsConfig = TestsConfig()
    health_checks: SendersConfig = SendersConfig()
    scanners: SendersConfig = SendersConfig()
    users: tuple[str, ...] = ()  # words of user agents of people's programs
    ignore: tuple[str, ...] = ()  # words of the built-in tables that say nothing here


class HistoryConfig(BaseModel):
    """Section `history` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    baseline_days: float = Field(default=14.0, ge=0, le=366)  # how far before the window failures are compared with


class OnsetConfig(BaseModel):
    """Section `onset` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    evidence: float = Field(default=5.0, gt=0)  # log-likelihood gain from which a change of rate is believed
    silence: float = Field(default=3.0, gt=0)  # failures expected in the silence after the last: rule of three


class ProblemConfig(BaseModel):
    """Section `problems` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    short_history_minutes: float = Field(default=60.0, ge=0)  # with less, nothing can be called standing
    standing_after_hours: float = Field(default=72.0, gt=0)  # an onset this long before the window is no news any more
    few_units: int = Field(default=4, ge=1)  # fewer scattered failures say nothing
    association: float = Field(default=0.5, gt=0, le=1)  # share of a warning's traces that must have failed otherwise
    joining_units: int = Field(default=5, ge=1)  # of a warning that begins with an error of another service
    strong_evidence: float = Field(default=12.0, gt=0)  # of an onset that needs no other sign (see onset.evidence)


class CascadeConfig(BaseModel):
    """Section `cascade` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float = Field(default=0.5, gt=0, le=1)  # of a symptom's failures that its cause must precede
    order: float = Field(default=0.6, gt=0.5, le=1)  # of the shared ones, in which the cause comes first
    lift: float = Field(default=1.5, ge=1)  # how much likelier a symptom must be where its cause failed


class AttributionConfig(BaseModel):
    """Section `attribution` of config.yaml. Priors are per deploy, change or day, before any log was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bad_deploys: float = Field(default=0.03, gt=0, lt=1)  # share of deploys that break something of their own service
    outages_per_day: float = Field(default=0.3, gt=0)  # onsets from outside: dependencies, platform, clients
    bad_rotations: float = Field(default=0.05, gt=0, lt=1)  # share of new secret versions that break who reads them
    bad_changes: float = Field(default=0.05, gt=0, lt=1)  # ... of changes of IAM, databases, networks, certificates
    callers_per_day: float = Field(default=0.05, gt=0)  # onsets from a caller that begins to send what fails
    surges: float = Field(default=0.01, gt=0, lt=0.1)  # chance that load is what makes a service fail
    most: float = Field(default=0.97, gt=0.5, lt=1)  # no certainty above this: the model itself may be wrong


class LatencyConfig(BaseModel):
    """Section `latency` of config.yaml: from when on slower is worth telling, both at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    least_times: float = Field(default=1.5, gt=1)  # by which the median or the 95th percentile must have risen
    least_ms: float = Field(default=20.0, ge=0)  # ... and by how much: below, nobody who waits can tell


class ExpectedEvent(BaseModel):
    """One event that must come, of a service.

    trigger: a request (`POST /orders/*`, `*` for a part of its path), another event, or "" for every request. `fields`
    must come with a value.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: str
    service: str
    trigger: str = ""
    fields: tuple[str, ...] = ()


class EventsConfig(BaseModel):
    """Section `events` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    expected: tuple[ExpectedEvent, ...] = ()


class ForecastConfig(BaseModel):
    """Section `forecasts` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    moved: float = Field(default=0.1, gt=0, le=1)  # of a probability, from which a look is stored anew
    expected: float = Field(default=3.0, gt=0)  # failures that should have come in a silence that proves: rule of three
    failures: int = Field(default=4, ge=2)  # fewer prove nothing
    unchanged: float = Field(default=0.5, gt=0, le=1)  # share of the rate from which a failure goes on as before


class PriorityConfig(BaseModel):
    """Section `priority` of config.yaml. Shares of what a service was asked since the onset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    p0_share: float = Field(default=0.5, gt=0, le=1)  # an outage: at least half of what the service is asked fails
    p1_share: float = Field(default=0.1, gt=0, le=1)  # a major function is broken
    p2_share: float = Field(default=0.01, gt=0, le=1)  # partial; below that P3
    spread_services: int = Field(default=3, ge=2)  # where this many are P1 or worse, an incident is P0
    least_failures: int = Field(default=5, ge=1)  # of fewer nothing ranks above P2, whatever share they are
    brief_minutes: float = Field(default=5.0, ge=0)  # what was over within them ranks one lower, down to P2
    slow_times: float = Field(default=1.5, ge=1)  # what became slower by less is P3
    weights: Mapping[str, Annotated[float, Field(ge=0, le=100)]] = Field(default_factory=dict)  # by service or route

    def weight(self, name: str) -> float | None:
        """The weight of the first pattern that fits a service or a route (`POST /pay`); None where none does."""
        for pattern, weight in self.weights.items():
            path = name.partition(" ")[2]
            names = (name, plain_name(name), *([path] if path.startswith("/") else []))
            if any(fnmatchcase(one, pattern) for one in names):
                return weight
        return None


class KnownConfig(BaseModel):
    """Section `known` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Path("known")  # your own known signatures, a YAML file a family; the default one may be missing

    def beside(self, folder: Path) -> "KnownConfig":
        """The same, with a relative path taken from this folder."""
        return KnownConfig(folder=folder / self.folder)


class ClassifyConfig(BaseModel):
    """The sections of config.yaml that decide what is found, in the order of the flow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clusters: ClustersConfig = ClustersConfig()
    ledger: LedgerConfig = LedgerConfig()
    origins: OriginsConfig = OriginsConfig()
    history: HistoryConfig = HistoryConfig()
    onset: OnsetConfig = OnsetConfig()
    problems: ProblemConfig = ProblemConfig()
    cascade: CascadeConfig = CascadeConfig()
    attribution: AttributionConfig = AttributionConfig()
    latency: LatencyConfig = LatencyConfig()
    events: EventsConfig = EventsConfig()
    forecasts: ForecastConfig = ForecastConfig()
    priority: PriorityConfig = PriorityConfig()
    known: KnownConfig = KnownConfig()
    verify: VerifyConfig = VerifyConfig()
