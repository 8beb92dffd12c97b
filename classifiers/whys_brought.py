"""What brought it: the revision, or another cause, with the counts that tell it from others, and what changed."""

from collections.abc import Iterator

from classifiers.commits import COMMITS
from classifiers.explained import BLAMED
from classifiers.findings import (
    Absence,
    Attribution,
    Cause,
    Cluster,
    Evidence,
    Hypothesis,
    Latency,
    Why,
)
from classifiers.incidents import Member
from classifiers.platform_changes import PlatformChange
from classifiers.whys_changed import IMAGE_LEFT, changed_steps, outside_change, outside_entry
from classifiers.whys_ground import LIKELIEST, WhyGround, join_names, sentence, sure_words, unknown_step
from collector.window import format_ns

__all__ = ["brought_steps"]

_REPEATED = ("from then on", "began within")  # begin facts that tell again what is seen, or who else
_LATER = frozenset({"find_facts", "rule:named-change", IMAGE_LEFT, COMMITS, "find_flow_steps", "find_trace_requests"})
_MOST_FACTS = 4  # beside the counts
_FEW = 2  # failures that say nothing of a rate
_WORDS: dict[Cause, str] = {
    "dependency": "a dependency", "traffic": "the traffic", "secret_rotation": "a rotated secret",
    "certificate": "a certificate", "client": "the callers", "test_harness": "the test harness",
    "revision": "a revision", "unknown": "no named cause",
}  # fmt: skip
# What would tell more, where the cause itself is all that is known.
_TELLS: dict[Cause, str] = {
    "dependency": "Why it fails is not known: its own log, its metrics, or the audit log of what changed in it",
    "traffic": "Why it came is not known: the log of what sends it",
    "secret_rotation": "Which change of which secret is not known: the audit log of Secret Manager",
    "certificate": "Which certificate it is, and until when it held, is not known: the endpoint itself, asked with "
    "`openssl s_client`",
    "client": "Why the callers do so is not known: their own logs",
    "test_harness": "What changed in the tests is not known: JUnit XML of runs before and since, and the commits of "
    "the test code",
}
# What would refute each cause.
_AGAINST: dict[Cause, str] = {
    "dependency": "a revision that does not fail in the same minutes",
    "traffic": "failures that do not fall with the traffic",
    "secret_rotation": "instances with the new version that do not fail",
    "certificate": "failures that go on with a certificate that holds",
    "client": "the same failures for other callers",
    "test_harness": "users who meet the same failure",
}


def brought_steps(root: Member, ground: WhyGround) -> Iterator[Why]:
    """From the revision, or another cause, to how it got in; the last one may be unknown."""
    blamed = root.attribution
    if blamed is not None and blamed.confidence >= BLAMED:
        yield _revision(root, blamed)
        yield from _settled(root, ground)
        yield from changed_steps(root, blamed, ground)
        return
    cause: Cause = "unknown" if isinstance(root, Absence) else root.cause
    named = [one for one in root.hypotheses if one.cause == cause]
    best = max(named, key=lambda one: one.confidence, default=None)
    if isinstance(root, Absence):
        best = max(root.hypotheses, key=lambda one: one.confidence, default=None)
        cause = best.cause if best and best.confidence >= BLAMED else "unknown"
    if best is None or cause in {"unknown", "revision"}:
        yield _not_known(root)
        return
    change = ground.change_of(best.evidence)
    is_setting = not isinstance(root, Absence) and root.fault == "configuration" and cause == "dependency"
    yield _cause(best, change, "a setting outside the service" if is_setting else _WORDS[cause])
    yield from _settled(root, ground)
    if change is None:
        yield unknown_step("change", f"{_TELLS[cause]} would tell.")
        return
    yield outside_change(best, change)
    yield outside_entry(change)


