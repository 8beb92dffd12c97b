"""Events that stay away as rows of a report: which, since when, after what, by whom. One row for one deploy."""

from collections.abc import Sequence

from classifiers.findings import Absence
from logtriage.escape import plain
from logtriage.lookup import Lookup
from logtriage.verdict_rows import revision_words, see_rows, verdict_rows
from logtriage.wording import Near, clock, join_words

__all__ = ["absence_rows", "missing_words", "seen_words"]

_NAMED = 4
_ELSE = {
    "renamed": "comes as {} now",
    "never seen": "is expected, but was never sent",
    "unknown": "is expected, but nothing asked for it",
}


def absence_rows(missing: Sequence[Absence], others: Sequence[Absence], lookup: Lookup) -> list[tuple[str, str]]:
    """Title and note of each row: what is missing, those of one service, deploy and onset in one; then the others."""
    groups: dict[tuple[object, ...], list[Absence]] = {}
    for one in missing:
        groups.setdefault(_place(one), []).append(one)
    near = lookup.near
    rows: list[tuple[str, str]] = []
    for group in groups.values():
        rows.append((f"{plain(group[0].service, 80)}: {_told(group)}", _note(group, near)))
        rows += [*verdict_rows(group[0], lookup), *see_rows(group[0], [plain(one.id, 100) for one in group[1:]])]
    return rows + [(f"{plain(one.service, 80)}: {missing_words(one)}", _since(one, near)) for one in others]


def missing_words(one: Absence) -> str:
    """`order.confirmed no longer arrives`, `order.created lacks total`, `... comes as ... now`."""
    return f"{_named(one)} {_other(one)}" if one.kind in _ELSE else _told([one])


def seen_words(one: Absence, near: Near) -> str:
    """Since when, by whom, and how often it came before and since."""
    return _since(one, near) if one.kind in _ELSE else _note([one], near)


def _place(one: Absence) -> tuple[object, ...]:
    """What the events of one row have in common; without a revision to blame, their moment."""
    blamed = one.attribution.revision if one.attribution else None
    onset = one.onset.at_ns // 600_000_000_000 if one.onset and not blamed else None
    return one.project, one.service, one.kind, one.is_ongoing, blamed, onset


def _told(group: Sequence[Absence]) -> str:
    if group[0].kind == "hollow":
        return join_words((f"{plain(one.event, 100)} lacks {plain(one.field or '', 80)}" for one in group), _NAMED)
    names = join_words((plain(one.event, 100) for one in group), _NAMED)
    if group[0].is_ongoing:
        return f"{names} no longer {'arrives' if len(group) == 1 else 'arrive'}"
    return f"{names} stayed away for a while"


def _note(group: Sequence[Absence], near: Near) -> str:
    one = group[0]
    after = f" after {plain(one.trigger, 100)}" if one.kind == "stopped" and one.trigger else ""
    before, since = (f"{count.seen:,} of {count.trials:,}" for count in (one.before, one.since))
    counted = f"{before}{after} before, {since} since" if one.before.trials or one.since.trials else ""
    health = next((fact.statement for fact in one.evidence if fact.query == "count_health_checks"), "")
    return "; ".join(part for part in (_since(one, near), counted, plain(health.rstrip("."), 200)) if part)


def _since(one: Absence, near: Near) -> str:
    who = revision_words(one.attribution, one.service)
    if one.kind in {"never seen", "unknown"}:
        told = "; ".join(plain(fact.statement.rstrip("."), 200) for fact in one.evidence)
        return f"since {clock(one.onset.at_ns, near)}; {told}" if one.onset else told
    return f"since {clock(one.onset.at_ns, near)}; {who}" if one.onset else who


def _named(one: Absence) -> str:
    return plain(one.event, 100) + (f" field {plain(one.field, 80)}" if one.field else "")


def _other(one: Absence) -> str:
    if one.kind == "unknown" and one.onset:
        return "no longer arrives; whether it stopped is not known"
    return _ELSE[one.kind].format(plain(one.renamed_to or "", 120))
