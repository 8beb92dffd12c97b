"""Which request made which revision, and which requests were the same twice."""

from typing import Any

import pytest

from tests.support.cloud_run import (
    DEPLOYER,
    container_v1,
    revision_v1,
    service_v1,
    service_v2,
    with_nonce,
)
from tests.support.ledger_facts import Facts, event, ledger, ns, request, revision_named, update_v2

OLD, NEW, NEXT = "shop-00003-old", "shop-00004-new", "shop-00005-nxt"


def born(name: str, at: str, env: dict[str, Any] | None = None, **more: Any) -> Facts:
    return event(revision_v1(name, {} if env is None else env, created=f"2026-05-04T{at}.5Z", **more))


def asked(at: str, env: dict[str, Any], *, insert_id: str = "", nonce: str = "", **more: Any) -> Facts:
    document = service_v1(env, latest=OLD)
    document = with_nonce(document, nonce) if nonce else document
    return request(document, at=f"2026-05-04T{at}Z", insert_id=insert_id or f"r{at}", **more)


class TestWho:
    def test_a_request_made_the_revision_that_came_to_be_after_it(self) -> None:
        folded = ledger([*born(OLD, "08:00:00"), *asked("10:00:00", {}), *born(NEW, "10:00:01")])

        assert [(one.revision, one.outcome) for one in folded.deploys] == [(NEW, "succeeded")]
        assert revision_named(folded, NEW).actor == DEPLOYER

    def test_two_requests_three_seconds_apart_made_one_revision_each(self) -> None:
        facts = [
            *asked("10:00:00", {"MODE": "a"}), *born(NEW, "10:00:01", {"MODE": "a"}),
            *asked("10:00:03", {"MODE": "b"}), *born(NEXT, "10:00:04", {"MODE": "b"}),
        ]  # fmt: skip

        folded = ledger(facts)

        assert [(one.revision, one.repeats) for one in folded.deploys] == [(NEW, None), (NEXT, None)]
        assert not any(one.doubles for one in folded.revisions)

    def test_a_request_that_made_nothing_leaves_the_revision_to_the_one_after_it(self) -> None:
        folded = ledger([*asked("10:00:00", {"A": "1"}), *asked("10:00:30", {"A": "2"}), *born(NEW, "10:00:31")])

        assert [one.revision for one in folded.deploys] == ["", NEW]

    def test_revisions_that_come_late_are_given_in_the_order_of_their_requests(self) -> None:
        facts = [*asked("10:00:00", {"A": "1"}), *asked("10:00:03", {"A": "2"})]
        facts += [*born(NEW, "10:00:04"), *born(NEXT, "10:00:07")]

        assert [one.revision for one in ledger(facts).deploys] == [NEW, NEXT]

    def test_a_revision_known_by_rows_alone_is_given_to_a_request_where_its_number_is_new(self) -> None:
        at = ns("10:00:20")
        early = ns("08:00:00")

        new = ledger(asked("10:00:00", {}), (OLD, early, at, 3, early), (NEW, at, at, 1, at))
        silent = ledger(asked("10:00:00", {}), (NEW, early, at, 3, early), (OLD, at, at, 1, at))

        assert new.deploys[0].revision == NEW
        assert revision_named(new, NEW).created_ns == ns("10:00:00")
        assert silent.deploys[0].revision == ""

    def test_a_revision_of_a_service_first_seen_today_is_given_to_no_request_by_guess(self) -> None:
        at = ns("10:00:20")

        assert ledger(asked("10:00:00", {}), (NEW, at, at, 1, at)).deploys[0].revision == ""

    def test_an_update_that_changed_no_template_made_no_revision(self) -> None:
        done = {"response": service_v2({"MODE": "x"}, latest=NEW)}
        facts = [
            *born(NEW, "10:00:01"),
            *update_v2(insert_id="a", at="10:00:00", operation={"id": "o1", "first": True}),
            *update_v2(insert_id="b", at="10:01:00", operation={"id": "o1", "last": True}, **done),
            *update_v2(insert_id="c", at="11:00:00", operation={"id": "o2", "first": True}),
            *update_v2(insert_id="d", at="11:00:09", operation={"id": "o2", "last": True}, **done),
        ]

        folded = ledger(facts)

        assert [(one.revision, one.makes_revision) for one in folded.deploys] == [(NEW, True), ("", False)]
        assert folded.revisions[0].insert_ids == (f"e-{NEW}", "b", "d", "a")

    def test_a_request_made_no_revision_that_was_there_long_before(self) -> None:
        early = ns("08:00:00")
        last = {"response": service_v2({"MODE": "x"}, latest=OLD)}
        facts = [
            *update_v2(insert_id="a", at="10:00:00", operation={"id": "o1", "first": True}),
            *update_v2(insert_id="b", at="10:01:00", operation={"id": "o1", "last": True}, **last),
        ]

        folded = ledger(facts, (OLD, early, early, 1, early))

        assert [(one.revision, one.makes_revision) for one in folded.deploys] == [("", False)]
        assert revision_named(folded, OLD).created_ns is None

    def test_the_log_of_the_request_may_lag_behind_the_first_row(self) -> None:
        first = ns("09:59:57")
        facts = asked("10:00:00", {}, nonce="n1") + request(
            with_nonce(service_v1(None, latest=NEW, container={"image": "eu.gcr.io/garden/shop:1"}), "n1"),
            at="2026-05-04T10:02:00Z", insert_id="t", command="gcloud.run.services.update-traffic",
        )  # fmt: skip

        revision = revision_named(ledger(facts, (NEW, first, first, 1, first)), NEW)

        assert (revision.created_ns, revision.traffic_ns) == (first, first)


