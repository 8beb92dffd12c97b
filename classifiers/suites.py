"""What is told of test runs: records beside those of classifiers/findings.py. No I/O."""

from msgspec import Struct

__all__ = ["FailedCases", "SuiteLink", "SuiteRun"]


class SuiteLink(Struct, frozen=True):
    """Cases of one test run that failed with a cluster, as their traces, the same signature or the moment tell."""

    run: str
    suite: str
    failed: int
    cases: int  # of the whole run
    names: tuple[str, ...]  # of those that failed, at most 20
    by: str  # trace | signature | moment: the surest of them


class SuiteRun(Struct, frozen=True):
    """One test run as its report tells it. `problem` names what makes it prove nothing, `statement` says it."""

    run: str
    suite: str
    location: str
    at_ns: int | None
    is_zoned: bool  # its times told their zone; else UTC is taken
    cases: int
    failed: int
    skipped: int
    flaky: int
    problem: str = ""  # nothing_collected | all_skipped | all_timed_out
    statement: str = ""


class FailedCases(Struct, frozen=True):
    """Cases of test runs that failed alike, with the clusters that they met, if any."""

    signature_id: str
    title: str
    cases: int
    names: tuple[str, ...]  # at most 20
    suites: tuple[str, ...]
    cluster_ids: tuple[str, ...]
    fault: str  # as of a cluster
    statement: str  # why the fault is held to sit there
