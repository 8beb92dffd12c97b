"""What a message on an incident claims, and the sentence to say where a claim became another. No I/O.

Only what a person would want to be told of is a claim: state, rank, verdict. Figures are none.
"""

from itertools import groupby

from classifiers.explained import BLAMED
from classifiers.findings import Absence, Cluster, Findings, Latency, Priority
from classifiers.followed import Tracked
from logtriage.escape import plain
from logtriage.lookup import Lookup
from logtriage.message import Claimed
from logtriage.wording import change_mark, clock, short_revision, span_words, sure_word

__all__ = ["claims_of", "incident_name"]

_CAUSES = {
    "dependency": "a dependency",
    "traffic": "the traffic",
    "secret_rotation": "a rotated secret",
    "certificate": "a certificate",
    "client": "the callers",
    "test_harness": "the test harness",
}
_WITHDRAWN = 0.35  # a verdict that was told is taken back below it: between it and BLAMED it would come and go
_OPEN = "open"  # new, ongoing, back and standing: who was told that it began is not told that it goes on


def claims_of(tracked: Tracked, root: Cluster | Latency | Absence | None, lookup: Lookup) -> tuple[Claimed, ...]:
    """State, rank while it is open and, where the window shows its root, verdict."""
    priority: Priority = tracked.priority
    rank = Claimed("rank", priority, f"{priority} now, was {{before}}.")
    state = _state(tracked, lookup)
    if tracked.merged_into or tracked.state in {"resolved", "muted", "standing"}:
        return (state,)  # neither rank nor verdict is news of what is over or put away
    verdict = _verdict(root, sees_all=_sees_all(tracked, lookup)) if root is not None else None
    return (state, rank, _over(tracked), *((verdict,) if verdict else ()))


def incident_name(findings: Findings, incident_id: str) -> str:
    """`shop: payment refused`; the id where the findings do not have it."""
    other = next((one for one in findings.tracked if one.id == incident_id), None)
    return f"{plain(other.service, 60)}: {plain(other.title, 80)}" if other else plain(incident_id, 60)


def _state(tracked: Tracked, lookup: Lookup) -> Claimed:
    """Its state and how often it ended before: what comes back a second time is news a second time."""
    said = _sentence(tracked.statement)
    if tracked.merged_into:
        into = incident_name(lookup.findings, tracked.merged_into)
        return Claimed(
            "state", f"folded {tracked.merged_into}", f"Folded into {into}{'.' if into in said else f': {said}'}"
        )
    kinds = [kind for kind, _ in groupby(_kind(one.state) for one in tracked.history)]
    ended = sum(kind != _OPEN for kind in kinds)
    kind = _kind(tracked.state)
    if kind == "resolved":
        sure = f", {sure_word(tracked.sure)}" if tracked.sure is not None else ""
        news = f"Resolved{sure}: {said}"
    elif kind == "muted":
        news = _muted(tracked, lookup, said)
    elif tracked.state == "regressed":
        news = _back(tracked, lookup, said)
    else:
        news = f"Woken: {said}" if "muted" in kinds else f"Open again: {said}"
    return Claimed("state", f"{kind} {ended}", news.strip())


def _muted(tracked: Tracked, lookup: Lookup, said: str) -> str:
    """`Muted until 09-20 12:00.`, and why where somebody said it."""
    told = said if said.startswith("muted ") else f"muted: {said}"
    mutes = (one for one in lookup.findings.mutes if tracked.root in one.finding_ids and not one.woken_by)
    why = next((one.reason for one in mutes if one.reason), "")
    return f"{told[:1].upper()}{told[1:]}{f' Why: {_sentence(why)}' if why else ''}"


def _over(tracked: Tracked) -> Claimed:
    """Services in which all of it is over, while it goes on in others."""
    by_service: dict[str, set[bool]] = {}
    for one in tracked.members:
        by_service.setdefault(plain(one.service, 60), set()).add(one.state == "resolved")
    over = ", ".join(sorted(name for name, ends in by_service.items() if ends == {True}))
    others = ", ".join(sorted(name for name, ends in by_service.items() if ends != {True}))
    news = f"Over in {over}, not yet in {others}." if over else "It fails again in {before}, where it was over."
    return Claimed("over", over, news)


def _kind(state: str) -> str:
    return state if state in {"resolved", "muted"} else _OPEN


def _back(tracked: Tracked, lookup: Lookup, said: str) -> str:
    """`Back since 21:40 with 00643-abc, 3 h 20 min after its end: ...`."""
    ended = [one.at_ns for one in tracked.history if one.state == "resolved" and one.at_ns <= tracked.since_ns]
    after = f", {span_words(tracked.since_ns - ended[-1])} after its end" if ended else ""
    by = f" with {short_revision(tracked.revision, tracked.service)}" if tracked.revision else ""
    return f"Back since {clock(tracked.since_ns, lookup.near)} UTC{by}{after}: {said}"


def _sees_all(tracked: Tracked, lookup: Lookup) -> bool:
    """The window shows its beginning, and it fails still: only so is it evidence that nobody is blamed any more."""
    waits = any(
        one.criterion.finding_id == tracked.root and one.verdict == "NOT YET" and not one.failures
        for one in lookup.findings.verifications
    )
    return tracked.is_open and tracked.onset_ns >= lookup.findings.window.start_ns and not waits


def _verdict(root: Cluster | Latency | Absence, *, sees_all: bool) -> Claimed | None:
    """Who is blamed, else what the cause is; None where that is neither shown nor ruled out, and stays as told."""
    blamed = root.attribution
    if blamed is not None and blamed.confidence >= BLAMED:
        change = f" ({change_mark(blamed.change)})" if blamed.change else ""
        what = f"{plain(blamed.service, 60)} {short_revision(blamed.revision, blamed.service)}{change}"
        return Claimed("verdict", what, f"The verdict is now {what}, {sure_word(blamed.confidence)}; was {{before}}.")
    cause = "" if isinstance(root, Absence) else _CAUSES.get(root.cause, "")
    rivals = [one.confidence for one in root.hypotheses if not isinstance(root, Absence) and one.cause == root.cause]
    if cause and max(rivals, default=1.0) < BLAMED:
        return None
    if cause:
        return Claimed("verdict", cause, f"The verdict is now {cause}; was {{before}}.")
    is_withdrawn = sees_all and (blamed is None or blamed.confidence < _WITHDRAWN)
    return Claimed("verdict", "", "No revision is blamed any more; was {before}.") if is_withdrawn else None


def _sentence(text: str) -> str:
    told = plain(text, 500).strip()
    return told if not told or told.endswith((".", "!", "?")) else f"{told}."
