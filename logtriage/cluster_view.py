"""One cluster with all its evidence, in the words that `logtriage show` and the Markdown report tell. No I/O."""

from classifiers.explained import BLAMED
from classifiers.findings import Cluster, Evidence, Hypothesis, Onset, Priority, RevisionCount
from classifiers.incidents import title_of
from logtriage.blast_words import rank_words
from logtriage.blind_view import blind_lines
from logtriage.commands import commands_for
from logtriage.console_links import cluster_links
from logtriage.escape import plain, plain_lines, shorten
from logtriage.followed_view import followed_lines
from logtriage.lines import cluster_lines, done_lines, evidence_refs
from logtriage.lookup import Lookup
from logtriage.report_config import CONSOLE
from logtriage.report_view import ClusterView, EvidenceRow, RevisionRow, RivalRow
from logtriage.whys_view import why_rows
from logtriage.wording import Near, clock, failures_of, plural, short_revision, sure_word

__all__ = ["began_words", "evidence_rows", "rival_row", "view_cluster"]

_IDS_SHOWN = 20
_TRACES_SHOWN = 5
_NAME = 63  # characters of a name in a table: as long as the platform lets one be
_SPARED_SHOWN = 3  # revisions listed in which nothing failed; the others are summed up


def view_cluster(cluster: Cluster, lookup: Lookup, console: str = CONSOLE) -> ClusterView:
    """One cluster with all its evidence, as `logtriage show` and the Markdown report tell it."""
    near = lookup.near
    is_root = cluster.role == "root"  # a symptom repeats its root's attribution: its root tells why and what to do
    blamed = cluster.attribution.evidence if cluster.attribution and is_root else ()
    return ClusterView(
        id=plain(cluster.id, 100),
        heading=f"{_priority(cluster, lookup)} {plain(cluster.service, 80)}: {plain(cluster.title, 300)}",
        role=_role(cluster, lookup),
        counts=_cluster_counts(cluster, near),
        lines=(
            *cluster_lines(cluster, lookup),
            *done_lines(cluster.id, lookup),
            *followed_lines(cluster.id, lookup),
            *blind_lines(lookup.findings, cluster.onset, near),
        ),
        whys=why_rows(cluster.id, lookup),
        evidence=evidence_rows((*blamed, *cluster.evidence)),
        revisions=_revision_rows(cluster, near),
        rivals=tuple(rival_row(rival) for rival in sorted(cluster.hypotheses, key=lambda one: -one.confidence)),
        commands=commands_for(cluster, lookup) if is_root else (),
        links=cluster_links(cluster, console),
        sample=plain_lines(cluster.sample),
        signatures=_ids(cluster.signature_ids),
        entries=_ids(cluster.insert_ids),
        traces=_ids(cluster.trace_ids[:_TRACES_SHOWN]),
    )


def _revision_rows(cluster: Cluster, near: Near) -> tuple[RevisionRow, ...]:
    """Every revision in which it failed, and the last few in which it did not; the rest of those in one row."""
    spared = [row for row in cluster.per_revision if not row.failures]
    summed = spared[:-_SPARED_SHOWN]
    rows = [row for row in cluster.per_revision if row not in summed] if len(summed) > 1 else cluster.per_revision
    told = tuple(
        RevisionRow(
            revision=_row_name(row, cluster),
            failures=failures_of(row),
            first=clock(row.first_ns, near) if row.first_ns is not None else "",
            last=clock(row.last_ns, near) if row.last_ns is not None else "",
        )
        for row in rows
    )
    if len(summed) <= 1:
        return told
    return (*told, RevisionRow(f"{len(summed)} more", f"0/{sum(row.exposed or 0 for row in summed):,}", "", ""))


def _row_name(row: RevisionCount, cluster: Cluster) -> str:
    name = short_revision(row.revision, row.service if row.service == cluster.service else "")
    return shorten(name, _NAME) or "not known"


def _priority(cluster: Cluster, lookup: Lookup) -> Priority:
    """A root has the priority of its incident, as everything that tells of that incident says."""
    incident = lookup.incident_of(cluster.id)
    return incident.priority if incident is not None and incident.root == cluster.id else cluster.priority


def _role(cluster: Cluster, lookup: Lookup) -> str:
    if cluster.role == "root":
        told = _priority(cluster, lookup)
        apart = f"{cluster.priority} by itself, {told} with what it pulls down" if told != cluster.priority else ""
        incident = lookup.incident_of(cluster.id)
        why = rank_words(told, (incident.blast if incident and incident.root == cluster.id else None) or cluster.blast)
        return "; ".join(filter(None, (f"root, {cluster.state}", apart, why)))
    cause = lookup.member(cluster.caused_by or "")
    named = (
        f"{plain(cause.service, 80)}: {plain(title_of(cause), 100)} ({cause.id})" if cause else "a cluster not shown"
    )
    return f"symptom of {named}, {cluster.state}"


def _cluster_counts(cluster: Cluster, near: Near) -> str:
    entries = cluster.entries or len(cluster.insert_ids)
    told_in = f"in {plural(entries, 'entry', 'entries')}" if entries else "in spans alone"
    return (
        f"{plural(cluster.occurrences, 'occurrence')} {told_in}, "
        f"seen {clock(cluster.first_ns, near)} to {clock(cluster.last_ns, near)} UTC; "
        f"{began_words(cluster.onset, near)}"
    )


def began_words(onset: Onset, near: Near) -> str:
    """`began between 14:01 and 14:03, over 15:00`: the moments with their intervals."""
    earliest, latest = clock(onset.earliest_ns, near), clock(onset.latest_ns, near)
    began = f"began {earliest}" if earliest == latest else f"began between {earliest} and {latest}"
    return f"{began}{_ended(onset, near)}"


def _ended(onset: Onset, near: Near) -> str:
    """When it was over, where it is."""
    earliest_ns, latest_ns = onset.ended_earliest_ns, onset.ended_latest_ns
    if earliest_ns is None or latest_ns is None:
        return ""
    earliest, latest = clock(earliest_ns, near), clock(latest_ns, near)
    return f", over {earliest}" if earliest == latest else f", over between {earliest} and {latest}"


def evidence_rows(evidence: tuple[Evidence, ...]) -> tuple[EvidenceRow, ...]:
    """Facts as they are told."""
    return tuple(EvidenceRow(fact.kind, plain(fact.statement, 500), evidence_refs(fact)) for fact in evidence)


def rival_row(rival: Hypothesis) -> RivalRow:
    """An explanation as it is told."""
    sure = sure_word(rival.confidence) if rival.confidence >= BLAMED else "not shown"
    return RivalRow(rival.cause.replace("_", " "), sure, plain(rival.statement, 500), evidence_rows(rival.evidence))


def _ids(ids: tuple[str, ...]) -> str:
    shown = ", ".join(plain(one, 80) for one in ids[:_IDS_SHOWN])
    return f"{shown} and {len(ids) - _IDS_SHOWN:,} more" if len(ids) > _IDS_SHOWN else shown