def _revision(root: Member, blamed: Attribution) -> Why:
    """The counts on both sides, how sure, what it rests on, and what cannot be told apart."""
    counts = next(
        (fact for fact in blamed.evidence if fact.kind == "measured" and fact.query == "count_exposure"), None
    )
    counts = counts or next((fact for fact in blamed.evidence if fact.kind == "measured"), None)
    owner = "" if blamed.service == root.service else f" of {blamed.service}"
    others = [one.revision for one in blamed.not_apart]
    apart = f" or one that cannot be told apart from it ({join_names(others)})" if others else ""
    rests = f"; this rests on {blamed.decided_by}" if blamed.decided_by else ""
    sure = sure_words(blamed.confidence)
    told = (
        f"{sentence(_counted(counts.statement, root)) + ' ' if counts else ''}"
        f"{sure[:1].upper()}{sure[1:]}: {blamed.revision}{owner}{apart} brought it{rests}."
    )
    again = blamed.refuted_by or (f"the same failures on a revision before {blamed.revision}",)
    rest = tuple(one for one in blamed.evidence if one != counts and one.query not in _LATER)[:_MOST_FACTS]
    if counts is None:
        return Why("revision", told, "inferred", (Evidence("inferred", told, LIKELIEST), *rest), again)
    return Why("revision", told, "measured", (counts, *rest), again)


def _counted(statement: str, root: Member) -> str:
    """Trials of an event did not fail, they went without it."""
    return statement.replace(" failed", " went without it") if isinstance(root, Absence) else statement


def _settled(root: Member, ground: WhyGround) -> Iterator[Why]:
    """What a person said of the verdict."""
    said = ground.said_of(root) if isinstance(root, Cluster) else None
    if said is None:
        return
    told = f"A person settled this verdict as {said.outcome} at {format_ns(said.settled_at_ns)}."
    fact = Evidence("asserted", told, "find_settlements", said.entry_ids, said.trace_ids, said.revisions)
    yield Why("revision", told, "asserted", (fact,), ("a later word of a person on the same verdict",))


def _cause(best: Hypothesis, change: PlatformChange | None, what: str) -> Why:
    """What else brought it, as the likeliest of all explanations, with the counts that tell it from others."""
    measured = [
        fact
        for fact in best.evidence
        if fact.kind == "measured"
        and fact.query != "find_facts"
        and (change is not None or not fact.statement.startswith(_REPEATED))
    ]
    head = f"It is {sure_words(best.confidence)} {what}, and no revision"
    facts = [*([] if change else [best.statement]), *(fact.statement for fact in measured[:1])]
    if change and facts:
        facts[0] = facts[0].replace("from then on", f"from {format_ns(change.at_ns)} on", 1)
    told = f"{head}: {'; '.join(facts)}." if facts else f"{head}."
    fact = Evidence("inferred", told, LIKELIEST)
    again = _AGAINST.get(best.cause, "another explanation that fits the counts better")
    return Why("cause", told, "inferred", (fact, *best.evidence), (again,))


def _not_known(root: Member) -> Why:
    """That no explanation stands out, with what was weighed, and what would tell."""
    weighed = [one for one in root.hypotheses if one.cause != "unknown"]
    best = max((one for one in root.hypotheses if one.cause == "unknown"), key=lambda one: one.confidence, default=None)
    why = f": {best.statement}" if best else ""
    names = join_names(dict.fromkeys(_WORDS[one.cause] for one in weighed))
    weighed_words = f" (weighed: {names})" if names else ""
    asked = root.onset.exposed_before if root.onset else None
    if not asked or asked < _failures(root) or _failures(root) <= _FEW:
        tell = "More entries, from before it and since, and `gcloud run revisions describe ...` of what serves"
    elif weighed:
        tell = "More requests on a revision from before it"
    else:
        tell = "The audit log of that time"
    return unknown_step("cause", f"What brought it is not known{weighed_words}{why}. {tell} would tell.")


def _failures(root: Member) -> int:
    if isinstance(root, Cluster):
        return root.units
    return root.slow if isinstance(root, Latency) else root.since.trials - root.since.seen
