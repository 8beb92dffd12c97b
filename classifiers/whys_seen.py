"""The first answers: who sees what, which operation fails, what it waits for, what the failure itself says."""

from collections.abc import Collection, Iterator, Sequence

import orjson

from classifiers.cases import Case
from classifiers.explained import BLAMED
from classifiers.findings import Absence, Cluster, Evidence, Explains, Latency, Why
from classifiers.incidents import Member, addresses_in, title_of
from classifiers.telling import failed_of
from classifiers.whys_ground import WhyGround, join_names, sentence, titled
from collector.window import format_ns

__all__ = ["edge_step", "failing_step", "inner_steps", "operation_step", "state_step", "symptom_step"]

_IDS = 5
_SENDERS = {"users": "users", "tests": "tests", "health_checks": "health checks", "scanners": "scanners"}
_MS = 1e6
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})  # alone no name of an operation
_HUNG = frozenset({"find_hung_requests", "find_unfinished_requests", "find_unfinished_spans", "count_usual_times"})
# How a link is known, where no trace shows which failed first.
_LINKED = {
    "instances": "follow {other} within seconds in the same instance",
    "revisions": "fall into the minutes of {other} on the same revisions",
    "onset": "are near {other}, in the service that it calls, and both began at once",
    "named": "name the service of {other}, which failed in the same moments",
    "called": "have a deploy of a service that it calls as suspect, which fails since the same moment with {other}",
    "asked": "were asked by the service of {other}, whose deploy explains both",
    "deploy": "are explained by the deploy that explains {other}, and both began at once",
    "guilt": "are explained by the revision that explains {other}",
}
# What the units of a finding without entries are called, and what became of it beside another one.
_MISHAPS: dict[type, str] = {Latency: "slow request", Absence: "missing event"}
_BESIDE: dict[type, str] = {Latency: "was slow", Absence: "was missing"}
_IN_TRACES = frozenset({"traces", ""})


def symptom_step(one: Member, ground: WhyGround, *, is_root: bool) -> Why:
    """What is seen, how often of how many, since when, and by whom; of a root what it says is told apart."""
    if isinstance(one, Latency):
        return _slower(one)
    if isinstance(one, Absence):
        return _missing(one)
    return _failing(one, ground.cases.get(one.id), title="" if is_root else f", {titled(one.title)}")


def _failing(one: Cluster, case: Case | None, *, title: str) -> Why:
    times = f"since {format_ns(one.onset.at_ns)}"
    times = times if one.is_ongoing else f"{times.replace('since', 'from')} to {format_ns(one.last_ns)}"
    if case is None:
        counted, before = f"{one.units} {'failure' if one.units == 1 else 'failures'}", ""
    else:
        fit = case.fit
        counted = failed_of(fit.failures_after, fit.exposed_after, case)
        before = failed_of(fit.failures_before, fit.exposed_before, case) if round(fit.exposed_before) else ""
    told = f"{one.service}{title}: {counted} {times}{f'; before that {before}' if before else ''}.{_who(one)}"
    again = "requests of that time and place that the store lacks and that ended well"
    return Why("symptom", told, "measured", _rows(one), (again,))


def _who(one: Cluster) -> str:
    """Who asked for what failed, in the unit of the failures; nothing where that is not known."""
    counts = {name: many for name, many in one.origin_counts if many}
    known = [f"{word} {counts[name]}" for name, word in _SENDERS.items() if name in counts]
    if not known:
        return ""
    left = [f"not known {counts['unknown']}"] if "unknown" in counts else []
    return f" Asked by {', '.join((*known, *left))}."


def _slower(one: Latency) -> Why:
    times = f" since {format_ns(one.onset.at_ns)}" if one.onset else ""
    unit = "requests" if one.known_by == "requests" else "traces"
    told = (
        f"{one.service}: {titled(one.operation or 'all operations')} takes {_took(one.median_since_ns)} (p50), "
        f"{_took(one.tail_since_ns)} (p95){times}, of {one.since} {unit}; before that "
        f"{_took(one.median_before_ns)} and {_took(one.tail_before_ns)}, of {one.before}."
    )
    rows = (Evidence("measured", told, "count_latencies", (), one.trace_ids[:_IDS]),)
    again = f"{unit} of the same operation that the store lacks, as quick as before"
    return Why("symptom", told, "measured", rows, (again,))


