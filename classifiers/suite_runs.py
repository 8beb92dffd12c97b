"""Test runs beside the failures of services: which cluster a failed case met, and what a run tells by itself.

A case joins a cluster by a trace that it tells, else by the same signature in the same time, else, weaker, by the same
moments where it names the service. What joins nothing is told as a failure of its own, grouped by signature, with where
its fault sits. A run that collected nothing, skipped all, or ran out of time everywhere is told as such.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from msgspec import Struct

from classifiers.faults import is_test_place
from classifiers.findings import Cluster, Fault, Findings
from classifiers.frames import read_trace
from classifiers.history import History
from classifiers.natures import is_about_dependency
from classifiers.reassemble import SIGN_SCHEMA
from classifiers.service_names import plain_name
from classifiers.signatures import sign
from classifiers.suite_parts import join_parts
from classifiers.suites import FailedCases, SuiteLink, SuiteRun
from collector.replacing import replace
from collector.store import Reader
from collector.window import NS_PER_S, Window

__all__ = ["SuiteReading", "read_suites", "with_suites"]

_MOST = 2000  # failed cases that are looked at
_NAMES = 20  # kept of the cases of one kind
_BEFORE_NS, _AFTER_NS = 5 * NS_PER_S, 60 * NS_PER_S
_SERVER_ERROR = 500
_ALL_AT_ONCE = 3  # cases that must have run out of time, for a run to be told so
_TYPE_IN_TEXT = re.compile(r"\A\s*[\w.$]+(?:Error|Exception|Failure|Timeout|Fault)\b")
_PLACE = re.compile(
    r"^(?P<file>[\w./\\-]+\.\w{1,4}):\d+: (?P<type>[\w.]+)\s*$", re.MULTILINE
)  # as pytest ends a failure
_TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
_TIMED_OUT = re.compile(
    r"(?i)\btime[ds]?[- ]?out|timeouterror|timeoutexception|deadline exceeded|exceeded timeout|failed: timeout"
)
_NOT_RUN = re.compile(
    r"(?i)collection failure|fixture ['\"`]\w+['\"`] not found|failed on setup|failed on teardown|"
    r"errors? during collection|cannot find module|beforeall|beforeeach|test suite failed to run"
)
_TEST_FILE = re.compile(r"(?i)\.(?:spec|test|e2e|cy)\Z")  # checkout.test.js without its folder and its ending
_MISFIT = re.compile(
    r"(?:Attribute|Type|Name|Import|ModuleNotFound|Reference|NoSuchMethod|Fixture\w*)(?:Error|Exception)\b"
)


class SuiteReading(Struct, frozen=True):
    """Rows of count_test_runs, of find_failed_tests, and of find_trace_requests for the traces that those tell."""

    runs: pl.DataFrame
    failed: pl.DataFrame
    requests: pl.DataFrame


def read_suites(reader: Reader, window: Window, *, start_ns: int) -> SuiteReading:
    """The test runs of a window; the reader must have been told who asked what (see origin.py)."""
    runs = reader.frame("count_test_runs", start_ns=window.start_ns, end_ns=window.end_ns)
    if not runs.height:
        return SuiteReading(runs, pl.DataFrame(), pl.DataFrame())
    failed = reader.frame("find_failed_tests", runs=runs["run"].to_list(), most=_MOST)
    runs, into = join_parts(runs)
    failed = failed.with_columns(pl.col("run").replace(into))
    traces = sorted({trace for told in failed["traces"] for trace in told.split()})
    requests = reader.frame("find_trace_requests", traces=traces, start_ns=start_ns, end_ns=window.end_ns)
    return SuiteReading(runs, failed, requests)


def with_suites(findings: Findings, reading: SuiteReading, history: History) -> Findings:
    """The findings with their test runs, and clusters with the cases that failed of them."""
    if not reading.runs.height:
        return findings
    cases = [_Case(row) for row in reading.failed.iter_rows(named=True)]
    _sign(cases)
    clusters = (*findings.clusters, *findings.standing)
    meetings = _Meetings(clusters, history)
    by_run = {row["run"]: row for row in reading.runs.iter_rows(named=True)}
    links: dict[str, list[tuple[_Case, str]]] = defaultdict(list)
    for case in cases:
        case.joined = meetings.of(case)
        for name, by in case.joined.items():
            links[name].append((case, by))
    told = {name: _links(found, by_run) for name, found in links.items()}
    faults = {one.id: one.fault for one in clusters}
    answers = _answers(reading.requests)
    return replace(
        findings,
        clusters=tuple(replace(one, tests=told.get(one.id, ())) for one in findings.clusters),
        standing=tuple(replace(one, tests=told.get(one.id, ())) for one in findings.standing),
        test_runs=tuple(_run(row, [case for case in cases if case.run == row["run"]]) for row in by_run.values()),
        failed_tests=_grouped(cases, by_run, faults, answers),
    )


class _Case:
    """One case that failed."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.run: str = row["run"]
        self.name = "::".join(part for part in (row["class_name"], row["name"]) if part) or "a case without a name"
        self.class_name: str = row["class_name"] or ""
        self.at_ns: int | None = row["at_ns"]
        self.end_ns = None if self.at_ns is None else self.at_ns + (row["duration_ns"] or 0)
        self.message: str = row["message"] or ""
        self.body: str = row["body"] or ""
        self.said = "\n".join(filter(None, (self.message, self.body, row["output"] or "")))
        self.traces: list[str] = row["traces"].split()
        self.texts = _texts(row["type"] or "", self.message, self.body, row["output"] or "")
        self.signatures: list[str] = []
        self.title = ""
        self.joined: dict[str, str] = {}

    @property
    def is_timed_out(self) -> bool:
        """It ran out of time."""
        return _TIMED_OUT.search(f"{self.message}\n{self.body[:2000]}") is not None


