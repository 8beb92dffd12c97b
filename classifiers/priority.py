"""Priority P0-P3 from what was measured: the share of a service's requests that fail, who is hit, how many services.

Never from adjectives in log text. Thresholds are the user's; a failure that only its own test harness or client causes
stays at P3, one that only tests have met yet ranks by what it breaks.
"""

import math

from pydantic import BaseModel, ConfigDict, Field

from classifiers.cases import Case
from classifiers.exposure import Exposure
from classifiers.findings import Cause, Fault, Origin, Priority

__all__ = ["PriorityConfig", "blast_share", "rank", "sure_share"]

_UNKNOWN = 2  # P2
_Z = 1.645


_FEW_MINUTES = 4


class PriorityConfig(BaseModel):
    """Section `priority` of config.yaml. Shares of the requests of a service since the onset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    p0_share: float = Field(default=0.5, gt=0, le=1)  # an outage: at least half of the service's requests fail
    p1_share: float = Field(default=0.1, gt=0, le=1)  # a major function is broken
    p2_share: float = Field(default=0.01, gt=0, le=1)  # partial; below that P3
    spread_services: int = Field(default=3, ge=2)  # an incident over this many services ranks one higher


def blast_share(case: Case, exposure: Exposure) -> float | None:
    """Failed units of the exposed ones of the whole service between onset and last failure; None where unknown."""
    grid = exposure.service(case.project, case.service) if case.is_counted else case.grid
    bins = case.bins[case.fit.index :]
    span = slice(int(bins[0]), int(bins[-1]) + 1)
    if not case.is_counted and len(bins) < _FEW_MINUTES:
        span = slice(None)  # of a minute or two all were hit, whatever it was
    exposed = float(grid.total[span].sum())
    return min(1.0, len(bins) / exposed) if exposed > 0 else None


def sure_share(share: float, failures: int) -> float:
    """The share that so many failures make sure of: Wilson's lower bound at 95 %. One of one is no outage."""
    many = failures / share if share > 0 else 0.0
    if many <= 0:
        return 0.0
    spread = _Z * math.sqrt(share * (1 - share) / many + _Z**2 / (4 * many**2))
    return (share + _Z**2 / (2 * many) - spread) / (1 + _Z**2 / many)


def rank(
    share: float | None, *, services: int, origin: Origin, cause: Cause, fault: Fault, config: PriorityConfig
) -> Priority:
    """The priority of a cluster; without a share it is P2."""
    if fault in {"test_harness", "client"} or cause in {"test_harness", "client"} or origin == "scanners":
        return "P3"
    bounds = (config.p0_share, config.p1_share, config.p2_share)
    level = _UNKNOWN if share is None else sum(share < bound for bound in bounds)
    if services >= config.spread_services and level > 0:
        level -= 1
    ranks: tuple[Priority, ...] = ("P0", "P1", "P2", "P3")
    return ranks[level]
