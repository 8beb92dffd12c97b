"""Tracking: the incidents of one look beside what earlier looks stored become incidents over looks. No I/O.

A function of findings, history and stored rows of before: the same look gives the same states and the same fresh rows.
"""

import hashlib
from collections.abc import Mapping, Sequence

import orjson

from classifiers.cases import Case
from classifiers.findings import Findings, Incident
from classifiers.followed import IncidentState, MemberState, Tracked, Verification
from classifiers.history import History
from classifiers.lifecycle.back import day_clock
from classifiers.lifecycle.combined import Combined, combine
from classifiers.lifecycle.judging import Judged, judge
from classifiers.lifecycle.members import Ground, Seen, is_same, seen_in, seen_of
from classifiers.lifecycle.stories import Placed, Story, Told, place, stories_of
from classifiers.signatures import RULES
from classifiers.states import Priority
from collector.replacing import replace

__all__ = ["fresh_rows", "track"]


def track(
    findings: Findings,
    history: History,
    cases: Mapping[str, Case],
    stored: Sequence[IncidentState],
    closed: Mapping[str, int] | None = None,
) -> tuple[Tracked, ...]:
    """Incidents over looks: those of now by their number, then those that wait for proof or changed since.

    `cases` are those of every finding, by its id; `stored` the rows of earlier looks, oldest first. closed: when people
    closed their tickets, which is a claim and ends nothing.
    """
    ground = Ground(history, cases)
    look_ns = findings.window.end_ns
    stories = stories_of(row for row in stored if row.look_ns < look_ns)
    told = [Told(one, members) for one in findings.incidents if (members := seen_of(findings, one, ground))]
    found: list[Tracked] = []
    for placed in place(sorted(told, key=lambda one: one.incident.number), stories):
        one = _tracked(placed, findings, ground, stories)
        if one is None:
            continue
        one = _closed(one, (closed or {}).get(one.id))
        found.append(one)
        found += [_merged(story, one, look_ns) for story in placed.merged]
    return tuple(sorted(found, key=lambda one: (one.number is None, one.number or 0, one.onset_ns, one.id)))


def _closed(one: Tracked, at_ns: int | None) -> Tracked:
    """With what a person said of its end, where that is not proven."""
    if at_ns is None or not one.is_open:
        return one
    since = "it failed after that" if one.last_failure_ns > at_ns else "that is not proven yet"
    return replace(one, statement=f"{one.statement}; a person closed it at {day_clock(at_ns)}, {since}")


def fresh_rows(tracked: Sequence[Tracked]) -> tuple[IncidentState, ...]:
    """The rows that a look adds, to be stored with it."""
    return tuple(row for one in tracked for row in one.fresh)


def _tracked(placed: Placed, findings: Findings, ground: Ground, stories: Sequence[Story]) -> Tracked | None:
    """One incident as it stands; None where nothing is to be told of it."""
    story = placed.story
    judged = _judged(placed, findings.verifications, ground)
    if not judged:
        return _unseen(story) if story and story.is_open else None
    now = combine(judged, story, findings, parted=placed.parted)
    incident = placed.told[0].incident if placed.told else None
    rows = _rows(placed, judged, now, incident, findings)
    fresh = _news(rows, story)
    if incident is None and not fresh and now.state not in {"new", "ongoing", "regressed"}:
        return None
    row = rows[0]
    return Tracked(
        id=row.incident_id,
        number=incident.number if incident else None,
        state=now.state,
        sure=now.sure,
        statement=now.statement,
        since_ns=now.at_ns,
        project=row.project,
        service=row.service,
        title=row.title,
        root=row.root,
        priority=row.priority,
        onset_ns=row.onset_ns,
        last_failure_ns=row.last_failure_ns,
        members=tuple(
            MemberState(one.seen.id, one.seen.service, one.seen.title, one.state, one.sure, one.statement, one.at_ns)
            for one in judged
        ),
        verifications=tuple(dict.fromkeys(it for one in judged for it in one.proven.verifications)),
        stragglers=row.stragglers,
        revision=now.revision,
        history=(*(story.rows if story else ()), *(one for one in fresh if not one.finding_id)),
        fresh=fresh,
        related=_related(placed, story, stories),
    )


def _judged(placed: Placed, verifications: Sequence[Verification], ground: Ground) -> list[Judged]:
    """Every member, those of now and those that only earlier looks tell, the root first."""
    story = placed.story
    seen: dict[str, Seen] = {one.id: one for told in placed.told for one in told.members}
    before: dict[str, IncidentState] = {}
    every = [*((story.members if story else {}).items())]
    for other in placed.merged:
        every += other.members.items()
    for name, row in every:
        now = next(
            (one for one in seen.values() if is_same(row, one.project, one.service, one.id, one.signature_ids)), None
        )
        if now is None and (now := seen_in(row, ground)) is not None:
            seen[name] = now
        if now is not None and (name == now.id or now.id not in before):
            before[now.id] = row
    return [judge(one, before.get(one.id), verifications, ground.history) for one in seen.values()]


