"""What got better in a window, in words: failures, slow operations, missing events that ended, and how. No I/O."""

from collections.abc import Iterator

from classifiers.findings import Absence, Cluster, Latency, VanishedKey
from logtriage.absence_view import missing_words
from logtriage.escape import plain
from logtriage.followed_view import followed_of
from logtriage.lookup import Lookup
from logtriage.wording import clock, plural, short_revision

__all__ = ["better_rows"]

_TITLE = 60  # characters of a title
_FALLEN = 5  # told of what fell


def better_rows(lookup: Lookup) -> list[tuple[str, str]]:
    """Title and note of each: incidents that are over, failures that fell, what no entry tells, keys that came back."""
    return [*_incidents(lookup), *_fallen(lookup), *_silent(lookup), *_keys(lookup)]


def _incidents(lookup: Lookup) -> Iterator[tuple[str, str]]:
    for incident in sorted(lookup.findings.incidents, key=lambda one: one.number):
        root = lookup.cluster(incident.root)
        followed = followed_of(incident.root, lookup)
        is_open = followed is not None and followed.is_open
        if root is not None and root.state == "resolved" and not incident.is_ongoing and not is_open:
            told = f"over since {clock(lookup.end_ns(root), lookup.near)}{_ended_by(root, lookup)}"
            yield f"#{incident.number} {_title(root)}", f"{told}; {plural(root.units, 'failure')} until then"


def _ended_by(root: Cluster, lookup: Lookup) -> str:
    """The revision whose traffic ended it, where one took it then; else that none did."""
    blamed = root.attribution
    service, name = (blamed.service, blamed.revision) if blamed else (root.service, "")
    return _deploy_at(service, name, root.service, lookup.end_ns(root), lookup) or _told_end(root, lookup)


def _told_end(root: Cluster, lookup: Lookup) -> str:
    """How an earlier look told its end, as STATE has it."""
    followed = followed_of(root.id, lookup)
    is_told = followed is not None and followed.state == "resolved"
    return f"; {plain(followed.statement, 300)}" if followed and is_told else ", by no deploy that is known"


def _deploy_at(service: str, name: str, failing: str, last_ns: int, lookup: Lookup) -> str:
    """`, with the deploy of 00009-new at 23:00`; "" where none took the traffic when it failed last."""
    found = lookup.ended_by(service, name, last_ns)
    if found is None:
        return ""
    one, at_ns = found
    verb = "roll-back to" if at_ns in one.rolled_back_ns else "deploy of"
    owner = "" if one.service == failing else f"{plain(one.service, 60)} "
    return f", with the {verb} {owner}{short_revision(one.revision, one.service)} at {clock(at_ns, lookup.near)}"


def _fallen(lookup: Lookup) -> Iterator[tuple[str, str]]:
    """Failures of before that came less, or no more: a zero stands beside all that could have failed."""
    found = lookup.findings.improved
    for one in found[:_FALLEN]:
        share = f"{one.before:,} of {one.exposed_before:,} before"
        told = f"{f'{one.failed:,}' if one.failed else 'none'} of {one.exposed:,}"
        ended = "" if one.failed else _deploy_at(one.service, "", one.service, one.last_ns, lookup)
        yield f"{plain(one.service, 60)}: {plain(one.title, _TITLE)}", f"{told} {one.unit} failed, {share}{ended}"
    if len(found) > _FALLEN:
        yield f"{len(found) - _FALLEN} more failures", "fell or ended; the JSON report has them"


def _silent(lookup: Lookup) -> Iterator[tuple[str, str]]:
    near = lookup.near
    for slow in lookup.findings.latency:
        if not slow.is_ongoing:
            ended = f" since {clock(slow.ended_ns, near)}" if slow.ended_ns is not None else ""
            yield f"{plain(slow.service, 60)}: {_operation(slow)}", f"as fast as before again{ended}"
    for event in lookup.findings.absent_events:
        if not event.is_ongoing:
            yield f"{plain(event.service, 60)}: {_event(event)}", "comes again"


def _keys(lookup: Lookup) -> Iterator[tuple[str, str]]:
    for key in lookup.findings.vanished_keys:
        if key.restored_in:
            yield f"{plain(key.service, 60)}: {_key(key)}", f"back with {short_revision(key.restored_in, key.service)}"


def _title(root: Cluster) -> str:
    return f"{plain(root.service, 60)}: {plain(root.title, _TITLE)}"


def _operation(slow: Latency) -> str:
    return plain(slow.operation or "all operations", _TITLE)


def _event(event: Absence) -> str:
    return missing_words(event) if event.kind == "hollow" else plain(event.event, _TITLE)


def _key(key: VanishedKey) -> str:
    return plain(key.key, _TITLE)
