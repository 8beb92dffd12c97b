from pathlib import Path

import polars as pl
import pytest

from classifiers.config import HistoryConfig
from classifiers.findings import Cluster, Findings
from classifiers.history import read_history, read_ledger
from classifiers.regions import read_placed_facts
from collector.config import StoreConfig
from collector.store import Store
from collector.window import NS_PER_S, Window
from tests.support.regions import AMERICA, EUROPE, MISSING, TWICE, two_regions
from tests.support.system import HOUR, MINUTE, START_NS, System

IN_EUROPE, IN_AMERICA = f"orders ({EUROPE})", f"orders ({AMERICA})"
FAR_NS = 2**62


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("apart")
    two_regions().stored(folder)
    return folder


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("twice")
    two_regions(TWICE, with_spans=True).stored(folder)
    return folder


def only(findings: Findings) -> Cluster:
    assert len(findings.clusters) == 1, [(one.service, one.title) for one in findings.clusters]
    return findings.clusters[0]


def at(folder: Path) -> Store:
    return Store(StoreConfig(path=folder / "system.duckdb"))


@pytest.mark.parametrize("names", ["apart", "twice"])
def test_the_revision_is_blamed_in_the_region_that_it_broke(names: str, request: pytest.FixtureRequest) -> None:
    cluster = only(System().findings(request.getfixturevalue(names), 4 * HOUR))

    blamed = cluster.attribution
    assert blamed is not None
    assert (cluster.service, cluster.location) == (blamed.service, blamed.location) == (IN_EUROPE, EUROPE)
    assert blamed.revision.endswith(("-00002-bbb", "-v2"))
    assert blamed.confidence > 0.9
    assert blamed.change is not None
    assert (blamed.change.type, blamed.change.name) == ("env_removed", "PRICE_TABLE")


@pytest.mark.parametrize("names", ["apart", "twice"])
def test_failures_are_counted_beside_the_requests_of_their_own_region(
    names: str, request: pytest.FixtureRequest
) -> None:
    findings = System().findings(request.getfixturevalue(names), 4 * HOUR)

    counted = {row.revision: (row.failures, row.exposed) for row in only(findings).per_revision}
    assert sorted(counted.values()) == [(0, 360), (119, 299)]
    assert {one.requests for one in findings.revisions if one.service == IN_AMERICA} == {360, 180}


def test_the_same_image_in_the_other_region_is_evidence(apart: Path) -> None:
    blamed = only(System().findings(apart, 4 * HOUR)).attribution

    assert blamed is not None
    told = [one for one in blamed.evidence if IN_AMERICA in one.statement]
    assert [one.statement for one in told] == [
        f"{IN_AMERICA} orders-00008-ddd runs the same image: 0 of 180 requests failed of this"
    ]
    assert told[0].revisions == ("orders-00008-ddd",)


def test_one_failure_in_two_regions_is_two_clusters_whose_ids_do_not_depend_on_the_window(tmp_path: Path) -> None:
    two_regions(is_failing_everywhere=True).stored(tmp_path)

    whole = System().findings(tmp_path, 4 * HOUR)
    late = System().findings(tmp_path, 4 * HOUR, start_s=3 * HOUR)

    ids = {one.service: one.id for one in whole.clusters if one.title == MISSING}
    assert set(ids) == {IN_EUROPE, IN_AMERICA}
    assert len(set(ids.values())) == 2
    assert {one.service: one.id for one in late.clusters if one.title == MISSING} == ids


def test_differences_are_taken_inside_a_region(apart: Path) -> None:
    with at(apart).read() as reader:
        ledger, _ = read_ledger(reader)

    assert [(one.service, one.location, one.revision) for one in ledger.revisions] == [
        (IN_EUROPE, EUROPE, "orders-00001-aaa"),
        (IN_EUROPE, EUROPE, "orders-00002-bbb"),
        (IN_AMERICA, AMERICA, "orders-00007-ccc"),
        (IN_AMERICA, AMERICA, "orders-00008-ddd"),
    ]


def test_a_key_that_one_region_dropped_is_kept_by_the_other(apart: Path) -> None:
    (key,) = System().findings(apart, 4 * HOUR).vanished_keys

    assert (key.service, key.location, key.kept_by) == (IN_EUROPE, EUROPE, (IN_AMERICA,))


