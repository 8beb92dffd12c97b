"""What is logtriage's own is told, and kept apart from the services that it watches."""

from pathlib import Path

import pytest

from classifiers.findings import Findings
from classifiers.itself import apart, is_itself, not_itself, own_words
from logtriage.headline import verdict_words
from logtriage.look_commands import look_commands
from logtriage.lookup import Lookup
from tests.support.system import HOUR, MINUTE, System

_DENIED = "collect failed: logs: the service `orders` cannot be read: permission denied"


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """Orders breaks at noon, and at the same instant logtriage loses a permission and names orders; 12 h of it."""
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, 24 * HOUR, every_s=60)
    for number in range(12 * 12):
        at_s = 12 * HOUR + number * 5 * MINUTE
        system.failure(at_s, "orders", "orders-00001-abc", "PaymentError: the gateway did not answer")
        system.project = ""
        own = f"{number + 1:032x}"
        system.span(
            at_s, "logtriage", own, f"{number + 1:016x}", name="collect", kind=5, took_s=60, faas_version="0.1.0"
        )
        system.line(at_s + 1, "logtriage", "0.1.0", _DENIED, trace=own)
        system.project = "shop-staging"
    return system.findings(tmp_path_factory.mktemp("itself"), 24 * HOUR, 6 * HOUR)


def test_its_own_failure_is_a_cluster_of_its_own_incident_and_ranks_last(findings: Findings) -> None:
    services = {one.id: one.service for one in findings.clusters}
    members = [{services[name] for name in (one.root, *one.symptoms)} for one in findings.incidents]

    assert members == [{"orders"}, {"logtriage"}]
    assert [one.priority for one in findings.incidents][1] == "P3"
    assert findings.incidents[0].priority < "P3"
    (own,) = [one for one in findings.clusters if is_itself(one.service)]
    assert own.blast is not None
    assert "never ranks above P3" in own.blast.reason
    assert own.title.startswith("collect failed")


def test_it_is_told_after_what_is_over_in_the_services(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, 24 * HOUR, every_s=60)
    for number in range(60):
        system.failure(6 * HOUR + number * 30, "orders", "orders-00001-abc", "PaymentError: no answer came")
    system.project = ""
    for number in range(60):
        system.line(22 * HOUR + number * 2 * MINUTE, "logtriage", "0.1.0", f"{_DENIED} for all log views")

    found = system.findings(tmp_path, 24 * HOUR, 4 * HOUR)

    services = {one.id: one.service for one in found.clusters}
    assert [services[one.root] for one in found.incidents] == ["orders", "logtriage"]
    assert [one.is_ongoing for one in found.incidents] == [False, True]
    assert not [one.known for one in found.clusters if is_itself(one.service) and one.known]


def test_neither_explains_the_other(findings: Findings) -> None:
    assert all(one.caused_by is None for one in findings.clusters)
    assert all(not one.edges for one in findings.incidents)


def test_the_headline_counts_the_services_and_names_itself_apart(findings: Findings) -> None:
    words = verdict_words(findings)

    assert words.startswith("WRONG NOW: 1 incident (")
    assert words.endswith("; 1 failure of logtriage itself")


def test_nothing_that_is_missing_or_slower_is_its_own(findings: Findings) -> None:
    assert not [one for one in findings.latency if is_itself(one.service)]
    assert not [one for one in findings.absent_events if is_itself(one.service)]
    assert not [told for told in findings.coverage.blind_spots if "logtriage" in told or "0.1.0" in told]


def test_what_to_do_first_is_the_doctor(findings: Findings) -> None:
    (own,) = [one for one in findings.clusters if is_itself(one.service)]

    commands = look_commands(own, Lookup(findings))

    assert commands[0].line == "logtriage doctor"
    assert not [one for one in commands if "cloud_run_revision" in one.line]


def test_another_service_that_only_begins_so_is_watched() -> None:
    assert is_itself("logtriage")
    assert is_itself("logtriage (europe-west1)")
    assert not is_itself("logtriage-web")
    assert own_words("logtriage-web") == ""


def test_where_nothing_is_its_own_nothing_is_parted() -> None:
    assert apart(()) == ((),)
    assert not_itself(()) == ()
