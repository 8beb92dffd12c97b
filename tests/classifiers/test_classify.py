from pathlib import Path

import pytest

from classifiers.findings import Cluster, Findings
from collector.replacing import replace
from tests.support.system import BROWSER, HOUR, MINUTE, PYTEST, START_NS, System

OLD, NEW = "orders-00001-aaa", "orders-00002-bbb"
TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "/app/shop/orders.py", line 12, in price\n    return total()\n'
    '  File "/app/shop/total.py", line 40, in total\n    return None + 1\n'
    "TypeError: unsupported operand type(s) for +: 'NoneType' and 'int'"
)


def broken_deploy() -> System:
    """Four hours of orders; the revision of the second hour drops a variable and half of its requests fail."""
    system = System()
    system.deploy(-HOUR, "orders", OLD, image="a", env={"PRICE_TABLE": "1", "MODE": "x"})
    system.traffic("orders", OLD, 0, 2 * HOUR)
    system.deploy(2 * HOUR - 30, "orders", NEW, image="b", env={"MODE": "x"})
    system.traffic("orders", NEW, 2 * HOUR, 4 * HOUR, every_s=40)
    for minute in range(1, 120):
        system.failure(2 * HOUR + minute * MINUTE, "orders", NEW, "KeyError: PRICE_TABLE is not set")
    return system


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the store that holds broken_deploy()."""
    folder = tmp_path_factory.mktemp("broken")
    broken_deploy().stored(folder)
    return folder


def only(findings: Findings) -> Cluster:
    assert [cluster.title for cluster in findings.clusters if cluster.role == "root"] != []
    assert len(findings.clusters) == 1, [cluster.title for cluster in findings.clusters]
    return findings.clusters[0]


def test_a_deploy_that_breaks_requests_is_blamed_with_the_variable_it_dropped(broken: Path) -> None:
    cluster = only(System().findings(broken, 4 * HOUR))

    assert cluster.attribution is not None
    assert cluster.attribution.revision == NEW
    assert cluster.attribution.good_revision == OLD
    assert cluster.attribution.confidence > 0.9
    assert cluster.attribution.change is not None
    assert (cluster.attribution.change.type, cluster.attribution.change.name) == ("env_removed", "PRICE_TABLE")
    assert {change.type for change in cluster.attribution.also_changed} == {"image"}
    assert cluster.cause == "revision"
    assert cluster.state == "new"
    assert abs(cluster.onset.at_ns - START_NS - (2 * HOUR + MINUTE) * 10**9) < 10**9


def test_counts_are_of_requests_and_the_request_lines_belong_to_the_failure(broken: Path) -> None:
    cluster = only(System().findings(broken, 4 * HOUR))

    assert cluster.units == 119
    assert len(cluster.insert_ids) == 2 * 119
    assert len(set(cluster.insert_ids)) == len(cluster.insert_ids)
    assert [(row.revision, row.failures) for row in cluster.per_revision] == [(NEW, 119), (OLD, 0)]


def test_every_entry_of_the_window_is_problem_noise_or_quiet(broken: Path) -> None:
    coverage = System().findings(broken, 4 * HOUR).coverage

    assert coverage.problem_entries == 2 * 119
    assert coverage.entries == coverage.problem_entries + coverage.noise_entries + coverage.quiet_entries
    assert coverage.ledger_read == coverage.ledger_stored + coverage.ledger_duplicates + coverage.ledger_dead


def test_running_twice_gives_equal_findings(broken: Path) -> None:
    assert System().findings(broken, 4 * HOUR) == System().findings(broken, 4 * HOUR)


def test_only_rows_before_the_end_of_the_window_count(broken: Path) -> None:
    findings = System().findings(broken, 2 * HOUR)

    assert findings.clusters == ()
    assert all(one.revision != NEW or one.requests == 0 for one in findings.revisions)


def test_a_window_after_the_onset_still_names_the_revision_from_its_baseline(broken: Path) -> None:
    cluster = only(System().findings(broken, 4 * HOUR, start_s=3 * HOUR))

    assert cluster.state == "ongoing"
    assert cluster.attribution is not None
    assert cluster.attribution.revision == NEW
    assert len(cluster.insert_ids) == 2 * 60


def test_a_failure_as_old_as_the_history_is_standing_and_no_problem(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", OLD, 0, 2 * HOUR)
    system.traffic("orders", NEW, 2 * HOUR, 4 * HOUR)
    for step in range(48):
        system.failure(step * 5 * MINUTE + 7, "orders", OLD if step < 24 else NEW, "Error: sink is gone")

    findings = system.findings(tmp_path, 4 * HOUR)

    assert findings.clusters == ()
    assert len(findings.standing) == 1
    assert findings.standing[0].attribution is None


def test_an_outage_beside_a_deploy_is_not_blamed_on_it_when_the_old_revision_fails_too(tmp_path: Path) -> None:
    system = System()
    for revision, start, end in ((OLD, 0, 4), (NEW, 2, 4)):
        system.traffic("orders", revision, start * HOUR, end * HOUR, every_s=30)
    for minute in range(2, 90):
        revision = OLD if minute % 2 else NEW
        system.failure(
            2 * HOUR + minute * MINUTE, "orders", revision, "ConnectionError: connection refused by 10.0.0.5"
        )

    cluster = only(system.findings(tmp_path, 4 * HOUR))

    assert cluster.cause == "dependency"
    assert cluster.attribution is None or cluster.attribution.confidence < 0.5


def test_a_canary_is_blamed_while_the_old_revision_serves_most(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", OLD, 0, 4 * HOUR, every_s=10)
    system.traffic("orders", NEW, 1 * HOUR, 4 * HOUR, every_s=120)
    for step in range(40):
        system.failure(HOUR + step * 4 * MINUTE + 11, "orders", NEW, TRACEBACK)

    cluster = only(system.findings(tmp_path, 4 * HOUR))

    assert cluster.attribution is not None
    assert (cluster.attribution.revision, cluster.attribution.confidence > 0.9) == (NEW, True)


def test_a_failure_that_ended_with_a_roll_back_is_resolved(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", OLD, 0, HOUR)
    system.traffic("orders", NEW, HOUR, 2 * HOUR, every_s=40)
    for minute in range(60):
        system.failure(HOUR + minute * MINUTE + 5, "orders", NEW, TRACEBACK)
    system.traffic("orders", OLD, 2 * HOUR, 4 * HOUR)

    cluster = only(system.findings(tmp_path, 4 * HOUR))

    assert cluster.state == "resolved"
    assert cluster.attribution is not None
    assert cluster.attribution.revision == NEW


def test_a_window_wider_than_what_is_stored_changes_no_verdict(broken: Path) -> None:
    tight, wide = (System().findings(broken, end, start) for end, start in ((4 * HOUR, 0), (900 * HOUR, -800 * HOUR)))

    # a course is drawn over the window, and is no verdict
    told, same = ([replace(one, series=None) for one in found.clusters] for found in (wide, tight))
    assert told == same
    assert wide.incidents == tight.incidents


def calls(system: System, at_s: float, tasks: str, *, is_failing: bool) -> None:
    """A request of the shop that calls tasks; both in one trace."""
    trace = system.request(at_s, "shop", "shop-00001-xyz", status=502 if is_failing else 200, latency_s=0.3)
    system.span(at_s, "shop", trace, "a" * 16)
    system.request(
        at_s + 0.05, "tasks", tasks, trace=trace, agent="python-httpx/0.28", status=500 if is_failing else 200
    )
    system.span(at_s + 0.05, "tasks", trace, "b" * 16, "a" * 16)
    if is_failing:
        system.line(at_s + 0.09, "tasks", tasks, TRACEBACK, trace=trace)
        system.line(at_s + 0.2, "shop", "shop-00001-xyz", "could not place the order: tasks said no", trace=trace)


def cascade_over_two_services() -> System:
    """From the second hour on the new revision of tasks fails, and the shop that calls it with it."""
    system = System()
    for step in range(480):
        is_new = step >= 240
        calls(system, step * 30, "tasks-00002-new" if is_new else "tasks-00001-old", is_failing=is_new and step % 3 > 0)
    return system


def test_a_failure_in_the_called_service_is_the_root_and_the_caller_repeats_its_attribution(tmp_path: Path) -> None:
    findings = cascade_over_two_services().findings(tmp_path, 4 * HOUR)

    by_service = {cluster.service: cluster for cluster in findings.clusters}
    assert set(by_service) == {"tasks", "shop"}
    assert by_service["tasks"].role == "root"
    assert by_service["shop"].caused_by == by_service["tasks"].id
    assert by_service["shop"].explained_share == 1.0
    for cluster in by_service.values():
        assert cluster.attribution is not None
        assert cluster.attribution.revision == "tasks-00002-new"
    assert len(findings.incidents) == 1


def test_a_caller_that_fails_on_the_new_answers_of_a_called_service_blames_its_revision(tmp_path: Path) -> None:
    system = System()
    for step in range(480):
        at_s, tasks = step * 30.0, "tasks-00002-new" if step >= 240 else "tasks-00001-old"
        is_failing = step >= 240 and step % 2 == 0
        trace = system.request(at_s, "shop", "shop-00001-xyz", status=500 if is_failing else 200, latency_s=0.3)
        system.span(at_s, "shop", trace, "a" * 16)
        system.request(at_s + 0.05, "tasks", tasks, trace=trace, agent="python-httpx/0.28")
        system.span(at_s + 0.05, "tasks", trace, "b" * 16, "a" * 16)
        if is_failing:
            system.line(at_s + 0.2, "shop", "shop-00001-xyz", TRACEBACK, trace=trace)

    cluster = only(system.findings(tmp_path, 4 * HOUR))

    assert cluster.service == "shop"
    assert cluster.attribution is not None
    assert (cluster.attribution.service, cluster.attribution.revision) == ("tasks", "tasks-00002-new")


def test_an_error_that_only_tests_meet_while_users_are_spared_is_the_harness(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", OLD, 0, 2 * HOUR)
    system.traffic("orders", NEW, 2 * HOUR, 4 * HOUR)
    for agent, revision, start in ((PYTEST, OLD, 0), (PYTEST, NEW, 2 * HOUR)):
        system.traffic("orders", revision, start, start + 2 * HOUR, agent=agent, every_s=100)
    for step in range(40):
        system.failure(2 * HOUR + 900 + step * 150, "orders", NEW, "Error: fixture user is missing", agent=PYTEST)

    cluster = only(system.findings(tmp_path, 4 * HOUR))

    assert cluster.is_test_traffic
    assert cluster.cause == "test_harness"
    assert cluster.priority == "P3"


def _only_tests_fail_from(system: System, start: int, end: int) -> None:
    for step in range(start + 45, end, 100):
        system.failure(step, "orders", NEW, "TypeError: bad cart state", agent=PYTEST)


def test_tests_that_fail_from_a_deploy_on_while_users_are_spared_blame_nobody_for_sure(tmp_path: Path) -> None:
    system = System()
    for revision, start in ((OLD, 0), (NEW, 2 * HOUR)):
        system.traffic("orders", revision, start, start + 2 * HOUR)
        system.traffic("orders", revision, start, start + 2 * HOUR, agent=PYTEST, every_s=100)
    _only_tests_fail_from(system, 2 * HOUR, 4 * HOUR)

    cluster = only(system.findings(tmp_path, 4 * HOUR))

    assert cluster.attribution is not None
    assert 0.3 < cluster.attribution.confidence < 0.5
    tests = next(one for one in cluster.hypotheses if one.cause == "test_harness")
    assert 0.4 < tests.confidence < 0.7
    assert any(one.query == "rule:tests-or-product" for one in tests.evidence)


def test_tests_that_pass_again_on_the_revision_before_blame_the_one_they_fail_on(tmp_path: Path) -> None:
    system = System()
    for revision, start in ((OLD, 0), (NEW, 2 * HOUR), (OLD, 3 * HOUR)):
        end = 2 * HOUR if start == 0 else start + HOUR
        system.traffic("orders", revision, start, end)
        system.traffic("orders", revision, start, end, agent=PYTEST, every_s=100)
    _only_tests_fail_from(system, 2 * HOUR, 3 * HOUR)

    cluster = only(system.findings(tmp_path, 4 * HOUR))

    assert cluster.attribution is not None
    assert cluster.attribution.revision == NEW
    assert cluster.attribution.confidence > 0.5


def test_growing_traffic_with_a_constant_rate_is_no_problem(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", OLD, 0, 2 * HOUR, every_s=30)
    system.traffic("orders", OLD, 2 * HOUR, 4 * HOUR, every_s=5)
    for step in range(24):
        system.failure(step * 300 + 3, "orders", OLD, "Error: provider said no")
    for step in range(144):
        system.failure(2 * HOUR + step * 50 + 3, "orders", OLD, "Error: provider said no")

    findings = system.findings(tmp_path, 4 * HOUR)

    assert findings.clusters == ()
    assert len(findings.standing) == 1


def test_a_dump_of_two_minutes_tells_its_errors_without_blaming_anybody(tmp_path: Path) -> None:
    system = System()
    for step in range(12):
        system.line(step * 8, "orders", OLD, TRACEBACK)
        system.line(step * 8 + 1, "orders", OLD, "option legacy is deprecated", severity="WARNING")

    findings = system.findings(tmp_path, 2 * MINUTE)

    cluster = only(findings)
    assert cluster.state == "new"
    assert cluster.cause == "unknown"
    assert cluster.attribution is None or cluster.attribution.confidence < 0.5
    assert [one.title for one in findings.noise] == ["option legacy is deprecated"]


def test_a_line_without_a_trace_takes_that_of_the_request_under_way(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", OLD, 0, 2 * HOUR)
    system.traffic("orders", NEW, 2 * HOUR, 4 * HOUR, every_s=40)
    traces = set()
    for minute in range(60):
        at_s = 2 * HOUR + minute * MINUTE + 5
        traces.add(system.request(at_s, "orders", NEW, status=500))
        system.line(at_s + 0.03, "orders", NEW, TRACEBACK)

    cluster = only(system.findings(tmp_path, 4 * HOUR))

    assert cluster.units == 60
    assert set(cluster.trace_ids) <= traces
    assert cluster.origin == "users"


@pytest.mark.parametrize("end_s", [MINUTE, 4 * HOUR])
def test_an_empty_window_makes_findings_with_blind_spots(tmp_path: Path, end_s: int) -> None:
    system = System()
    system.request(-10, "orders", OLD, agent=BROWSER)

    findings = system.findings(tmp_path, end_s)

    assert findings.clusters == findings.standing == ()
    assert findings.coverage.entries == 0
    assert "no entry lies in this window" in findings.coverage.blind_spots


def test_findings_do_not_depend_on_the_order_in_which_entries_came(tmp_path: Path, broken: Path) -> None:
    turned = broken_deploy()
    turned._entries.reverse()

    first = System().findings(broken, 4 * HOUR)
    second = turned.findings(tmp_path, 4 * HOUR)

    assert replace(first, coverage=second.coverage) == second


def test_a_refusal_by_the_called_service_is_a_symptom_of_the_callers_deploy(tmp_path: Path) -> None:
    system = System()
    for step in range(480):
        at_s, shop = step * 30.0, "shop-00002-new" if step >= 240 else "shop-00001-old"
        is_failing = step >= 240 and step % 2 == 0
        trace = system.request(at_s, "shop", shop, status=500 if is_failing else 200, latency_s=0.3)
        system.span(at_s, "shop", trace, "a" * 16)
        answer = 403 if is_failing else 200
        system.request(at_s + 0.05, "login", "login-00001-abc", trace=trace, agent="axios/1.7", status=answer)
        system.span(at_s + 0.05, "login", trace, "b" * 16, "a" * 16)
        if is_failing:
            refusal = "rejected principal service:shop, no credential"
            system.line(at_s + 0.08, "login", "login-00001-abc", refusal, trace=trace, severity="WARNING")
            system.line(at_s + 0.1, "shop", shop, "403 from login for service:shop", trace=trace)

    findings = system.findings(tmp_path, 4 * HOUR)

    roots = [cluster for cluster in findings.clusters if cluster.role == "root"]
    assert [(root.service, root.cause) for root in roots] == [("shop", "revision")]
    assert {cluster.service for cluster in findings.clusters} == {"shop", "login"}
    for cluster in findings.clusters:
        assert cluster.attribution is not None
        assert cluster.attribution.revision == "shop-00002-new"


def test_two_bugs_of_two_deploys_stay_two_incidents(tmp_path: Path) -> None:
    system = System()
    for service in ("orders", "stock"):
        begin = HOUR if service == "orders" else 3 * HOUR
        system.traffic(service, f"{service}-00001-old", 0, begin)
        system.traffic(service, f"{service}-00002-new", begin, 4 * HOUR)
        for step in range(int((4 * HOUR - begin) / 90)):
            system.failure(
                begin + step * 90 + 7, service, f"{service}-00002-new", f"Error: {service} cannot be counted"
            )

    findings = system.findings(tmp_path, 4 * HOUR)

    named = {one.service: one.attribution.revision for one in findings.clusters if one.attribution}
    assert named == {"orders": "orders-00002-new", "stock": "stock-00002-new"}
    assert len(findings.incidents) == 2
    assert [incident.number for incident in findings.incidents] == [1, 2]


def test_vanished_keys_say_whether_failures_followed(tmp_path: Path, broken: Path) -> None:
    findings = System().findings(broken, 4 * HOUR)

    assert [(key.key, key.errors_since) for key in findings.vanished_keys] == [("PRICE_TABLE", True)]


def test_every_claim_has_evidence_with_references(broken: Path) -> None:
    cluster = only(System().findings(broken, 4 * HOUR))

    assert cluster.evidence[0].entry_ids
    assert cluster.attribution is not None
    assert {evidence.kind for evidence in cluster.attribution.evidence} <= {"measured", "inferred", "unknown"}
    assert any(NEW in evidence.revisions for evidence in cluster.attribution.evidence)
    assert sum(hypothesis.confidence for hypothesis in cluster.hypotheses) <= 1 + 1e-6


def two_failures_of_one_deploy(*, second_from_s: float, env: dict[str, str]) -> System:
    """A deploy after two hours: requests fail from its first minute, lines without any trace from second_from_s on."""
    system = System()
    system.deploy(-HOUR, "orders", OLD, image="a", env={"LOGIN_TOKEN": "1", "MODE": "x"})
    system.deploy(2 * HOUR - 30, "orders", NEW, image="b", env=env)
    system.traffic("orders", OLD, 0, 2 * HOUR, every_s=40)
    system.traffic("orders", NEW, 2 * HOUR, 4 * HOUR, every_s=40)
    for minute in range(1, 120, 2):
        system.failure(2 * HOUR + minute * MINUTE, "orders", NEW, "Error: session pool is empty")
        at_s = 2 * HOUR + minute * MINUTE + MINUTE
        if at_s >= second_from_s:
            system.line(at_s, "orders", NEW, "login answered 403 to service orders", trace=None)
    return system


def test_failures_that_begin_at_once_with_one_deploy_are_one_incident_though_no_trace_links_them(
    tmp_path: Path,
) -> None:
    system = two_failures_of_one_deploy(second_from_s=2 * HOUR, env={"MODE": "x"})

    findings = system.findings(tmp_path, 4 * HOUR)

    by_id = {cluster.id: cluster for cluster in findings.clusters}
    assert len(findings.incidents) == 1
    assert "403" in by_id[findings.incidents[0].root].sample
    told = [
        one.query for name in findings.incidents[0].symptoms for one in by_id[name].evidence if one.kind == "inferred"
    ]
    assert "rule:same-deploy-same-onset" in told


def test_failures_of_one_deploy_that_begin_an_hour_apart_stay_two_incidents(tmp_path: Path) -> None:
    system = two_failures_of_one_deploy(second_from_s=3 * HOUR, env={"LOGIN_TOKEN": "1", "MODE": "x"})

    assert len(system.findings(tmp_path, 4 * HOUR).incidents) == 2
