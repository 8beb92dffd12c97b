"""What to do first, as commands to copy: restore a key, roll traffic back, prove it, look. No I/O.

A command holds names only, never a value; what is not known stands in capitals for a person to fill in.
"""

from classifiers.explained import BLAMED
from classifiers.findings import Absence, Attribution, Change, Cluster, Latency
from classifiers.service_names import location_of
from logtriage.code_look import code_commands
from logtriage.escape import plain
from logtriage.look_commands import look_at_silent, look_commands
from logtriage.lookup import Lookup
from logtriage.proof import proof_commands
from logtriage.rollback import can_go_back, dropped_words, rollback_commands
from logtriage.shell import Command, quoted, run_target
from logtriage.undo import undo_options, undo_words
from logtriage.wording import clock, short_revision

__all__ = ["FITS", "Command", "commands_for", "compare_line", "first_step"]

FITS = 71  # cells of a line of the first screen: a command that fits is told itself, of a longer one where it stands
_WITHOUT_REVISION = {
    "dependency": "look at the dependency; no revision to roll back",
    "traffic": "look at what sends it; no revision to roll back",
    "secret_rotation": "look at the secret's versions: every instance that starts reads the newest",
    "certificate": "renew the certificate",
    "client": "look at the callers; this service answers what it is asked",
    "test_harness": "mend the test harness",
}
_PART_OF_SERVICE = frozenset({"ingress", "traffic"})  # no revision carries these, so no tag can prove them


def first_step(found: Cluster | Latency | Absence, name: str, lookup: Lookup) -> Command:
    """What to do first, and the command that does or tells it; `name` is what `logtriage show` is given."""
    show = f"logtriage show {name}"
    blamed = found.attribution
    if blamed is None or blamed.confidence < BLAMED:
        cause, fault = ("unknown", "unknown") if isinstance(found, Absence) else (found.cause, found.fault)
        is_setting = cause == "dependency" and fault == "configuration"
        step = "take the change back" if is_setting else _WITHOUT_REVISION.get(cause, "read the evidence")
        return Command(step, show)
    if _is_over(found):
        step = f"nothing to undo, it is over{_ended(found, blamed, lookup)}"
        return Command(step, _compared(blamed, lookup) or show)
    waiting = lookup.may_be_mended(found.id)
    if waiting:
        more = f"make the failing call {waiting.more:,} more times, or wait" if waiting.more else "wait"
        return Command(f"{more}: it may be mended, {plain(waiting.since, 80)}", f"logtriage verify {found.id}")
    drops = dropped_words(blamed, lookup) if can_go_back(blamed, lookup) else ""
    cost = f" (roll-back drops {drops})" if drops else ""
    if blamed.change is not None and undo_options(blamed.change):
        words = undo_words(blamed.change, _name(blamed.change))
        fitting = [one.line for one in _undone(found, blamed, lookup)[:1] if len(one.line) <= FITS]
        return Command(f"{words[0].lower()}{words[1:]}{cost}", fitting[0] if fitting else show)
    if blamed.change is not None and blamed.change.type == "traffic" and can_go_back(blamed, lookup):
        return Command(f"send traffic back to {short_revision(blamed.good_revision or '', blamed.service)}{cost}", show)
    compare = _compared(blamed, lookup)
    return Command(f"compare{cost}", compare) if compare else Command("read the evidence", show)


def commands_for(found: Cluster | Latency | Absence, lookup: Lookup) -> tuple[Command, ...]:
    """Steps for a blamed revision, the cheapest first; where none is blamed, where to look.

    Of what is over, or may be by what serves since, there is nothing to undo, and traffic is sent back only where that
    can help.
    """
    blamed = found.attribution
    is_cluster = isinstance(found, Cluster)
    if blamed is None or blamed.confidence < BLAMED:
        return look_commands(found, lookup) if isinstance(found, Cluster) else look_at_silent(found, lookup)
    is_over = _is_over(found) or lookup.may_be_mended(found.id) is not None
    commands: list[Command] = []
    if not is_over:
        commands += [*_undone(found, blamed, lookup), *rollback_commands(blamed, found.project, lookup)]
    commands += code_commands(found, blamed, lookup) if is_cluster else []  # type: ignore[arg-type] # it is a cluster
    compare = compare_line(blamed, lookup)
    return (*commands, *([Command("See all that changed", compare)] if compare else ()))