def _took(duration_ns: int) -> str:
    ms = round(duration_ns / _MS, 3)  # as told elsewhere
    return f"{ms / 1000:.3g} s" if ms >= 1000 else f"{ms:.3g} ms"  # noqa: PLR2004 - ms in a second


def _missing(one: Absence) -> Why:
    what = f"{one.event} with {one.field}" if one.field else one.event
    times = f" since {format_ns(one.onset.at_ns)}" if one.onset else ""
    after = f"`{one.trigger}`" if one.trigger and not one.field else f"`{one.event}`" if one.field else "its triggers"
    told = (
        f"{one.service}: {titled(what)} came in {one.since.seen} of {one.since.trials} {after}{times}; before that in "
        f"{one.before.seen} of {one.before.trials}."
    )
    traces = tuple(name for fact in one.evidence for name in fact.trace_ids)[:_IDS]
    query = "count_event_fields" if one.field else "count_events"
    again = f"an entry or a span of {one.event} since then" + (f" that tells {one.field}" if one.field else "")
    return Why("symptom", told, "measured", (Evidence("measured", told, query, (), traces),), (again,))


def operation_step(one: Member, ground: WhyGround) -> Why | None:
    """The route, span or frame that fails; None where nothing tells it."""
    if isinstance(one, Latency):
        return _slow_part(one)
    if isinstance(one, Absence):
        return None
    case = ground.cases.get(one.id)
    status = f" with {case.http_status}" if case and case.http_status and one.kind == "request" else ""
    return _operation(one, f"It fails{status}", [*_places(one, case), *_frame(case)])


def failing_step(root: Member, seen: Member, ground: WhyGround) -> Why | None:
    """Where the root fails, told after the links that lead to it from what is seen; None where that is the same."""
    if not isinstance(root, Cluster):
        return operation_step(root, ground)
    case = ground.cases.get(root.id)
    places = _places(root, case)
    is_same = isinstance(seen, Cluster) and places == _places(seen, ground.cases.get(seen.id))
    if is_same or not places:
        return _operation(root, f"{root.service} fails:", _frame(case))
    return _operation(root, f"{root.service} fails", [*places, *_frame(case)])


def _operation(one: Cluster, head: str, where: Sequence[str]) -> Why | None:
    if not where:
        return None
    again = "an entry or span of the same failure from another operation"
    return Why("operation", f"{head} {', '.join(where)}.", "measured", _rows(one, "find_samples"), (again,))


def _places(one: Cluster, case: Case | None) -> list[str]:
    """`on POST /pay and GET /cart`, the operations of spans where no routes are known; none where nothing tells it."""
    operations = sorted({span.operation for span in one.spans} - _METHODS)
    places = [f"`{name}`" for name in (case.routes if case and case.routes else operations)]
    return [f"on {join_names(places)}"] if places else []


def _frame(case: Case | None) -> list[str]:
    frames = _parts(case).get("frames")
    return [f"thrown in `{frames[-1]}`"] if isinstance(frames, list) and frames else []


def _slow_part(one: Latency) -> Why | None:
    part = one.part
    if part is None:
        return None
    kind = "a call to what tells no spans of its own" if part.is_call else "its own time"
    told = (
        f"{part.share:.0%} of what it takes longer lies in `{part.operation}` of {part.service} ({kind}): "
        f"{_took(part.since_ns)} of a request, before that {_took(part.before_ns)}."
    )
    rows = (Evidence("measured", told, "find_latency_parts", (), one.trace_ids[:_IDS]),)
    return Why("operation", told, "measured", rows, ("traces since then in which another part takes the time",))


