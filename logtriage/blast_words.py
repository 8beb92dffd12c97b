"""How far something reaches, in a few words for the line that tells who was hit. No I/O."""

from collections.abc import Sequence

from classifiers.findings import Blast, Priority
from logtriage.escape import plain

__all__ = ["blast_words", "rank_words"]

_WORSE = 1.2  # times the share of the service, from which a route is worth naming
_NAMED = 60


def blast_words(blast: Blast | None, services: Sequence[str] = ()) -> tuple[str, ...]:
    """`10 % of all 3,300 since, POST /pay 98 %`, `accounts 12`, `4 services`; services: those of the whole incident."""
    if blast is None:
        return ()
    told = [", ".join(filter(None, (_share_words(blast), _route_words(blast))))]
    told += [f"accounts {blast.users:,}"] if blast.users else []
    reached = len(services or blast.services)
    return tuple(filter(None, (*told, f"{reached} services" if reached > 1 else "")))


def rank_words(priority: Priority, blast: Blast | None) -> str:
    """`P1: at least 13 % of what shop was asked failed: p1_share is 10 %`; nothing where it was not measured."""
    return f"{priority}: {plain(blast.reason, 400)}" if blast and blast.reason else ""


def _share_words(blast: Blast) -> str:
    if blast.share is None or blast.exposed is None:
        return ""
    if blast.failed > blast.exposed:
        return f"{_percent(blast.share)} of all since"
    return f"{_percent(blast.share)} of all {blast.exposed:,} since"


def _route_words(blast: Blast) -> str:
    """The worst route, where it is worse off than its service as a whole."""
    if not blast.routes or blast.routes_share is None or blast.routes_share < _WORSE * (blast.share or 0.0):
        return ""
    return f"{plain(blast.routes[0], _NAMED)} {_percent(blast.routes_share)}"


def _percent(share: float) -> str:
    return "under 0.1 %" if 0 < share < 0.001 else f"{share * 100:.2g} %" if share < 0.995 else "100 %"  # noqa: PLR2004 - below and above, two figures say nothing