def test_every_row_of_an_analysis_tells_its_region(twice: Path) -> None:
    with at(twice).read() as reader:
        window = Window(START_NS, START_NS + 4 * HOUR * NS_PER_S)
        history = read_history(reader, window=window, config=HistoryConfig())
        spans = reader.frame(
            "find_trace_spans", traces=sorted(history.failures["trace"].drop_nulls()), start_ns=0, end_ns=FAR_NS
        )

    services = {IN_EUROPE, IN_AMERICA}
    assert {service for _, service in history.exposure.services()} == services
    assert set(history.failures["service"]) == set(history.failed_traces) == set(spans["service"]) == {IN_EUROPE}
    assert {one.service for one in history.revisions} == services


def test_reading_twice_with_one_reader_tells_the_same(twice: Path) -> None:
    with at(twice).read() as reader:
        first = [frame.sort(pl.all()) for frame in read_placed_facts(reader, end_ns=FAR_NS)]
        second = [frame.sort(pl.all()) for frame in read_placed_facts(reader, end_ns=FAR_NS)]

    assert first[0].equals(second[0])
    assert first[1].equals(second[1])


def test_a_service_in_one_region_keeps_its_plain_name_beside_one_in_two(tmp_path: Path) -> None:
    system = two_regions()
    system.traffic("cart", "cart-00001-aaa", 0, 4 * HOUR)
    system.project = "shop-live"
    system.traffic("orders", "orders-00001-zzz", 0, 4 * HOUR)
    system.stored(tmp_path)

    findings = System().findings(tmp_path, 4 * HOUR)

    assert {(one.project, one.service) for one in findings.revisions} == {
        ("shop-staging", IN_EUROPE), ("shop-staging", IN_AMERICA), ("shop-staging", "cart"), ("shop-live", "orders"),
    }  # fmt: skip


def test_rows_without_a_location_follow_their_revision(tmp_path: Path) -> None:
    system = two_regions()
    system.location = ""
    for minute in range(1, 60):
        system.failure(3 * HOUR + minute * MINUTE, "orders", "orders-00008-ddd", "OSError: disk is full")
    system.stored(tmp_path)

    found = next(one for one in System().findings(tmp_path, 4 * HOUR).clusters if "disk" in one.title)

    assert found.service == IN_AMERICA


def test_a_second_region_after_the_window_changes_nothing_in_it(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-aaa", 0, 2 * HOUR)
    system.location = AMERICA
    system.traffic("orders", "orders-00001-ccc", 3 * HOUR, 4 * HOUR)
    system.stored(tmp_path)

    assert {one.service for one in System().findings(tmp_path, 2 * HOUR).revisions} == {"orders"}
    assert {one.service for one in System().findings(tmp_path, 4 * HOUR).revisions} == {IN_EUROPE, IN_AMERICA}


def test_a_roll_out_that_breaks_both_regions_at_once_is_no_outage(tmp_path: Path) -> None:
    two_regions(is_failing_everywhere=True).stored(tmp_path)

    clusters = System().findings(tmp_path, 4 * HOUR).clusters

    blamed = {one.service: one.attribution.revision for one in clusters if one.attribution and one.cause == "revision"}
    assert blamed == {IN_EUROPE: "orders-00002-bbb", IN_AMERICA: "orders-00008-ddd"}


def test_what_begins_at_once_in_both_regions_without_a_deploy_is_an_outage(tmp_path: Path) -> None:
    system = System()
    for location, name in ((EUROPE, "orders-00001-aaa"), (AMERICA, "orders-00007-ccc")):
        system.location = location
        system.deploy(-HOUR, "orders", name, image="a", env={})
        system.traffic("orders", name, 0, 4 * HOUR)
        for minute in range(1, 60):
            system.failure(2 * HOUR + minute * MINUTE, "orders", name, "ConnectionError: cannot reach 10.0.0.9:6379")
    system.stored(tmp_path)

    clusters = System().findings(tmp_path, 4 * HOUR).clusters

    assert {(one.service, one.cause) for one in clusters} == {(IN_EUROPE, "dependency"), (IN_AMERICA, "dependency")}
    assert all(one.attribution is None or one.attribution.confidence < 0.5 for one in clusters)