def edge_step(below: Member, above: Member, link: Explains) -> Why:
    """How one failure hangs on the next: in how many of its failures that failed too."""
    other = f"{titled(title_of(above))} of {above.service}"
    which = _which(link, _MISHAPS.get(type(below), "failure"))
    known = tuple(fact for fact in below.evidence if above.id in fact.statement) if isinstance(below, Cluster) else ()
    again = f"failures of {below.service} like these where {titled(title_of(above))} does not occur"
    if link.how in _IN_TRACES:
        first = " and as a rule first" if link.lag_ns > 0 else ""
        told = f"In {which} {other} {_BESIDE.get(type(above), 'failed')} too, in the same trace{first}."
        fact = Evidence("measured", told, "find_failures", (), link.trace_ids)
        return Why("call", told, "measured", (fact, *known), (again,))
    traced = "" if link.trace_ids else " (no trace links them)"
    told = f"{which[:1].upper()}{which[1:]} {_LINKED.get(link.how, link.how).format(other=other)}{traced}."
    fact = Evidence("inferred", told, f"rule:linked-by-{link.how}", (), link.trace_ids)
    return Why("call", told, "inferred", (fact, *known), (again,))


def _which(link: Explains, mishap: str) -> str:
    """`all its 46 failures`, `41 of its 46 failures`."""
    if not link.units:
        return f"{mishap}s"
    if link.shared == link.units:
        return f"its one {mishap}" if link.units == 1 else f"all its {link.units} {mishap}s"
    return f"{link.shared} of its {link.units} {mishap}s"


def state_step(root: Member, ground: WhyGround, *, is_titled: bool) -> Why | None:
    """What the failure itself says: the exception, the missing name, the address, the limit; a title is told once."""
    if not isinstance(root, Cluster):
        return None
    if root.kind == "hung":
        return _hung(root)
    case = ground.cases.get(root.id)
    if root.kind in {"request", "slow"} or case is None:
        return None
    addresses = sorted(addresses_in(f"{root.title}\n{root.sample}"))
    told = [] if is_titled else [f"It says {titled(root.title)}."]
    told += [f"{'What it says' if is_titled else 'It'} names {join_names(addresses)}."] if addresses else []
    if not told:
        return None
    again = "entries of this failure that say something else"
    return Why("state", " ".join(told), "measured", _rows(root, "find_samples"), (again,))


def _hung(root: Cluster) -> Why | None:
    """The time limit at which requests ended, or that they never ended."""
    fact = next((one for one in root.evidence if one.kind == "measured" and one.query in _HUNG), None)
    if fact is None:
        return None
    again = "requests since then that ended at another time"
    return Why("state", sentence(fact.statement), "measured", (fact,), (again,))


def inner_steps(root: Member, told: Collection[str], *, is_alone: bool) -> Iterator[Why]:
    """The service whose deploy is blamed, where it is none of those told; else a step that traces since then lack."""
    blamed = root.attribution
    if blamed is None or blamed.confidence < BLAMED:
        return
    calls = [fact for fact in blamed.evidence if fact.query == "find_trace_requests" and fact.kind == "measured"]
    if blamed.service not in told and calls:
        again = f"failures in traces that never met {blamed.service}"
        yield Why("call", sentence(calls[0].statement), "measured", (calls[0],), (again,))
        return
    for fact in [one for one in blamed.evidence if one.query == "find_flow_steps" and is_alone][:1]:
        yield Why("call", sentence(fact.statement), "measured", (fact,), ("traces since then that tell otherwise",))


def _rows(one: Cluster, query: str = "find_failures") -> tuple[Evidence, ...]:
    """The facts of a cluster's counts, else its entries and traces."""
    told = next((fact for fact in one.evidence if fact.query == query), None)
    if told is not None and query == "find_failures":
        return (told,)
    rows: Sequence[str] = one.insert_ids[:_IDS]
    return (Evidence("measured", one.title, query, tuple(rows), one.trace_ids[:_IDS]),)


def _parts(case: Case | None) -> dict[str, object]:
    parts: dict[str, object] = orjson.loads(case.parts) if case and case.parts else {}
    return parts