def _texts(kind: str, message: str, body: str, output: str) -> list[str]:
    """What is signed of a case: its exception as a program prints it, then traces of servers that it quotes."""
    trace = read_trace(body)
    line = message or next((one for one in body.splitlines() if one.strip()), "")
    named = line if not kind or _TYPE_IN_TEXT.match(line) else f"{kind.rpartition('.')[2]}: {line}"
    found = [body if trace and trace.leaf.frames else named or "a failure without a text"]
    for text in (body, output):
        begin = [one.start() for one in _TRACEBACK.finditer(text)]
        if begin and text is not found[0]:
            found.append(text[begin[-1] :])
    return found


def _sign(cases: Sequence[_Case]) -> None:
    """Gives each case the signatures of its texts, by the rules that lines are signed by."""
    rows = [
        {"insert_id": f"{place}:{at}", "message": text, "log": "stderr", "at_ns": 0, "severity": 17, "is_hit": True,
         "project": "", "service": "", "revision": "", "instance": "", "batch_id": 0}
        for place, case in enumerate(cases)
        for at, text in enumerate(case.texts)
    ]  # fmt: skip
    if not rows:
        return
    signed = sign(pl.DataFrame(rows, schema=pl.Schema(SIGN_SCHEMA)))
    titles = dict(signed.signatures.select("signature_id", "title").iter_rows())
    for signature, ids in signed.occurrences.select("signature_id", "insert_ids").iter_rows():
        for name in ids:
            place, _, at = name.partition(":")
            case = cases[int(place)]
            case.signatures.append(signature)
            if at == "0":
                case.title = titles[signature]


class _Meetings:
    """Which clusters failed in which traces, by which signatures, and when."""

    def __init__(self, clusters: Sequence[Cluster], history: History) -> None:
        owners = {(one.project, one.service, signature): one.id for one in clusters for signature in one.signature_ids}
        self._clusters = {one.id: one for one in clusters}
        self._traces: dict[str, set[str]] = defaultdict(set)
        self._times: dict[str, list[int]] = defaultdict(list)
        self._signatures: dict[str, set[str]] = defaultdict(set)
        for one in clusters:
            for signature in one.signature_ids:
                self._signatures[signature].add(one.id)
        rows = history.failures.select("project", "service", "signature_id", "trace", "borrowed", "first_ns")
        for project, service, signature, trace, borrowed, first_ns in rows.iter_rows():
            name = owners.get((project, service, signature))
            if name is None:
                continue
            self._times[name].append(first_ns)
            if trace or borrowed:
                self._traces[trace or borrowed].add(name)

    def of(self, case: _Case) -> dict[str, str]:
        """The clusters that a case met, and how that is known: trace, signature or moment."""
        found = {name: "trace" for trace in case.traces for name in sorted(self._traces.get(trace, ()))}
        if found:
            return found
        alike = {
            name: "signature"
            for signature in case.signatures
            for name in sorted(self._signatures.get(signature, ()))
            if self._is_near(name, case, is_strict=False)
        }
        if alike:
            return alike
        return {
            name: "moment"
            for name, one in sorted(self._clusters.items())
            if _names(case.said, one) and self._is_near(name, case, is_strict=True)
        }

    def _is_near(self, name: str, case: _Case, *, is_strict: bool) -> bool:
        """It failed while the case ran or just after; of a case without a time nothing speaks against it."""
        if case.at_ns is None or case.end_ns is None:
            return not is_strict
        return any(case.at_ns - _BEFORE_NS <= at <= case.end_ns + _AFTER_NS for at in self._times[name])


def _names(text: str, cluster: Cluster) -> bool:
    """Whether a text names the service of a cluster, or the route that fails."""
    service = re.escape(plain_name(cluster.service))
    if re.search(rf"(?<![\w-]){service}(?![\w]|-\w)", text):
        return True
    route = re.match(r"[A-Z]+ (/\S{3,}) answered", cluster.title)
    return route is not None and "<" not in route[1] and route[1] in text


