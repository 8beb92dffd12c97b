"""Callers: whether one caller sends what fails, while others on the same routes are spared.

A caller is one address with its program, or all that use one program. It may have failed from its first request on, or
since some moment. A deploy that breaks something for one caller alone looks the same, and is weighed beside it.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.config import AttributionConfig
from classifiers.findings import Evidence
from classifiers.origin import origin_of_share
from classifiers.rivals import Candidate, Rival, moment_gain, parted
from classifiers.telling import as_rate, summed
from collector.window import format_ns

__all__ = ["CALLER_SCHEMA", "Callers", "top_clients"]

CALLER_SCHEMA = pl.Schema(
    {
        "project": pl.String(), "service": pl.String(), "revision": pl.String(), "route": pl.String(),
        "client": pl.UInt64(), "agent": pl.String(), "minute": pl.Int64(), "requests": pl.Int64(),
    }
)  # fmt: skip
_AT_ONCE = 0.003  # chance of a caller to send what fails from its first request on
_LEAST = 4  # failures of one caller
_PER_SERVICE = 5  # callers looked at
_SHARE = 0.8  # of the failures whose caller is known, that one caller must have met
_KNOWN = 0.7  # of the failures of which the caller must be known
_FROM_INSIDE = 0.2  # of what a client sent, behind a request of another service: the rest is its background work
_SPARED = 3.0  # failures expected among the others, had they failed as often: rule of three
_MINUTE_NS = 60_000_000_000
_LONG_AGENT = 80
_SLACK_NS = 900_000_000_000


def top_clients(requests: pl.DataFrame) -> list[int]:
    """Callers of failed requests worth counting: at most five of each service, of 4 failures and more."""
    return _top(requests, "client")["client"].unique().sort().to_list()


def top_agents(requests: pl.DataFrame) -> list[str]:
    """User agents of failed requests worth counting, whoever used them: as many."""
    return _top(requests.filter(pl.col("agent") != ""), "agent")["agent"].unique().sort().to_list()


def _top(requests: pl.DataFrame, column: str) -> pl.DataFrame:
    known = requests.filter(pl.col(column).is_not_null())
    many = known.group_by("project", "service", column).agg(pl.col("trace").n_unique().alias("failed"))
    ranked = many.filter(pl.col("failed") >= _LEAST).sort("failed", column, descending=[True, False])
    return ranked.group_by("project", "service", maintain_order=True).head(_PER_SERVICE)


class _Caller(Struct, frozen=True):
    """Somebody who calls: which of the units were theirs, and what they asked on the failing routes, per bin."""

    name: str
    is_theirs: NDArray[np.bool_]
    asked: NDArray[np.float64]
    by_revision: dict[str, NDArray[np.float64]]


class Callers:
    """Who sent the requests that failed, beside all that they sent."""

    def __init__(self, frame: pl.DataFrame, requests: pl.DataFrame) -> None:
        """Frames of count_caller_requests and, of the failed traces, find_trace_requests."""
        self._asked = frame
        told = requests.filter(pl.col("client").is_not_null()).sort("start_ns", descending=True)
        self._clients: dict[tuple[str, str], dict[str, tuple[int, str]]] = {
            (str(key[0]), str(key[1])): {trace: (client, agent or "") for trace, client, agent in rows.iter_rows()}
            for key, rows in told.select("project", "service", "trace", "client", "agent")
            .partition_by("project", "service", as_dict=True, include_key=False)
            .items()
        }
        self._came_in: dict[str, str] = dict(
            requests.sort("start_ns", descending=True).select("trace", "service").iter_rows()
        )

    def rivals_of(
        self, case: Case, candidates: Sequence[Candidate], config: AttributionConfig
    ) -> tuple[list[Rival], dict[str, float]]:
        """The caller that explains a case best, if any; and by revision how well it does for that caller alone."""
        found: list[tuple[Rival, dict[str, float]]] = []
        for caller in self._callers(case):
            rival = _rival(case, caller, config)
            if rival is not None:
                found.append((rival, _alone(case, caller, candidates)))
        best = max(found, key=lambda one: one[0].log_weight, default=None)
        return ([best[0]], best[1]) if best else ([], {})

    def _callers(self, case: Case) -> list[_Caller]:
        """The client that met nearly all failures, and the program that it uses where others do too."""
        known = self._clients.get((case.project, case.service), {})
        if not case.is_counted or origin_of_share(case.origins)[0] in {"tests", "scanners"}:
            return []
        senders = [known.get(key or "", (0, "")) for key in case.traces]
        made = []
        for place, column in enumerate(("client", "agent")):
            sent = [one[place] for one in senders]
            top, many = Counter(one for one in sent if one).most_common(1)[0] if any(sent) else (0, 0)
            told = sum(bool(one) for one in sent)
            if many < max(_LEAST, _SHARE * told) or told < _KNOWN * case.units:
                continue
            is_theirs = np.array([one == top for one in sent])
            if self._is_ours(case, [one[0] for one in senders], is_theirs):
                continue
            rows = _named(_named(self._asked, "service", [case.service]), "project", [case.project])
            if rows.is_empty():
                return []
            own = _named(rows, "route", case.routes) if case.routes else rows
            agent = next(one[1] for one in senders if one[place] == top)
            named = agent[:_LONG_AGENT] or "no user agent"
            name = f"one caller ({named})" if column == "client" else f"all callers with {named}"
            theirs = own.filter(pl.col(column) == top) if column == "client" else _named(own, column, [str(top)])
            made.append(_Caller(name, is_theirs, _bins(case, theirs), _by_revision(case, theirs)))
        return made

    def _is_ours(self, case: Case, clients: list[int], is_theirs: NDArray[np.bool_]) -> bool:
        """The caller is another service: what it sends is that of its revision.

        A client whose requests came in at another service first is that service, also where it calls by itself.
        """
        theirs = [
            (client, key) for client, key, own in zip(clients, case.traces, is_theirs, strict=True) if own and key
        ]
        sent = Counter(client for client, _ in theirs)
        inside = Counter(client for client, key in theirs if self._came_in.get(key, case.service) != case.service)
        ours = sum(many for client, many in sent.items() if inside[client] >= _FROM_INSIDE * many)
        return ours > len(theirs) / 2


def _rival(case: Case, caller: _Caller, config: AttributionConfig) -> Rival | None:
    """That the caller has been sending it since its first request, or since some moment."""
    timeline = case.held.timeline
    failed = np.bincount(case.bins[caller.is_theirs], minlength=timeline.bins).astype(float)
    many = int(failed.sum())
    since = int(case.bins[case.fit.index])
    asked, whole = max(float(caller.asked[since:].sum()), float(many)), float(case.held.total[since:].sum())
    spared = max(whole - asked, 0.0) * many / max(asked, 1.0)
    if spared < _SPARED:
        return None
    always = parted(case, many, float(caller.asked.sum()))
    is_over = case.fit.course == "resolved"
    last = int(case.bins[-1]) + 1 if is_over else timeline.bins
    each = math.log(config.callers_per_day / 1440 * timeline.bin_minutes) - (math.log(120.0) if is_over else 0.0)
    gain, split = moment_gain(case, np.full(last, each), failed=failed, exposed=caller.asked)
    at_once = math.log(_AT_ONCE) + always.gain
    weight = summed([at_once, gain])
    if not math.isfinite(weight):
        return None
    best = always if at_once >= gain else split
    evidence = (
        as_rate(case, best, f"requests of {caller.name}", "of all others on these routes", "count_caller_requests"),
        Evidence(
            "measured",
            f"since {format_ns(case.fit.at_ns)} others asked {max(whole - asked, 0.0):.0f} times on these routes: "
            f"{spared:.0f} failures would be expected, {int((~caller.is_theirs[case.fit.index :]).sum())} came",
            "count_exposure",
        ),
    )
    sent = f"what {caller.name} {'sends' if caller.name.startswith('one ') else 'send'} fails"
    return Rival("client", f"{sent}; others on the same routes are spared", weight, best, evidence)


def _alone(case: Case, caller: _Caller, candidates: Sequence[Candidate]) -> dict[str, float]:
    """By own revision: how well it and those after it explain the case, for this caller alone."""
    found: dict[str, float] = {}
    labels = np.array(case.revisions, dtype=object)
    for one in candidates:
        if one.relation == "own":
            names = [one.revision, *one.later]
            failed = int((np.isin(labels, names) & caller.is_theirs).sum())
            asked = sum(float(caller.by_revision[name].sum()) for name in names if name in caller.by_revision)
            is_new = one.served_ns >= case.fit.last_good_ns - _SLACK_NS
            if not is_new and float(caller.asked.sum()) - asked < 1:
                continue  # this caller never asked anything else
            found[one.revision] = parted(case, failed, asked).gain
    return found


def _named(rows: pl.DataFrame, column: str, names: Sequence[str]) -> pl.DataFrame:
    """Rows with one of these names; of an Enum the numbers are compared, and no name is made of any row."""
    kind = rows.schema[column]
    if not isinstance(kind, pl.Enum):
        return rows.filter(pl.col(column).is_in(list(names)))
    known = kind.categories.filter(kind.categories.is_in(list(names))).cast(kind)
    return rows.filter(pl.col(column).is_in(known.implode()))


def _bins(case: Case, rows: pl.DataFrame) -> NDArray[np.float64]:
    timeline = case.held.timeline
    places = timeline.bin_of(rows["minute"].to_numpy() * _MINUTE_NS)
    many: NDArray[np.float64] = np.bincount(places, rows["requests"].to_numpy(), timeline.bins).astype(np.float64)
    return many


def _by_revision(case: Case, rows: pl.DataFrame) -> dict[str, NDArray[np.float64]]:
    return {str(key[0]): _bins(case, own) for key, own in rows.partition_by("revision", as_dict=True).items()}
