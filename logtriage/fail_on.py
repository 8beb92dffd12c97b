"""The conditions of `logtriage diff --fail-on`: which of them hold between two revisions, and which cannot be judged.

A condition that cannot be judged does not match: it is told, and `unknown` makes it one that does. No I/O.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from classifiers.changes import Difference
from classifiers.compare import Compared, Failing
from classifiers.edges import Flow
from classifiers.findings import CHANGE_TYPES
from logtriage.errors import WrongUsage
from logtriage.escape import plain
from logtriage.flow_view import flow_words
from logtriage.wording import unit_word

__all__ = ["CONDITIONS", "Verdict", "judge_conditions", "read_conditions"]

CONDITIONS = ("removed-env", "new-cluster", "rate", "lost-edge", "new-edge", "unknown", "any")
_JUDGED = CONDITIONS[:3]
_EDGES = {"lost-edge": "lost", "new-edge": "new"}
_SHOWN = 3
_TITLE = 80
# Sections of Difference.unknown that leave a condition open; a sidecar's stand behind its name and a slash.
_OPEN = {
    "removed-env": {"env", "volumes", "containers"},
    "env_removed": {"env", "containers"},
    "env_added": {"env", "containers"},
    "env_changed": {"env", "containers"},
    "secret_ref_changed": {"env", "containers"},
    "memory_limit": {"memory"},
    "cpu_limit": {"cpu"},
}


class Verdict(Struct, frozen=True):
    """One sentence for each condition that matched, and for each that cannot be judged."""

    matched: tuple[str, ...]
    open: tuple[str, ...]


def read_conditions(given: Sequence[str]) -> tuple[str, ...]:
    """Conditions and types of change, from lists with commas and repeated options; WrongUsage that lists the known."""
    wanted = tuple(dict.fromkeys(part.strip() for text in given for part in text.split(",") if part.strip()))
    for name in wanted:
        if name not in {*CONDITIONS, *CHANGE_TYPES}:
            raise WrongUsage(
                f"--fail-on is `{plain(name, 80)}`; known conditions: {', '.join(CONDITIONS)}; "
                f"known types: {', '.join(CHANGE_TYPES)}. Correct the spelling."
            )
    if given and not wanted:
        raise WrongUsage(f"--fail-on is ``, an empty text. Name a condition: {', '.join(CONDITIONS)}.")
    return wanted


def judge_conditions(
    wanted: Sequence[str], difference: Difference, failing: Failing | None, why_not: str, flow: Flow | None = None
) -> Verdict:
    """What of `wanted` holds. `failing` and `flow` are None where they were not compared, and `why_not` says why."""
    matched, left = [], []
    for name in [one for one in wanted if one != "unknown"] or (_JUDGED if "unknown" in wanted else ()):
        if name in _EDGES:
            told, why = _judge_edges(name, difference, flow, why_not)
        else:
            told, why = _judge(name, difference, failing, why_not)
        if told and name in wanted:
            matched.append(f"--fail-on {name} matched: {told}")
        elif why and not told:
            left.append((name, why))
    if "unknown" in wanted:
        matched += [f"--fail-on unknown matched: {name} cannot be told: {why}" for name, why in left]
        return Verdict(tuple(matched), ())
    return Verdict(tuple(matched), tuple(f"--fail-on {name}: cannot tell, so not matched: {why}" for name, why in left))


def _judge(name: str, difference: Difference, failing: Failing | None, why_not: str) -> tuple[str, str]:
    """Why the condition holds, else why it cannot be judged; both empty where it does not hold."""
    if name in {"new-cluster", "rate"}:
        courses = ("new",) if name == "new-cluster" else ("new", "grown")
        return ("", why_not) if failing is None else _judge_failures(courses, difference, failing)
    return _judge_changes(name, difference)


def _judge_edges(name: str, difference: Difference, flow: Flow | None, why_not: str) -> tuple[str, str]:
    if flow is None or not flow.basis:
        return "", why_not or (flow.why_not if flow else "steps inside traces were not compared")
    names = (difference.before, difference.after)
    return _some(flow_words(one, *names) for one in flow.edges if one.course == _EDGES[name]), ""


def _judge_changes(name: str, difference: Difference) -> tuple[str, str]:
    gone = [
        f"{plain(change.name, 80)} is gone (was {plain(change.before or '', 80)})"
        for change in difference.changes
        if change.type == "env_removed" or (change.name.startswith("mounted secret ") and change.after is None)
    ]
    if name == "removed-env":
        told = gone
    else:
        found = [change for change in difference.changes if name in {"any", change.type}]
        told = [f"{change.type} {plain(change.name, 80)}" for change in found]
    if told:
        return _some(told), ""
    sections = zip(difference.unknown, difference.reasons, strict=True)
    why = [f"{plain(section, 80)}: {plain(reason, 200)}" for section, reason in sections if _leaves_open(section, name)]
    return "", _some(why)


def _leaves_open(section: str, name: str) -> bool:
    first = section.rpartition("/")[2].partition(" ")[0]
    # `env NAME` is listed with its value withheld: it is neither gone nor new
    if " " in section and name in {"removed-env", "env_removed", "env_added"}:
        return False
    return name == "any" or section == "configuration" or first in _OPEN.get(name, {name})


def _judge_failures(courses: Sequence[str], difference: Difference, failing: Failing) -> tuple[str, str]:
    told = [
        f"{plain(one.title, _TITLE)}: {_rates(one, difference)}" for one in failing.clusters if one.course in courses
    ]
    if told:
        return _some(told), ""
    bare = [
        name
        for name, served in ((difference.before, failing.served_before), (difference.after, failing.served_after))
        if not served
    ]
    if bare:
        return "", f"nothing is known to have been asked of {plain(' and '.join(bare), 160)}"
    left = [one for one in failing.clusters if one.course == "cannot tell" and one.failures_after]
    return "", _some(f"{plain(one.title, _TITLE)}: {_rates(one, difference)}" for one in left)


def _some(told: Iterable[str]) -> str:
    every = list(told)
    left = len(every) - _SHOWN
    return "; ".join([*every[:_SHOWN], *([f"{left} more"] if left > 0 else [])])


def _rates(one: Compared, difference: Difference) -> str:
    unit = unit_word(one.unit, 2)
    after = f"{one.failures_after:,} of {one.exposed_after:,} {unit} failed on {plain(difference.after, 80)}"
    return f"{after}, {one.failures_before:,} of {one.exposed_before:,} on {plain(difference.before, 80)}"