class TestFailures:
    @pytest.mark.parametrize(("code", "is_aborted"), [(3, False), (10, True)])
    def test_a_refused_request_is_a_failed_deploy_and_no_revision(self, code: int, *, is_aborted: bool) -> None:
        folded = ledger(asked("10:00:00", {"MODE": "x"}, status={"code": code, "message": "Refused for a reason."}))

        assert folded.revisions == ()
        (deploy,) = folded.deploys
        assert (deploy.outcome, deploy.code, deploy.is_aborted) == ("failed", code, is_aborted)
        assert deploy.message == "Refused for a reason."

    @pytest.mark.parametrize("is_reversed", [False, True])
    def test_a_long_running_pair_that_ends_in_an_error_is_one_failed_deploy(self, *, is_reversed: bool) -> None:
        pair = [
            update_v2(insert_id="a", at="10:00:00", operation={"id": "o", "first": True}),
            update_v2(
                insert_id="b", at="10:01:00", operation={"id": "o", "last": True},
                status={"code": 9, "message": "The container failed to start."},
            ),
        ]  # fmt: skip

        folded = ledger([fact for facts in (reversed(pair) if is_reversed else pair) for fact in facts])

        assert folded.revisions == ()
        assert [(one.outcome, one.code, one.insert_ids) for one in folded.deploys] == [("failed", 9, ("a", "b"))]

    def test_half_a_pair_is_told_all_the_same(self) -> None:
        first = update_v2(insert_id="a", at="10:00:00", operation={"id": "o", "first": True})
        last = update_v2(
            insert_id="b", at="10:01:00", operation={"id": "o", "last": True},
            response=service_v2({"MODE": "x"}, latest=NEW),
        )  # fmt: skip

        assert [(one.outcome, one.revision) for one in ledger(first).deploys] == [("requested", "")]
        assert [(one.outcome, one.revision) for one in ledger(last).deploys] == [("succeeded", NEW)]

    def test_what_the_platform_says_of_the_service_is_no_second_failure(self) -> None:
        echo = event(
            service_v1({}, latest=OLD, generation=8), at="2026-05-04T10:00:43Z",
            status={"code": 9, "message": "Ready condition status changed to False for Service shop."},
        )  # fmt: skip

        folded = ledger([*asked("10:00:00", {}), *born(NEW, "10:00:00", ready="False"), *echo])

        assert [(one.revision, one.outcome) for one in folded.deploys] == [(NEW, "failed")]

    def test_a_deploy_whose_revision_never_got_ready_failed(self) -> None:
        folded = ledger([*asked("10:00:00", {}), *born(NEW, "10:00:01", ready="False")])

        (deploy,) = folded.deploys
        assert (deploy.outcome, deploy.message) == ("failed", "The container failed to start.")
        assert revision_named(folded, NEW).failure == "The container failed to start."


