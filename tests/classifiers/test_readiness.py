"""Whose word on readiness counts."""

from tests.support.cloud_run import revision_v1, service_v1
from tests.support.ledger_facts import Facts, event, ledger, ns, request, revision_named, routed

OLD, NEW = "shop-00003-old", "shop-00004-new"
FAILED: Facts = [
    *event(revision_v1(OLD, {}, created="2026-05-04T09:00:00.5Z")),
    *event(revision_v1(NEW, {}, ready="False")),
]
HEARSAY = request(
    service_v1({}, latest=NEW, traffic=[{"revisionName": OLD, "percent": 100}]), at="2026-05-04T11:00:00Z"
)


def test_the_next_request_does_not_make_a_failed_revision_ready() -> None:
    revision = revision_named(ledger([*FAILED, *HEARSAY]), NEW)

    assert revision.ready_ns is None
    assert revision.failed_ns is not None


def test_neither_does_an_event_about_the_service() -> None:
    told = event(service_v1({}, latest=NEW, traffic=[{"revisionName": OLD, "percent": 100}]), insert_id="s")

    assert revision_named(ledger([*FAILED, *told]), NEW).ready_ns is None


def test_a_failed_revision_that_served_or_says_so_itself_got_ready_after_all() -> None:
    at = ns("11:30:00")

    asked = ledger([*FAILED, *HEARSAY], (NEW, at, at, 3, at))
    routed_there = ledger([*FAILED, *HEARSAY, *routed("11:01:00", (NEW, 100))])
    itself = ledger([*FAILED, *event(revision_v1(NEW, {}), insert_id="again")])

    assert all(revision_named(one, NEW).ready_ns is not None for one in (asked, routed_there, itself))


def test_a_revision_of_which_only_a_service_tells_is_ready() -> None:
    told = event(service_v1({}, latest=NEW))

    assert revision_named(ledger(told), NEW).ready_ns is not None