def compare_line(blamed: Attribution, lookup: Lookup) -> str:
    """The line that shows all that changed in a blamed revision; "" where nothing stands to compare it with."""
    if blamed.good_revision is None:
        return ""
    good, bad = (_told(name, blamed, lookup) for name in (blamed.good_revision, blamed.revision))
    return f"logtriage diff {good} {bad}"


def _undone(found: Cluster | Latency | Absence, blamed: Attribution, lookup: Lookup) -> list[Command]:
    """Setting the change back, and proving on a revision of its own that this mends it."""
    change = blamed.change
    options, what = ("", "") if change is None else (undo_options(change), _name(change))
    if change is None:
        return []
    words = undo_words(change, what)
    if not options:
        image = _good_image(blamed, lookup) if change.name == "image" else ""
        if not image:
            return []
        options, what = f"--image={quoted(image)}", "the image"
        words = "Deploy the good image with the configuration of now"
    target = run_target(blamed.service, found.project, blamed.location)
    undo = Command(words, f"gcloud run services update {target} {options}")
    if change.type in _PART_OF_SERVICE:
        return [undo]
    return [undo, *proof_commands(found, blamed, options, what, lookup)]


def _good_image(blamed: Attribution, lookup: Lookup) -> str:
    """The image of the good revision by its digest, where the blamed one has another: a tag moves."""
    found = (lookup.revision(blamed.service, name or "") for name in (blamed.good_revision, blamed.revision))
    good, bad = (str(((one.config if one else None) or {}).get("image") or "") for one in found)
    return good if "@" in good and good != bad else ""


def _name(change: Change) -> str:
    return plain(change.name, 60)


def _compared(blamed: Attribution, lookup: Lookup) -> str:
    """The comparison by the short names of the revisions, where each is that of one revision alone."""
    if blamed.good_revision is None:
        return ""
    names = (blamed.good_revision, blamed.revision)
    short = [short_revision(name, blamed.service) for name in names]
    every = [short_revision(one.revision, one.service) for one in lookup.findings.revisions]
    is_told = all(every.count(name) == 1 for name in short)
    return f"logtriage diff {' '.join(map(quoted, short))}" if is_told else compare_line(blamed, lookup)


def _is_over(found: Cluster | Latency | Absence) -> bool:
    return found.state == "resolved" if isinstance(found, Cluster) else not found.is_ongoing


def _last_ns(found: Latency | Absence) -> int | None:
    """When it was last seen, of what is over."""
    return found.ended_ns if isinstance(found, Latency) else found.onset.ended_earliest_ns if found.onset else None


def _ended(found: Cluster | Latency | Absence, blamed: Attribution, lookup: Lookup) -> str:
    """` since 00901-xyz took the traffic (20:06)`, where that is when it ended."""
    last_ns = lookup.end_ns(found) if isinstance(found, Cluster) else _last_ns(found)
    ended = None if last_ns is None else lookup.ended_by(blamed.service, blamed.revision, last_ns)
    if ended is None:
        return ""
    one, at_ns = ended
    took = "took the traffic again" if at_ns in one.rolled_back_ns else "took the traffic"
    return f" since {short_revision(one.revision, one.service)} {took} ({clock(at_ns, lookup.near)})"


def _told(revision: str, blamed: Attribution, lookup: Lookup) -> str:
    """The revision as `logtriage diff` finds it: with its location where another one has its name."""
    location = location_of(blamed.service)
    named = sum(one.revision == revision for one in lookup.findings.revisions)
    return quoted(f"{location}/{revision}" if location and named > 1 else revision)