class TestTwice:
    def test_an_equal_request_seconds_later_is_the_same_again(self) -> None:
        facts = [
            *asked("10:00:00", {"MODE": "a"}), *born(NEW, "10:00:01", {"MODE": "a"}),
            *asked("10:00:04", {"MODE": "a"}), *born(NEXT, "10:00:05", {"MODE": "a"}),
        ]  # fmt: skip

        folded = ledger(facts)

        assert [one.repeats for one in folded.deploys] == [None, ns("10:00:00")]
        assert revision_named(folded, NEXT).doubles == NEW

    def test_a_retry_of_an_aborted_request_doubles_no_revision(self) -> None:
        facts = [
            *asked("10:00:00", {"MODE": "a"}, status={"code": 10, "message": "Conflict."}),
            *asked("10:00:04", {"MODE": "a"}), *born(NEXT, "10:00:05", {"MODE": "a"}),
        ]  # fmt: skip

        folded = ledger(facts)

        assert [(one.outcome, one.repeats) for one in folded.deploys] == [("failed", None), ("succeeded", None)]
        assert folded.revisions[0].doubles == ""

    def test_a_request_that_wants_other_traffic_is_about_traffic(self) -> None:
        document = service_v1({"MODE": "a"}, latest=OLD)
        document["spec"]["traffic"] = [{"revisionName": OLD, "percent": 100}]
        facts = [
            *born(OLD, "08:00:00"), *asked("10:00:00", {"MODE": "a"}), *born(NEW, "10:00:01", {"MODE": "a"}),
            *request(document, at="2026-05-04T10:01:00Z", insert_id="pin"),
            *asked("10:02:00", {"MODE": "a"}),
        ]  # fmt: skip

        folded = ledger(facts)

        assert [(one.makes_revision, one.repeats) for one in folded.deploys] == [
            (True, None),
            (False, None),
            (False, None),
        ]

    def test_an_equal_request_an_hour_later_is_a_deploy_of_its_own(self) -> None:
        facts = [
            *asked("10:00:00", {"MODE": "a"}), *born(NEW, "10:00:01", {"MODE": "a"}),
            *asked("11:00:00", {"MODE": "a"}), *born(NEXT, "11:00:01", {"MODE": "a"}),
        ]  # fmt: skip

        assert [one.repeats for one in ledger(facts).deploys] == [None, None]

    def test_another_image_under_one_tag_is_another_deploy(self) -> None:
        facts = [
            *asked("10:00:00", {"MODE": "a"}), *born(NEW, "10:00:01", {"MODE": "a"}, digest="aa"),
            *asked("10:00:04", {"MODE": "a"}), *born(NEXT, "10:00:05", {"MODE": "a"}, digest="bb"),
        ]  # fmt: skip

        assert not any(one.doubles for one in ledger(facts).revisions)

    def test_requests_of_unknown_variables_are_not_called_the_same(self) -> None:
        container = container_v1(None)
        facts: Facts = []
        for at in ("10:00:00", "10:00:04"):
            document = service_v1(None, latest=OLD, container=container)
            facts += request(document, at=f"2026-05-04T{at}Z", insert_id=at)

        assert [one.repeats for one in ledger(facts).deploys] == [None, None]

    def test_a_move_of_traffic_that_names_a_revision_leaves_it_to_the_request_that_made_it(self) -> None:
        document = service_v1({}, latest=NEW)
        document["spec"]["template"]["metadata"]["name"] = NEW
        later = request(
            document, at="2026-05-04T11:00:00Z", insert_id="m", command="gcloud.run.services.update-traffic"
        )

        folded = ledger([*asked("10:00:00", {}), *born(NEW, "10:00:01"), *later])

        assert [(one.revision, one.makes_revision) for one in folded.deploys] == [(NEW, True), (NEW, False)]
        assert revision_named(folded, NEW).actor == DEPLOYER
