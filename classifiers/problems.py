"""Problem, standing noise, or quiet: which clusters of a window deserve a person's attention.

Standing: as many failures per request as ever, since the beginning of what is known. Chatter: warnings that never come
with a failed request. What begins, grows or returns at level ERROR is a problem; so is a warning that is part of one or
that begins with one in another service.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Literal

import orjson
import polars as pl

from classifiers.cases import Case
from classifiers.company import attending, followers
from classifiers.config import ProblemConfig
from classifiers.findings import Origin
from classifiers.origin import origin_of_share
from classifiers.untraced import services_named

__all__ = ["Verdict", "is_failure", "judge"]

Verdict = Literal["problem", "standing", "noise"]
# With nothing to compare with, a warning must say itself that something failed.
_FAILING = re.compile(
    r"(?i:\b(?:fail\w*|refused|rejected|denied|invalid|time[sd]?[ -]?out|timeout|unreachable|forbidden|"
    r"unauthori[sz]ed|blocked|aborted|crash\w*|unhandled|unavailab\w*)\b)|\b[A-Z]\w+(?:Error|Exception)\b"
)
_EVIDENCE = 5.0  # log-likelihood from which a stretch without a failure is no accident (see onset.evidence)
_ERROR = 17
_WARNING = 13
_SERVER_ERROR = 500
_CLIENT_ERROR = 400


def judge(  # noqa: PLR0913 - what the stations before found, passed on as it is
    cases: Sequence[Case], failed: Mapping[str, set[str]], rows: pl.DataFrame, *, history_ns: int, start_ns: int,
    config: ProblemConfig, arrivals: Mapping[tuple[str, str], int] | None = None,
) -> dict[str, Verdict]:  # fmt: skip
    """A verdict on every case that occurs in the window, by cluster id.

    `failed` holds per service the traces that the service answered with a server error, `rows` those of find_failures
    with their cluster_id. history_ns is how much is known at all, start_ns the beginning of the window. arrivals: when
    services that are new were first there (see arrivals.py): nothing is standing in them.
    """
    present = [case for case in cases if case.in_window]
    is_short = history_ns < config.short_history_minutes * 60e9
    end_ns = max((case.grid.timeline.end_ns for case in present), default=start_ns)
    verdicts: dict[str, Verdict] = {}
    for case in present:
        if is_failure(case) and not _is_refusal(case):
            is_news = is_short or _is_first_told(case, end_ns - history_ns, start_ns, config)
            verdicts[case.cluster_id] = _judge_failure(case, is_short=is_news, start_ns=start_ns, config=config)
            arrived_ns = (arrivals or {}).get((case.project, case.service))
            is_new = arrived_ns is not None and arrived_ns >= _old_ns(start_ns, config)
            if is_new and verdicts[case.cluster_id] == "standing":
                verdicts[case.cluster_id] = "problem"
    for name in attending(
        [case for case in present if verdicts.get(case.cluster_id) == "standing"],
        [case for case in present if verdicts.get(case.cluster_id) == "problem"],
    ):
        verdicts[name] = "problem"
    _tell_of_called(present, verdicts)
    failures = [case for case in present if verdicts.get(case.cluster_id) == "problem"]
    weak = [case for case in present if case.cluster_id not in verdicts]
    # lines first: what is refused is told with the line that says why
    for part in ([case for case in weak if not case.is_request_only], [case for case in weak if case.is_request_only]):
        problems = [case for case in present if verdicts.get(case.cluster_id) == "problem"]
        hit = {key for case in problems for key in case.met_ns} | set().union(*failed.values())
        behind = followers(rows, [case.cluster_id for case in part], [case.cluster_id for case in problems])
        for case in part:
            is_thrown = case.kind == "exception" and not case.grid.total.any()
            is_news = is_short or (is_thrown and _is_first_told(case, end_ns - history_ns, start_ns, config))
            is_behind = case.cluster_id in behind
            verdict = _judge_weak(case, hit, is_behind=is_behind, is_short=is_news, config=config)
            is_joining = verdict == "noise" and any(_joins(case, other, config) for other in failures)
            verdicts[case.cluster_id] = "problem" if is_joining else verdict
    return verdicts


def is_failure(case: Case) -> bool:
    """It says of itself that something failed: an error, a server error, a container that ended."""
    # a container that ended, a limit that was met, a request that met no instance
    is_platform = (case.kind == "platform" or _is_turned_away(case)) and case.severity >= _WARNING
    return case.severity >= _ERROR or is_platform or (case.http_status or 0) >= _SERVER_ERROR


def _is_first_told(case: Case, history_start_ns: int, start_ns: int, config: ProblemConfig) -> bool:
    """Without any exposure that passed unharmed, a failure that began in the window is news.

    Where the exposure is not known at all, it must have begun after a stretch that its own rate does not explain.
    """
    first_ns, last_ns = int(case.times_ns[0]), int(case.times_ns[-1])
    if first_ns < start_ns or 0 < case.severity < _ERROR:
        return False
    if not case.grid.total.any():
        stretch = max(last_ns - history_start_ns, 1)
        quiet = (first_ns - history_start_ns) / stretch
        return case.units >= config.few_units and -(case.units - 1) * math.log(max(1 - quiet, 1e-9)) >= _EVIDENCE
    return case.units < config.few_units and float(case.grid.total.sum()) <= case.units


def _is_refusal(case: Case) -> bool:
    """A request line that tells the client to do otherwise: 4xx. What the platform turned away met no application."""
    is_refused = case.is_request_only and _CLIENT_ERROR <= (case.http_status or 0) < _SERVER_ERROR
    return is_refused and not _is_turned_away(case)


def _is_turned_away(case: Case) -> bool:
    """Requests on which the platform itself says that, and why, it let none of them in; an application's have no text.

    Too many for the instances there are, or a caller without the right to call: neither is the client's own mistake.
    """
    return case.is_request_only and "message" in orjson.loads(case.parts)


def _judge_failure(case: Case, *, is_short: bool, start_ns: int, config: ProblemConfig) -> Verdict:
    if is_short:
        return "problem"
    fit = case.fit
    if _origin(case) == "scanners" and not fit.is_change:
        return "noise"
    if fit.is_change or fit.course == "regressed":
        is_old = fit.course != "resolved" and fit.at_ns < _old_ns(start_ns, config)
        return "standing" if is_old else "problem"
    if case.units < config.few_units:
        return "noise"
    if fit.course == "resolved":
        return "problem"
    return "standing"


def _tell_of_called(present: Sequence[Case], verdicts: dict[str, Verdict]) -> None:
    """Failures, however few, that name a service whose problem is in every trace of theirs are problems with it."""
    problems = [case for case in present if verdicts.get(case.cluster_id) == "problem"]
    for case in present:
        if verdicts.get(case.cluster_id) == "noise" and case.met_ns:
            called = services_named(case, problems)
            met = [set(other.met_ns) for other in problems if other.service in called]
            if any(case.met_ns.keys() <= keys for keys in met):
                verdicts[case.cluster_id] = "problem"


def _old_ns(start_ns: int, config: ProblemConfig) -> float:
    """What began before this instant, and goes on, is no news any more."""
    return start_ns - config.standing_after_hours * 3600e9


def _judge_weak(case: Case, hit: set[str], *, is_behind: bool, is_short: bool, config: ProblemConfig) -> Verdict:
    """Warnings, lines without a level, and refused requests: a problem only as part of one, or by strong evidence.

    `hit` are the traces and requests that failed of a problem; is_behind tells of lines that follow one at once.
    """
    keys = case.keys_since(case.fit.at_ns if case.fit.is_change else 0)
    share = sum(one in hit for one in keys) / len(keys) if keys else 0.0
    is_part = share >= config.association or is_behind
    if is_short:
        says_so = not case.is_request_only and (case.severity < _WARNING or _FAILING.search(case.title))
        return "problem" if is_part or says_so else "noise"
    if _origin(case) in {"scanners", "health_checks"}:
        return "noise"
    if not case.fit.is_change or case.units < config.few_units:
        return "standing" if case.units >= config.few_units and case.severity >= _WARNING else "noise"
    if is_part:
        return "problem"
    is_unlevelled = case.severity < _WARNING and not case.is_request_only
    return "problem" if is_unlevelled and case.fit.gain >= config.strong_evidence else "noise"


def _joins(case: Case, other: Case, config: ProblemConfig) -> bool:
    """A warning, never seen before, that begins with an error of another service: its side of the same failure.

    Where traces are known of both, most of the traces that failed of the one must hold the other.
    """
    if case.severity < _WARNING or case.units < config.joining_units or _origin(case) in {"scanners", "health_checks"}:
        return False
    is_clear = case.fit.is_change and case.fit.gain >= config.strong_evidence and not case.fit.failures_before
    is_error = other.severity >= _ERROR and other.fit.is_change
    if not (is_clear and is_error and other.service != case.service and case.fit.began_with(other.fit)):
        return False
    shared = len(case.met_ns.keys() & other.met_ns.keys())
    least = config.association * min(len(case.met_ns), len(other.met_ns))
    return shared >= least if case.is_traced and other.is_traced else True


def _origin(case: Case) -> Origin:
    return origin_of_share(case.origins)[0]
