"""Muting: what people put away for a time goes out of incidents and ranks, and comes back with what is new. No I/O.

A mute holds for exact signatures of one service, never for the id of a cluster, which moves with what leads it. A
cluster is put away where all of its signatures are muted. Those that were there before the mute was made, and only now
turn out to be the same failure, wake nothing; one that came since does: another status, another exception, another
message. A mute ends at its instant, and what it put away is told again.

A refused request that was muted as the answer of something else is put away only while something else tells of it.
What all but follows from a muted failure (nine of ten of its units) is put away with it, as it is told with it. What
has other causes too is told for itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import polars as pl
from msgspec import Struct

from classifiers.findings import Absence, Cluster, Evidence, Latency
from classifiers.followed import Mute
from classifiers.history import History
from classifiers.incidents import Member
from collector.replacing import replace

__all__ = ["FOLLOWS", "Muted", "put_away"]

FOLLOWS = 0.9  # share of its units that its cause explains, from which on it is put away with that
_ERROR = 17  # OpenTelemetry number of ERROR
_TOLD = 100  # characters of a new variant
_QUERY = "find_mutes"
_Member = TypeVar("_Member", Cluster, Latency, Absence)


class Muted(Struct, frozen=True):
    """What is told after mutes, what is put away by them, and the mutes with what they did.

    `mutes`: those that hold at the end of the window, woken ones too, and those that ended in it.
    """

    clusters: tuple[Cluster, ...]
    slower: tuple[Latency, ...]
    missing: tuple[Absence, ...]
    explained: tuple[Absence, ...]
    standing: tuple[Cluster, ...]
    muted: tuple[Cluster, ...] = ()
    silent: tuple[Latency | Absence, ...] = ()
    mutes: tuple[Mute, ...] = ()


class _Scene(Struct, frozen=True, dict=True):
    """Mutes beside the history that they are laid over."""

    mutes: tuple[Mute, ...]  # that hold
    history: History
    samples: pl.DataFrame

    @cached_property
    def leads(self) -> Mapping[str, str]:
        """The leading signature of each cluster."""
        return dict(self.history.leads.select("cluster_id", "lead").iter_rows())

    @cached_property
    def firsts(self) -> Mapping[tuple[str, str, str], int]:
        """When each signature was first seen in its service, as far as the history reaches."""
        keys = ["project", "service", "signature_id"]
        rows = self.history.failures.group_by(keys).agg(pl.col("first_ns").min())
        return {(project, service, name): at_ns for project, service, name, at_ns in rows.iter_rows()}

    def known(self, one: Member) -> frozenset[str]:
        """What is muted of what a finding consists of, those among it that only joined it."""
        own = [mute for mute in self.mutes if (mute.project, mute.service) == (one.project, one.service)]
        muted = {name for mute in own for name in mute.signature_ids}
        if self.leads.get(one.id) in muted:
            made_ns = max(mute.made_at_ns for mute in own if self.leads.get(one.id) in mute.signature_ids)
            muted |= {name for name in _names(one) if self._first_ns(one, name) < made_ns}
        return frozenset(muted.intersection(_names(one)))

    def _first_ns(self, one: Member, name: str) -> int:
        return self.firsts.get((one.project, one.service, name), one.onset.at_ns if one.onset else 2**63 - 1)

    def is_bare(self, one: Member) -> bool:
        """A refused request that was muted as the answer of something else, and now comes without that or another."""
        if not isinstance(one, Cluster) or one.kind != "request" or any(it.cluster_id == one.id for it in self.mutes):
            return False
        is_own = pl.col("signature_id").is_in(list(one.signature_ids))
        made_ns = [mute.made_at_ns for mute in self.mutes if {*mute.signature_ids} & {*one.signature_ids}]
        rows = self.history.failures.filter(
            pl.col("project") == one.project,
            pl.col("service") == one.service,
            pl.col("last_ns") >= max([self.history.window.start_ns, *made_ns]),
            is_own | (pl.col("severity") >= _ERROR),
        )
        rows = rows.select(is_own=is_own, request=pl.coalesce("trace", "borrowed")).drop_nulls("request")
        own = rows.filter("is_own")["request"].unique()
        met = own.is_in(rows.filter(~pl.col("is_own"))["request"].unique().to_list())
        return bool(own.len()) and float(met.mean() or 0.0) < FOLLOWS  # type: ignore[arg-type] # of booleans

    def news(self, one: Member, names: Iterable[str]) -> tuple[str, int, str]:
        """Of signatures that no mute knows the one that came first: its id, when, and what it says."""
        at_ns, name = min((self._first_ns(one, name), name) for name in names)
        rows = self.samples.filter(pl.col("signature_id") == name).sort("insert_id").head(1).to_dicts()
        return name, at_ns, _said(rows[0])[:_TOLD] if rows else ""

    def failed(self, mute: Mute, told: Iterable[str]) -> tuple[int, int | None]:
        """How often what is muted failed since, and when last: a request once, and none that bears what is told."""
        own = self.history.failures.filter(
            pl.col("project") == mute.project,
            pl.col("service") == mute.service,
            pl.col("last_ns") > mute.made_at_ns,
        ).with_columns(request=pl.coalesce("trace", "borrowed"))
        others = own.filter(pl.col("signature_id").is_in(sorted({*told} - {*mute.signature_ids})))["request"]
        rows = own.filter(
            pl.col("signature_id").is_in(list(mute.signature_ids)),
            ~pl.col("request").is_in(others.drop_nulls().unique().to_list()) | pl.col("request").is_null(),
        )
        traces = rows["request"]
        many = traces.drop_nulls().n_unique() + int(rows.filter(traces.is_null())["occurrences"].sum())
        return many, rows["last_ns"].max()  # type: ignore[return-value] # of a column of integers


def put_away(
    told: Muted, mutes: Sequence[Mute], history: History, samples: pl.DataFrame
) -> Muted:  # fmt: skip
    """What is told without what mutes put away; `told` has all of it, `samples` the first entry of each signature."""
    window = history.window
    near = [mute for mute in mutes if mute.until_ns > window.start_ns and mute.made_at_ns < window.end_ns]
    if not near:
        return told
    holding = tuple(mute for mute in near if mute.until_ns > window.end_ns)
    scene = _Scene(holding, history, samples)
    members: tuple[Member, ...] = (*told.clusters, *told.slower, *told.missing, *told.explained)
    known = {one.id: scene.known(one) for one in (*members, *told.standing)}
    away = {
        one.id
        for one in (*members, *told.standing)
        if known[one.id] and known[one.id] >= set(_names(one)) and not scene.is_bare(one)
    }
    by_mute = {mute.mute_id: _put(mute, away, members, told.standing) for mute in holding}
    followers = _followers(members, away)
    kept = {name for one in members if one.id not in away and one.id not in followers for name in _names(one)}
    done = []
    woken: dict[str, Evidence] = {}
    for mute in near:
        if mute.until_ns <= window.end_ns:
            done.append(mute)
            continue
        own = by_mute[mute.mute_id]
        after = replace(
            mute,
            signature_ids=tuple(sorted({*mute.signature_ids, *(name for one in own for name in _names(one))})),
            finding_ids=(*(one.id for one in own), *(name for name, cause in followers.items() if cause in _ids(own))),
        )
        failures, last_ns = scene.failed(after, kept)
        after = replace(after, failures=failures, last_failure_ns=last_ns)
        if not own:
            after = _woken(after, members, away | set(followers), known, scene, woken)
        done.append(after)
    away |= set(followers)
    return _without(told, away, woken, tuple(done))


def _said(sample: Mapping[str, Any]) -> str:
    """The first line of an entry; of a request what was answered."""
    words = str(sample.get("message") or "").strip().splitlines()
    if words:
        return words[-1] if words[0].startswith("Traceback") else words[0]
    if sample.get("http_status") is None:
        return ""
    return f"{sample.get('http_method') or ''} {sample.get('http_path') or ''} answered {sample['http_status']}".strip()


def _names(one: Member) -> tuple[str, ...]:
    """What a mute holds for: signatures; of what no entry tells its own id."""
    return one.signature_ids if isinstance(one, Cluster) else (one.id,)


def _ids(some: Iterable[Member]) -> set[str]:
    return {one.id for one in some}


def _put(mute: Mute, away: set[str], members: Sequence[Member], standing: Sequence[Cluster]) -> list[Member]:
    """What is put away because of this mute, or of it beside others."""
    return [
        one
        for one in (*members, *standing)
        if one.id in away
        and (one.project, one.service) == (mute.project, mute.service)
        and set(_names(one)) & set(mute.signature_ids)
    ]


def _followers(members: Sequence[Member], away: set[str]) -> dict[str, str]:
    """What all but follows from something that is muted, with the muted cause, over any number of links."""
    found: dict[str, str] = {}
    for _ in members:
        more = {
            one.id: found.get(one.caused_by, one.caused_by)
            for one in members
            if one.caused_by
            and one.id not in away
            and one.id not in found
            and (one.caused_by in away or one.caused_by in found)
            and (one.explained_share or 0.0) >= FOLLOWS
        }
        if not more:
            break
        found |= more
    return found


def _woken(
    mute: Mute, members: Sequence[Member], away: set[str], known: Mapping[str, frozenset[str]], scene: _Scene,
    woken: dict[str, Evidence],
) -> Mute:  # fmt: skip
    """The mute with what woke it: a finding that it covers in part, and the part that it does not know."""
    for one in members:
        mine = known[one.id] & set(mute.signature_ids)
        if one.id in away or not mine or (one.project, one.service) != (mute.project, mute.service):
            continue
        strange = set(_names(one)) - known[one.id]
        if not strange:  # bare
            continue
        name, at_ns, said = scene.news(one, strange)
        what = f"`{said}`" if said else f"signature {name}"
        told = f"muted, and woken by what is new since: {what} was not among what was muted"
        woken[one.id] = Evidence("measured", told, _QUERY)
        return replace(mute, woken_by=name, news=said, news_ns=at_ns, finding_ids=(one.id,))
    return mute


def _without(told: Muted, away: set[str], woken: Mapping[str, Evidence], mutes: tuple[Mute, ...]) -> Muted:
    """What is left, roots of their own where their cause is put away; and what is not."""
    clusters = [_own(one, away) for one in told.clusters if one.id not in away]
    silent: tuple[Latency | Absence, ...] = (*told.slower, *told.missing, *told.explained)
    return Muted(
        clusters=tuple(
            replace(one, evidence=(*one.evidence, woken[one.id])) if one.id in woken else one for one in clusters
        ),
        slower=tuple(_own(one, away) for one in told.slower if one.id not in away),
        missing=tuple(_own(one, away) for one in told.missing if one.id not in away),
        explained=tuple(_own(one, away) for one in told.explained if one.id not in away),
        standing=tuple(one for one in told.standing if one.id not in away),
        muted=tuple(replace(one, state="muted") for one in (*told.clusters, *told.standing) if one.id in away),
        silent=tuple(one for one in silent if one.id in away),
        mutes=mutes,
    )


def _own(one: _Member, away: set[str]) -> _Member:
    """A root of its own, where what it follows from in part is put away."""
    if one.caused_by not in away:
        return one
    alone: _Member = replace(one, role="root", caused_by=None, explained_share=None)
    if isinstance(alone, Latency):
        return alone
    share = f"{one.explained_share:.0%}".replace("%", " %") if one.explained_share is not None else "some"
    told = f"{share} of it follows from a failure that is muted; the rest does not"
    return replace(alone, evidence=(*alone.evidence, Evidence("inferred", told, _QUERY)))
