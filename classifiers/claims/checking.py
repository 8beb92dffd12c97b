"""The main line of checking: each claim of a text to the answer of the stored rows."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from classifiers.claims.check_changes import answer_change
from classifiers.claims.check_counts import answer_count
from classifiers.claims.check_others import answer_cause, answer_health, answer_latency, answer_origin, answer_slower
from classifiers.claims.check_revisions import answer_revision
from classifiers.claims.check_series import answer_between, answer_everywhere, answer_rolled_back
from classifiers.claims.check_shares import answer_share
from classifiers.claims.check_silence import answer_silence
from classifiers.claims.check_times import answer_deployed, answer_moment
from classifiers.claims.matching import Ground, find_main
from classifiers.claims.records import Answer, Checked, Claim, Names, Span
from classifiers.claims.rows import Asker
from classifiers.findings import Findings
from classifiers.history import read_served
from collector.records import Revision
from collector.store import Reader
from collector.window import Window

__all__ = ["Answered", "check_claims", "read_names", "stated_window"]

_ANSWERS: dict[str, Callable[[Claim, Ground], Answer]] = {
    "count": answer_count,
    "share": answer_share,
    "silence": answer_silence,
    "moment": answer_moment,
    "deployed": answer_deployed,
    "first bad": answer_revision,
    "good": answer_revision,
    "bad": answer_revision,
    "between": answer_between,
    "rolled back": answer_rolled_back,
    "everywhere": answer_everywhere,
    "change": answer_change,
    "no change": answer_change,
    "origin": answer_origin,
    "cause": answer_cause,
    "health": answer_health,
    "latency": answer_latency,
    "slower": answer_slower,
}


class Answered(Struct, frozen=True):
    """Claims with their answers; `main` is what sentences are about that do not say it."""

    checked: tuple[Checked, ...]
    main: str


def read_names(reader: Reader, *, end_ns: int) -> tuple[Names, tuple[Revision, ...]]:
    """What the store knows by name before an instant, and its revisions."""
    revisions, _ = read_served(reader, end_ns=end_ns)
    services = {*reader.frame("find_service_names", end_ns=end_ns)["service"], *(one.service for one in revisions)}
    keys = {name for one in revisions for name in ((one.config or {}).get("env") or {})}
    return Names(
        services=tuple(sorted(services)),
        revisions=tuple((one.service, one.revision) for one in revisions),
        events=tuple(reader.frame("find_event_names", end_ns=end_ns)["event"]),
        keys=tuple(sorted(keys)),
    ), revisions


def stated_window(span: Span | None) -> Window | None:
    """The window that a text says it is about."""
    if span is None or span.start is None or span.end is None:
        return None
    start, end = span.start.at_ns[0], span.end.at_ns[0] + span.end.width_ns
    return Window(start, end) if start < end else None


def check_claims(
    claims: Sequence[Claim], *, reader: Reader, findings: Findings, bounds: tuple[int, int], names: Names,
    revisions: tuple[Revision, ...],
) -> Answered:  # fmt: skip
    """Each claim with its answer; `bounds` are the first and last instants of all that is stored."""
    window = findings.window
    asker = Asker(reader, window.end_ns)
    ground = Ground(asker, findings, revisions, names, window, *bounds, problems=findings.clusters)
    ground.main = find_main(claims, ground)
    checked = tuple(Checked(claim, _ANSWERS[claim.kind](claim, ground)) for claim in claims)
    return Answered(checked, ground.main.told if ground.main else "")
