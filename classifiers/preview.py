"""The preview of the rules: all stored history in; what each rule changes, and what else may be one failure, out.

What is compared is the grouping with the rules and that without any: both are functions of stored rows, so that nothing
needs to be remembered of what was applied when.
"""

from collections.abc import Collection, Mapping, Sequence

import polars as pl
from msgspec import Struct

from classifiers.alike import Alike, find_alike
from classifiers.clusters import cluster_id
from classifiers.crowds import is_crowd
from classifiers.gathering import gather
from classifiers.naming import Key, read_names
from classifiers.regions import read_placed_facts
from classifiers.regroup import Outcome, regroup, warnings
from classifiers.rules import Rule
from classifiers.signatures import RULES
from classifiers.statements import Templates, find_templates
from collector.replacing import replace
from collector.store import Reader

__all__ = ["ClusterLine", "Effect", "Preview", "Stored", "preview_rules", "read_stored", "without_templates"]

_FAR_FUTURE_NS = 2**62


class ClusterLine(Struct, frozen=True):
    """One cluster by name; `title` of its leading signature."""

    cluster_id: str
    service: str
    title: str
    signature_ids: tuple[str, ...]
    entries: int


class Effect(Struct, frozen=True):
    """What one rule does. `moved`: entries that change their cluster by it."""

    number: int
    rule: Rule
    before: tuple[ClusterLine, ...]
    after: tuple[ClusterLine, ...]
    moved: int


class Preview(Struct, frozen=True):
    """The rules over all history. `moved`: entries whose cluster is another one than without rules."""

    first_ns: int | None
    last_ns: int | None
    entries: int
    signatures: int
    clusters_before: int
    clusters_after: int
    moved: int
    effects: tuple[Effect, ...]
    warnings: tuple[str, ...]
    proposals: tuple[Alike, ...]
    kept_apart: int


class Stored(Struct, frozen=True):
    """All that a preview takes from the store: every failure, and what is known of signatures."""

    failures: pl.DataFrame
    templates: Templates
    members: pl.DataFrame
    outcomes: tuple[Outcome, ...]
    base: pl.DataFrame
    warnings: tuple[str, ...]


def read_stored(reader: Reader, rules: Sequence[Rule]) -> Stored:
    """Failures of all history, grouped without and with the rules."""
    read_placed_facts(reader, end_ns=_FAR_FUTURE_NS)
    failures = reader.frame("find_failures", rules=RULES, start_ns=0, end_ns=_FAR_FUTURE_NS)
    templates = find_templates(reader)
    base, present = gather(reader, failures, end_ns=_FAR_FUTURE_NS)
    names = read_names(reader, base)
    done = regroup(base, present, rules, names)
    return Stored(failures, templates, done.members, done.outcomes, base, tuple(warnings(done.outcomes, names)))


def preview_rules(stored: Stored) -> Preview:
    """What the rules change, and what else reads alike."""
    failures = stored.failures
    entries: dict[Key, int] = {
        (project, service, name): many
        for project, service, name, many in failures.group_by("project", "service", "signature_id")
        .agg(pl.col("entries").sum())
        .iter_rows()
    }
    titles: dict[str, str] = dict(stored.templates.signatures.select("signature_id", "title").iter_rows())
    keys = ["project", "service", "signature_id"]
    moved = stored.base.join(stored.members.select(*keys, after="cluster_id"), on=keys).filter(
        pl.col("cluster_id") != pl.col("after")
    )
    by_themselves = stored.members.filter(~is_crowd(stored.members))
    proposals, kept_apart = find_alike(by_themselves, failures, stored.templates)
    first, last = failures["first_ns"].min(), failures["last_ns"].max()
    return Preview(
        first_ns=first if isinstance(first, int) else None,
        last_ns=last if isinstance(last, int) else None,
        entries=sum(entries.values()),
        signatures=failures["signature_id"].n_unique(),
        clusters_before=stored.base["cluster_id"].n_unique(),
        clusters_after=stored.members["cluster_id"].n_unique(),
        moved=sum(entries.get(key, 0) for key in moved.select(keys).iter_rows()),
        effects=tuple(_effect(one, entries, titles) for one in stored.outcomes),
        warnings=stored.warnings,
        proposals=proposals,
        kept_apart=kept_apart,
    )


def without_templates(preview: Preview, names: Collection[str]) -> Preview:
    """The preview without the ids of these templates; their signatures are named instead."""
    proposals = (replace(one, template_id=None) if one.template_id in names else one for one in preview.proposals)
    return replace(preview, proposals=tuple(proposals))


def _effect(outcome: Outcome, entries: Mapping[Key, int], titles: Mapping[str, str]) -> Effect:
    was = {key: cluster_id(*group[0]) for group in outcome.before for key in group}
    now = {key: cluster_id(*group[0]) for group in outcome.after for key in group}
    return Effect(
        number=outcome.number,
        rule=outcome.rule,
        before=tuple(_line(group, entries, titles) for group in outcome.before),
        after=tuple(_line(group, entries, titles) for group in outcome.after),
        moved=sum(entries.get(key, 0) for key in was if was[key] != now[key]),
    )


def _line(group: Sequence[Key], entries: Mapping[Key, int], titles: Mapping[str, str]) -> ClusterLine:
    lead = group[0]
    return ClusterLine(
        cluster_id=cluster_id(*lead),
        service=lead[1],
        title=titles[lead[2]],
        signature_ids=tuple(key[2] for key in group),
        entries=sum(entries.get(key, 0) for key in group),
    )
