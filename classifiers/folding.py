"""Folding: symptoms that one statement of a service tells of one cause, apart only by the path it called, are one.

A service that calls another one says each time which path it asked for. What failed is one thing: the other service.
Signatures stay apart, because the same line may tell of one cause today and of two tomorrow; so only what a cascade has
given one and the same cause is put together, and never what tells another status, exception or place of the code.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import orjson

from classifiers.cases import Case
from classifiers.links import Link
from collector.replacing import replace

__all__ = ["fold_calls", "told_by_lines"]

# A host with what follows it, or a path: what differs from call to call of one service.
_PATH = re.compile(
    r"(?:\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) +)?(?:\bhttps?://[^\s/'\"<>)\]]+|\b[a-z][\w.-]*)?"
    r"(/[\w{}<>.*~%@:+-]+(?:/[\w{}<>.*~%@:+-]*)*)"
)
_TEXTS = ("message", "value")


def told_by_lines(cases: Sequence[Case], links: Mapping[str, Link]) -> dict[str, Link]:
    """The links, each to the failure itself where the cause only holds the request lines of one in the same service."""
    by_id = {case.cluster_id: case for case in cases}
    found = {}
    for name, link in links.items():
        cause, beyond = by_id[link.cause], links.get(link.cause)
        is_of_line = (
            beyond is not None
            and beyond.kind == "traces"  # else requests fail of what lies behind them, and are no rendering of it
            and cause.is_request_only
            and cause.service != by_id[name].service
            and by_id[beyond.cause].service == cause.service
            and not by_id[beyond.cause].is_request_only
        )
        found[name] = replace(link, cause=beyond.cause) if beyond is not None and is_of_line else link
    return found


def fold_calls(
    cases: Sequence[Case], links: Mapping[str, Link], rebuild: Callable[[Mapping[str, Sequence[Case]]], list[Case]]
) -> tuple[list[Case], dict[str, Link]]:
    """Cases and links with such symptoms put together. rebuild: the members of each case in, by id; the cases out."""
    groups: dict[tuple[str, str, str, str], list[Case]] = {}
    for case in cases:
        link = links.get(case.cluster_id)
        statement = None if link is None or case.is_request_only else _statement(case)
        if link is not None and statement is not None:
            groups.setdefault((case.project, case.service, link.cause, statement), []).append(case)
    members = {
        min(group, key=lambda one: (int(one.times_ns[0]), one.cluster_id)).cluster_id: group
        for group in groups.values()
        if len(group) > 1
    }
    if not members:
        return list(cases), dict(links)
    into = {one.cluster_id: lead for lead, group in members.items() for one in group}
    made = {case.cluster_id: case for case in rebuild(members)}
    kept = {
        name: replace(link, cause=into.get(link.cause, link.cause)) for name, link in links.items() if name not in into
    }
    for lead, group in members.items():
        kept[lead] = _folded(lead, group, links, into)
    left = [case for case in cases if into.get(case.cluster_id, case.cluster_id) == case.cluster_id]
    return [made.get(case.cluster_id, case) for case in left], kept


def _statement(case: Case) -> str | None:
    """What is told beside the path that was called; None where no path is told."""
    parts = orjson.loads(case.parts)
    texts = {key: str(parts.get(key) or "") for key in _TEXTS}
    bare = {key: _PATH.sub("<called>", text) for key, text in texts.items()}
    if bare == texts:
        return None
    rest = {key: value for key, value in parts.items() if key not in {*_TEXTS, "tokens"}}
    tokens = sorted({_PATH.sub("<called>", str(one)) for one in parts.get("tokens", ())})
    return orjson.dumps([case.kind, bare, rest, tokens], option=orjson.OPT_SORT_KEYS).decode()


def _folded(lead: str, group: Sequence[Case], links: Mapping[str, Link], into: Mapping[str, str]) -> Link:
    own = [(one.units, links[one.cluster_id]) for one in group]
    units = sum(many for many, _ in own)
    most = max(own, key=lambda one: (one[0], one[1].symptom))[1]
    return replace(
        most,
        symptom=lead,
        cause=into.get(most.cause, most.cause),
        share=sum(many * link.share for many, link in own) / units,
        shared=sum(link.shared for _, link in own),
        traces=tuple(dict.fromkeys(trace for _, link in own for trace in link.traces))[:5],
    )
