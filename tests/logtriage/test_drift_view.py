"""Keys on which services disagree, in words."""

from classifiers.findings import Drift, DriftSide
from collector.replacing import replace
from logtriage.drift_view import drift_rows
from logtriage.lookup import Lookup
from logtriage.report import build_report, only_service
from logtriage.report_config import ReportConfig
from tests.support.findings import ONSET_NS, findings

SIDES = (
    DriftSide("auth", "auth-00005-aaa", "secret jwt:4"),
    DriftSide("desk", "desk-00002-bbb", "secret jwt:3"),
    DriftSide("till", "till-00009-ccc", "secret jwt:3"),
)
PARTED = Drift(
    "acme-test", "JWT_SECRET", "parted", SIDES, ONSET_NS, "auth", "auth-00005-aaa", "they held the same",
    is_telling=True, cluster_ids=("c-pay",),
)  # fmt: skip


def test_who_holds_what_until_when_they_held_the_same_and_what_it_may_explain() -> None:
    assert drift_rows([PARTED], Lookup(findings())) == [
        (
            "JWT_SECRET: secret jwt:4 in auth, secret jwt:3 in desk and till",
            "the same until auth 00005-aaa 20:00; may explain #1, inferred",
        )
    ]


def test_without_a_deploy_that_parted_them_the_reason_is_told() -> None:
    bare = replace(
        PARTED, kind="version", parted_service=None, parted_by=None,
        statement="one secret in different versions", cluster_ids=(),
    )  # fmt: skip

    assert drift_rows([bare], Lookup(findings()))[0][1] == "one secret in different versions"


def test_what_began_before_the_window_is_counted_unless_it_may_explain_something() -> None:
    old = replace(PARTED, since_ns=1, cluster_ids=())

    rows = drift_rows([old, replace(old, key="API_KEY"), PARTED], Lookup(findings()))

    assert [title for title, _ in rows][1:] == ["2 from before this window"]
    assert rows[1][1] == "JWT_SECRET and API_KEY"


def test_the_report_has_a_line_for_it_and_a_service_keeps_its_own() -> None:
    told = findings(drifts=(PARTED,))

    assert build_report(told, ReportConfig()).drifts[0].title.startswith("JWT_SECRET: ")
    assert only_service(told, "desk").drifts == (PARTED,)
    assert only_service(told, "shop").drifts == ()