def _links(found: Sequence[tuple[_Case, str]], runs: Mapping[str, Mapping[str, Any]]) -> tuple[SuiteLink, ...]:
    """One link for each run, by when it began."""
    by_run: dict[str, list[tuple[_Case, str]]] = defaultdict(list)
    for case, by in found:
        by_run[case.run].append((case, by))
    return tuple(
        SuiteLink(
            run=name,
            suite=_suite(runs[name]),
            failed=len(own),
            cases=runs[name]["cases"],
            names=tuple(case.name for case, _ in own[:_NAMES]),
            by=min((by for _, by in own), key=("trace", "signature", "moment").index),
        )
        for name, own in sorted(by_run.items(), key=lambda one: (runs[one[0]]["at_ns"] or 0, one[0]))
    )


def _suite(row: Mapping[str, Any]) -> str:
    return str(row["name"]) or str(row["location"]).replace("\\", "/").rpartition("/")[2]


def _run(row: Mapping[str, Any], failed: Sequence[_Case]) -> SuiteRun:
    ran = row["cases"] - row["skipped"]
    problem, statement = "", ""
    if not row["cases"]:
        problem, statement = "nothing_collected", "collected nothing: no test ran, so that it proves nothing"
    elif not ran:
        problem, statement = "all_skipped", f"skipped all {row['cases']} tests, so that it proves nothing"
    elif row["failed"] == ran and ran >= _ALL_AT_ONCE and failed and all(case.is_timed_out for case in failed):
        problem, statement = "all_timed_out", f"all {ran} tests ran out of time: what they ask did not answer them"
    return SuiteRun(
        run=row["run"], suite=_suite(row), location=row["location"], at_ns=row["at_ns"], is_zoned=row["is_zoned"],
        cases=row["cases"], failed=row["failed"], skipped=row["skipped"], flaky=row["flaky"], problem=problem,
        statement=statement,
    )  # fmt: skip


def _answers(requests: pl.DataFrame) -> dict[str, list[tuple[int, float]]]:
    """Per trace: status and seconds of the requests that were answered."""
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for trace, status, latency in requests.select("trace", "http_status", "latency_ns").iter_rows():
        if status is not None and latency is not None:
            found[trace].append((status, latency / NS_PER_S))
    return found


def _grouped(
    cases: Iterable[_Case], runs: Mapping[str, Mapping[str, Any]], faults: Mapping[str, Fault],
    answers: Mapping[str, list[tuple[int, float]]],
) -> tuple[FailedCases, ...]:  # fmt: skip
    """Failures of one signature together, the most frequent first."""
    groups: dict[tuple[str, tuple[str, ...]], list[_Case]] = defaultdict(list)
    for case in cases:
        groups[case.signatures[0] if case.signatures else case.title, tuple(sorted(case.joined))].append(case)
    told = []
    for (signature, joined), own in groups.items():
        fault, statement = _fault(own, joined, faults, answers)
        told.append(
            FailedCases(
                signature_id=signature,
                title=own[0].title,
                cases=len(own),
                names=tuple(case.name for case in own[:_NAMES]),
                suites=tuple(dict.fromkeys(_suite(runs[case.run]) for case in own)),
                cluster_ids=joined,
                fault=fault,
                statement=statement,
            )
        )
    return tuple(sorted(told, key=lambda one: (-one.cases, one.title, one.signature_id, one.cluster_ids)))


def _fault(
    cases: Sequence[_Case], joined: Sequence[str], faults: Mapping[str, Fault],
    answers: Mapping[str, list[tuple[int, float]]],
) -> tuple[Fault, str]:  # fmt: skip
    """Where the fault of such failures sits, and why."""
    if joined:
        ((fault, _),) = Counter(faults[name] for name in joined).most_common(1)
        return fault, "as the failure that they met"
    one = cases[0]
    if one.is_timed_out:
        met = [answer for trace in one.traces for answer in answers.get(trace, [])]
        if met and all(status < _SERVER_ERROR for status, _ in met):
            longest = max(seconds for _, seconds in met)
            return "client", f"the server answered within {longest:.1f} s: the test gave up by itself"
        return "unknown", "whether the server answered is not known: no trace of it is told"
    if _NOT_RUN.search(one.said[:4000]):
        return "test_harness", "it failed before the test itself began"
    return _by_place(one)


def _by_place(case: _Case) -> tuple[Fault, str]:
    """By where it is thrown: what does not fit in test code is the harness, what breaks elsewhere is the product."""
    place = next((one for one in reversed(list(_PLACE.finditer(case.body)))), None)
    trace = read_trace(case.texts[0])
    frames = trace.leaf.in_app(1) if trace else ()
    where = place["file"].rpartition(".")[0] if place else frames[-1] if frames else ""
    if not where:
        return "unknown", "where it is thrown is not told"
    is_misfit = _MISFIT.search(case.title) is not None
    if is_test_place(where, case.body) or _is_own(where, case):
        if is_misfit:
            return "test_harness", f"what does not fit is in test code: {where}"
        return "unknown", f"{where} expected something else"
    if is_about_dependency(case.title):
        return "dependency", "it could not reach something"
    return "product", f"it is thrown outside test code: {where}"


def _is_own(where: str, case: _Case) -> bool:
    """Whether a frame is in the class of the case itself or in a file of tests: runners cut their own frames away."""
    module = where.rpartition(":")[0] or where
    return module.partition("$")[0] == (case.class_name or None) or _TEST_FILE.search(module) is not None