def _rows(
    placed: Placed, judged: Sequence[Judged], now: Combined, incident: Incident | None, findings: Findings
) -> list[IncidentState]:
    """The rows of a look as they would be stored if none were there: the incident, then its members."""
    story, root = placed.story, judged[0].seen
    onset_ns = now.onset_ns
    content = orjson.dumps(["incident", root.project, root.id, root.onset_ns])
    name = story.id if story else hashlib.blake2b(content, digest_size=8).hexdigest()
    old = story.last if story else None
    told = [old, *story.members.values()] if story and old else []
    members = sorted(
        {one.seen.id for one in judged}.union(*(one.member_ids for one in told), story.members if story else ())
    )
    signatures = sorted(
        {one for it in judged for one in it.seen.signature_ids}.union(*(one.signature_ids for one in told))
    )
    whole = IncidentState(
        incident_id=name, finding_id="", state=now.state, sure=now.sure, statement=now.statement, at_ns=now.at_ns,
        look_ns=findings.window.end_ns, revision=now.revision, project=root.project, service=root.service,
        title=incident.title if incident else (old.title if old else root.title),
        priority=_priority(incident, story, is_open=now.state != "resolved"), root=root.id, member_ids=tuple(members),
        signature_ids=tuple(signatures), onset_ns=onset_ns,
        last_failure_ns=max(one.last_ns for one in judged), stragglers=sum(one.stragglers for one in judged),
        rules=RULES,
    )  # fmt: skip
    return [whole, *(_member_row(whole, one) for one in judged)]


def _member_row(whole: IncidentState, one: Judged) -> IncidentState:
    seen = one.seen
    return replace(
        whole, finding_id=seen.id, state=one.state, sure=one.sure, statement=one.statement, at_ns=one.at_ns,
        revision=one.revision, service=seen.service, title=seen.title, priority=seen.priority, member_ids=(),
        signature_ids=seen.signature_ids, onset_ns=seen.onset_ns, last_failure_ns=one.last_ns,
        stragglers=one.stragglers,
    )  # fmt: skip


def _news(rows: Sequence[IncidentState], story: Story | None) -> tuple[IncidentState, ...]:
    """Those that say something else than what is stored: another state, a higher priority, a member not told yet."""
    if story is None:
        return tuple(rows)
    whole, old = rows[0], story.last
    is_new = whole.state != old.state or whole.priority < old.priority
    members = [
        row for row in rows[1:] if (before := story.members.get(row.finding_id)) is None or before.state != row.state
    ]
    return (*([whole] if is_new else []), *members)


def _priority(incident: Incident | None, story: Story | None, *, is_open: bool) -> Priority:
    """The highest since its onset: since it was over last."""
    rows = story.rows if story else ()
    over = max((place for place, row in enumerate(rows) if row.state == "resolved"), default=-1)
    if incident is None:
        return rows[-1].priority if rows else "P3"
    if not is_open and rows and rows[-1].state == "resolved":
        return rows[-1].priority  # what is over keeps the rank that its end was told with
    return min([incident.priority, *(row.priority for row in rows[over + 1 :])])


def _merged(story: Story, into: Tracked, look_ns: int) -> Tracked:
    """A story that another incident explains, found later."""
    told = f"it follows from {into.service}: {into.title}"
    row = replace(story.last, statement=told, at_ns=look_ns, look_ns=look_ns, merged_into=into.id, rules=RULES)
    return replace(_of_row(row, story), fresh=(row,), history=(*story.rows, row))


def _unseen(story: Story | None) -> Tracked | None:
    """An open incident of which the history holds nothing any more: it waits."""
    if story is None:
        return None
    row = replace(story.last, statement="its failures lie before all that is compared, and no proof was seen")
    return _of_row(row, story)


def _of_row(row: IncidentState, story: Story) -> Tracked:
    return Tracked(
        id=row.incident_id, number=None, state=row.state, sure=row.sure, statement=row.statement, since_ns=row.at_ns,
        project=row.project, service=row.service, title=row.title, root=row.root, priority=row.priority,
        onset_ns=row.onset_ns, last_failure_ns=row.last_failure_ns,
        members=tuple(
            MemberState(one.finding_id, one.service, one.title, one.state, one.sure, one.statement, one.at_ns)
            for one in story.members.values()
        ),
        stragglers=row.stragglers, revision=row.revision, history=story.rows, merged_into=row.merged_into,
    )  # fmt: skip


def _related(placed: Placed, story: Story | None, stories: Sequence[Story]) -> tuple[str, ...]:
    """Earlier incidents of the same failure."""
    if not placed.told:
        return ()
    root = placed.told[0].root
    same = [
        one.id
        for one in stories
        if one is not story and is_same(one.root, root.project, root.service, root.id, root.signature_ids)
    ]
    return tuple(dict.fromkeys([*([placed.parted] if placed.parted else []), *same]))
