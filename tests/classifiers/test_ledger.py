"""Facts and rows folded into revisions, deploys and traffic."""

import random
from typing import Any

import polars as pl

from classifiers.changes import difference
from classifiers.ledger import fold_deploys, fold_revisions, fold_routings, previous_revision
from collector.normalise.audit import read_audit
from collector.normalise.redact import Redactor
from collector.normalise.specs import read_spec
from collector.records import Revision
from collector.window import parse_instant_ns
from tests.support.cloud_run import (
    DEPLOYER,
    NUMBER,
    PROJECT,
    REGION,
    as_facts,
    as_seen,
    audit_entry,
    revision_v1,
    revision_v2,
    service_v1,
    service_v2,
    template_v2,
    with_nonce,
)

REDACTOR = Redactor(b"0123456789abcdef")
SERVICE = f"namespaces/{PROJECT}/services/shop"
SERVICE_V2 = f"projects/{PROJECT}/locations/{REGION}/services/shop"
V1 = "google.cloud.run.v1.Services.ReplaceService"
V2 = "google.cloud.run.v2.Services.UpdateService"


def ns(text: str) -> int:
    return parse_instant_ns(text, name="t", now_ns=0)


def event(document: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    name = document["metadata"]["name"]
    resource = f"namespaces/{PROJECT}/{document['kind'].lower()}s/{name}"
    entry = audit_entry(
        "/Services.ReplaceService", resource, insert_id=f"e-{name}", log="system_event", response=document, **more
    )
    return read_audit(entry, redactor=REDACTOR).facts


def request(document: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return read_audit(audit_entry(V1, SERVICE, request={"service": document}, **more), redactor=REDACTOR).facts


def routed(at: str, *shares: tuple[str, int]) -> list[dict[str, Any]]:
    traffic = [{"revisionName": revision, "percent": percent} for revision, percent in shares]
    document = service_v1({}, latest="shop-00009-zzz", traffic=traffic, generation=8)
    document["status"]["conditions"] = []
    entry = audit_entry("/Services.ReplaceService", SERVICE, at=at, log="system_event", insert_id=at, response=document)
    return read_audit(entry, redactor=REDACTOR).facts


def fold(facts: list[dict[str, Any]], *seen: tuple[str, int, int, int, int | None]) -> tuple[Revision, ...]:
    return fold_revisions(as_facts(facts), as_seen(*seen))


def previous(facts: list[dict[str, Any]], name: str, *seen: tuple[str, int, int, int, int | None]) -> str | None:
    revisions = fold(facts, *seen)
    target = next(one for one in revisions if one.revision == name)
    found = previous_revision(revisions, target, fold_routings(as_facts(facts)))
    return found.revision if found else None


class TestRevisions:
    def test_what_many_sources_tell_is_told_once(self) -> None:
        document = revision_v1("shop-00004-aaa", {"MODE": "x"})
        facts = event(document) + event(document) + event(service_v1({"MODE": "x"}, latest="shop-00004-aaa"))

        (revision,) = fold(facts, ("shop-00004-aaa", 5, 9, 3, 6))

        assert (revision.project, revision.service, revision.requests) == (PROJECT, "shop", 3)
        assert revision.created_ns == ns("2026-05-04T10:00:00.5Z")
        assert revision.ready_ns == ns("2026-05-04T10:00:40Z")
        assert (revision.first_seen_ns, revision.last_seen_ns) == (5, 9)
        assert revision.insert_ids == ("e-shop-00004-aaa", "e-shop")
        assert revision.tool == "gcloud"

    def test_the_digest_of_the_revision_wins_and_the_service_adds_what_it_alone_knows(self) -> None:
        facts = event(service_v1({"MODE": "x"}, latest="shop-00004-aaa")) + event(revision_v1("shop-00004-aaa", {}))

        (revision,) = fold(facts)

        assert revision.config is not None
        assert "@sha256:" in revision.config["image"]
        assert revision.config["env"] == {}
        assert revision.config["ingress"] == "internal"

    def test_a_revision_seen_in_rows_alone_has_no_known_configuration(self) -> None:
        (revision,) = fold([], ("shop-00004-aaa", 5, 9, 0, None))

        assert revision.config is None
        assert revision.created_ns is None
        assert revision.traffic_ns is None

    def test_the_order_of_facts_and_rows_does_not_matter(self) -> None:
        facts = [
            *event(revision_v1("shop-00004-aaa", {"A": "1"})),
            *event(revision_v1("shop-00005-bbb", {"A": "2"}, created="2026-05-04T11:00:00.5Z")),
            *request(with_nonce(service_v1({}, latest="shop-00004-aaa"), "n"), insert_id="r"),
        ]
        seen = as_seen(("shop-00004-aaa", 5, 9, 1, 6), ("shop-00003-old", 1, 2, 1, 1))
        expected = fold_revisions(as_facts(facts), seen)

        for seed in range(5):
            shuffled = random.Random(seed).sample(facts, len(facts))
            assert fold_revisions(as_facts(shuffled), seen.sample(fraction=1, shuffle=True, seed=seed)) == expected

    def test_a_failed_deploy_makes_no_revision(self) -> None:
        template = with_nonce(service_v1({}, latest="shop-00003-old"), "n1")
        template["spec"]["template"]["metadata"]["name"] = "shop-00004-aaa"

        assert fold(request(template, status={"code": 3, "message": "Invalid value for cpu."})) == ()

    def test_a_revision_that_never_got_ready_is_shown_as_failed(self) -> None:
        (revision,) = fold(event(revision_v1("shop-00004-aaa", {}, ready="False")))

        assert revision.failed_ns is not None
        assert revision.ready_ns is None

    def test_a_revision_and_its_request_meet_by_the_nonce(self) -> None:
        asked = with_nonce(service_v1({"MODE": "x"}, latest="shop-00003-old"), "n1")
        moved = with_nonce(
            service_v1(None, latest="shop-00004-aaa", container={"image": "eu.gcr.io/garden/shop:1"}), "n1"
        )
        facts = request(asked, at="2026-05-04T09:59:58Z", insert_id="r1") + request(
            moved, at="2026-05-04T10:02:00Z", insert_id="r2", command="gcloud.run.services.update-traffic"
        )

        revision = fold(facts)[-1]

        assert revision.revision == "shop-00004-aaa"
        assert revision.created_ns == ns("2026-05-04T09:59:58Z")
        assert revision.actor == DEPLOYER
        assert revision.config is not None
        assert set(revision.config["env"]) == {"MODE"}

    def test_traffic_begins_where_routing_or_a_request_first_tells_it(self) -> None:
        facts = event(revision_v1("shop-00004-aaa", {})) + routed("2026-05-04T10:05:00Z", ("shop-00004-aaa", 10))
        earlier, later = ns("2026-05-04T10:04:00Z"), ns("2026-05-04T10:06:00Z")

        (by_row,) = fold(facts, ("shop-00004-aaa", earlier, later, 2, earlier))
        (by_route,) = fold(facts, ("shop-00004-aaa", later, later, 2, later))

        assert by_row.traffic_ns == earlier
        assert by_route.traffic_ns == ns("2026-05-04T10:05:00Z")

    def test_a_describe_file_that_knows_the_project_by_number_meets_its_rows(self) -> None:
        described = read_spec(revision_v1("shop-00004-aaa", {}), location="shop.json", redactor=REDACTOR)
        assert {fact["project"] for fact in described} == {NUMBER}

        (by_row,) = fold(described, ("shop-00004-aaa", 5, 9, 1, 5))
        by_fact = fold(described + event(revision_v1("shop-00005-bbb", {})))

        assert (by_row.project, by_row.requests) == (PROJECT, 1)
        assert {one.project for one in by_fact} == {PROJECT}

    def test_two_projects_with_a_service_of_one_name_stay_apart(self) -> None:
        seen = pl.concat(
            [as_seen(("shop-00004-aaa", 5, 9, 1, 5)), as_seen(("shop-00004-aaa", 5, 9, 1, 5), project="b")]
        )

        assert [one.project for one in fold_revisions(as_facts([]), seen)] == ["b", PROJECT]

    def test_empty_frames_give_nothing(self) -> None:
        assert fold([]) == ()
        assert fold_deploys(as_facts([])) == ()
        assert fold_routings(as_facts([])) == ()


class TestWhatIsNotKnown:
    BEFORE = event(revision_v1("shop-00003-aaa", {"KEY": "x", "MODE": "y"}, created="2026-05-04T08:00:00.5Z"))

    def bare(self, *more: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A v1 request without env, as the audit log often has it, and what else is told of its revision."""
        asked = with_nonce(service_v1(None, latest="shop-00003-aaa"), "n1")
        moved = with_nonce(
            service_v1(None, latest="shop-00004-bbb", container={"image": "eu.gcr.io/garden/shop:latest"}), "n1"
        )
        facts = request(asked, at="2026-05-04T09:00:00Z", insert_id="r1") + request(
            moved, at="2026-05-04T09:02:00Z", insert_id="r2", command="gcloud.run.services.update-traffic"
        )
        return [*self.BEFORE, *facts, *(fact for facts in more for fact in facts)]

    def test_a_request_without_variables_does_not_remove_them(self) -> None:
        before, after = fold(self.bare())

        found = difference(before, after)

        assert after.revision == "shop-00004-bbb"
        assert [change for change in found.changes if change.type == "env_removed"] == []
        assert "env" in found.unknown
        assert found.label == "not known"

    def test_another_source_fills_what_the_request_left_out(self) -> None:
        document = revision_v1("shop-00004-bbb", {"MODE": "y"}, created="2026-05-04T09:00:01.5Z")
        described = read_spec(document, location="shop.json", redactor=REDACTOR)

        before, after = fold(self.bare(described))

        found = difference(before, after)
        assert [(change.type, change.name) for change in found.changes] == [("env_removed", "KEY")]
        assert found.label == "config only"

    def test_values_that_the_audit_log_withheld_are_no_change(self) -> None:
        hidden = event(
            revision_v1("shop-00004-bbb", {"KEY": "", "MODE": ""}, created="2026-05-04T09:00:01.5Z"),
            redactions=[{"field": "response.spec.containers.env.value", "type": "x"}],
        )

        before, after = fold([*self.BEFORE, *hidden])

        assert difference(before, after).changes == ()


class TestOrder:
    def test_a_revision_without_creation_is_placed_by_its_number(self) -> None:
        facts = event(revision_v1("shop-00005-bbb", {})) + event(
            revision_v1("shop-00007-ddd", {}, created="2026-05-04T12:00:00.5Z")
        )
        late = ns("2026-05-05T00:00:00Z")

        revisions = fold(facts, ("shop-00006-ccc", late, late, 1, late), ("shop-00004-aaa", late, late, 1, late))

        assert [one.revision for one in revisions] == [
            "shop-00004-aaa", "shop-00005-bbb", "shop-00006-ccc", "shop-00007-ddd"
        ]  # fmt: skip

    def test_creation_beats_numbers_that_contradict_it(self) -> None:
        facts = event(revision_v1("shop-00009-old", {}, created="2026-05-04T09:00:00.5Z")) + event(
            revision_v1("shop-00001-new", {}, created="2026-05-04T12:00:00.5Z")
        )

        assert [one.revision for one in fold(facts)] == ["shop-00009-old", "shop-00001-new"]

    def test_names_that_people_gave_are_ordered_by_time(self) -> None:
        revisions = fold([], ("shop-fix", 20, 30, 1, 20), ("shop-base", 10, 30, 1, 10))

        assert [one.revision for one in revisions] == ["shop-base", "shop-fix"]


class TestPrevious:
    def test_a_revision_that_failed_did_not_serve(self) -> None:
        facts = [
            *event(revision_v1("shop-00003-aaa", {}, created="2026-05-04T08:00:00.5Z")),
            *event(revision_v1("shop-00004-bbb", {}, created="2026-05-04T09:00:00.5Z", ready="False")),
            *event(revision_v1("shop-00005-ccc", {}, created="2026-05-04T10:00:00.5Z")),
        ]

        assert previous(facts, "shop-00005-ccc") == "shop-00003-aaa"

    def test_a_revision_without_traffic_did_not_serve_where_another_did(self) -> None:
        at = ns("2026-05-04T09:30:00Z")
        facts = [
            *event(revision_v1("shop-00003-aaa", {}, created="2026-05-04T08:00:00.5Z")),
            *event(revision_v1("shop-00004-bbb", {}, created="2026-05-04T09:00:00.5Z")),
            *event(revision_v1("shop-00005-ccc", {}, created="2026-05-04T10:00:00.5Z")),
        ]

        assert previous(facts, "shop-00005-ccc") == "shop-00004-bbb"
        assert previous(facts, "shop-00005-ccc", ("shop-00003-aaa", at, at, 5, at)) == "shop-00003-aaa"

    def test_after_a_roll_back_the_revision_rolled_back_to_was_before(self) -> None:
        facts = [
            *event(revision_v1("shop-00003-aaa", {}, created="2026-05-04T08:00:00.5Z")),
            *routed("2026-05-04T08:01:00Z", ("shop-00003-aaa", 100)),
            *event(revision_v1("shop-00004-bbb", {}, created="2026-05-04T09:00:00.5Z")),
            *routed("2026-05-04T09:01:00Z", ("shop-00004-bbb", 100)),
            *routed("2026-05-04T09:30:00Z", ("shop-00003-aaa", 100)),
            *event(revision_v1("shop-00005-ccc", {}, created="2026-05-04T10:00:00.5Z")),
            *routed("2026-05-04T10:01:00Z", ("shop-00003-aaa", 90), ("shop-00005-ccc", 10)),
        ]

        assert previous(facts, "shop-00005-ccc") == "shop-00003-aaa"
        assert previous(facts, "shop-00004-bbb") == "shop-00003-aaa"

    def test_routing_told_long_ago_does_not_hide_who_served_since(self) -> None:
        at = ns("2026-05-04T09:05:00Z")
        facts = [
            *event(revision_v1("shop-00003-aaa", {}, created="2026-05-04T08:00:00.5Z")),
            *routed("2026-05-04T08:01:00Z", ("shop-00003-aaa", 100)),
            *event(revision_v1("shop-00004-bbb", {}, created="2026-05-04T09:00:00.5Z")),
            *event(revision_v1("shop-00005-ccc", {}, created="2026-05-04T10:00:00.5Z")),
            *routed("2026-05-04T10:01:00Z", ("shop-00005-ccc", 100)),
        ]

        assert previous(facts, "shop-00005-ccc", ("shop-00004-bbb", at, at, 5, at)) == "shop-00004-bbb"

    def test_the_first_revision_has_none_before(self) -> None:
        assert previous(event(revision_v1("shop-00001-aaa", {})), "shop-00001-aaa") is None


class TestDeletions:
    BORN = event(revision_v1("shop-00003-aaa", {}, created="2026-05-04T08:00:00.5Z"))
    LATER = event(revision_v1("shop-00004-bbb", {}, created="2026-05-04T10:00:00.5Z"))

    def delete(self, method: str, resource: str, **labels: str) -> list[dict[str, Any]]:
        entry = audit_entry(method, resource, at="2026-05-04T09:00:00Z")
        entry["resource"]["labels"] |= labels
        return read_audit(entry, redactor=REDACTOR).facts

    def test_a_revision_that_was_deleted_stays_in_the_ledger(self) -> None:
        path = f"{SERVICE_V2}/revisions/shop-00003-aaa"
        facts = [*self.BORN, *self.LATER, *self.delete("google.cloud.run.v2.Revisions.DeleteRevision", path)]

        assert [one.deleted_ns for one in fold(facts)] == [ns("2026-05-04T09:00:00Z"), None]

    def test_a_deletion_that_names_no_service_finds_its_revision(self) -> None:
        path = f"namespaces/{PROJECT}/revisions/shop-00003-aaa"
        gone = self.delete("google.cloud.run.v1.Revisions.DeleteRevision", path, service_name="")

        assert [one.deleted_ns for one in fold([*self.BORN, *gone])] == [ns("2026-05-04T09:00:00Z")]

    def test_with_a_service_go_all_its_revisions_but_those_of_its_successor(self) -> None:
        gone = self.delete("google.cloud.run.v2.Services.DeleteService", SERVICE_V2)

        found = fold([*self.BORN, *self.LATER, *gone], ("shop-00002-row", 5, 9, 1, 6))

        assert [one.deleted_ns is not None for one in found] == [True, True, False]

    def test_the_service_of_another_region_keeps_its_revisions(self) -> None:
        gone = self.delete("google.cloud.run.v2.Services.DeleteService", SERVICE_V2, location="mars-north1")

        assert [one.deleted_ns for one in fold([*self.BORN, *gone])] == [None]

    def test_the_admin_api_tells_when_a_revision_went(self) -> None:
        document = {**revision_v2("shop-00003-aaa", {}), "deleteTime": "2026-05-04T12:00:00Z"}
        facts = read_spec(document, location="api", redactor=REDACTOR)

        (revision,) = fold(facts)

        assert revision.deleted_ns == ns("2026-05-04T12:00:00Z")
        assert revision.location == REGION


class TestOrigin:
    def test_commit_and_build_are_read_from_the_configuration(self) -> None:
        document = revision_v1("shop-00003-aaa", {})
        document["metadata"]["labels"] |= {"commit-sha": "4f3a2b1c" * 5, "gcb-build-id": "b-17"}

        (revision,) = fold(event(document))

        assert (revision.commit, revision.build) == ("4f3a2b1c" * 5, "b-17")

    def test_two_regions_of_one_service_have_each_their_own_revision_before(self) -> None:
        at = ns("2026-05-04T09:00:00Z")
        seen = as_seen(("shop-00003-aaa", at, at, 5, at), ("shop-00004-bbb", at + 1, at + 1, 5, at + 1))
        seen = pl.concat([seen, as_seen(("shop-00005-ccc", at + 2, at + 2, 5, at + 2))])
        seen = seen.with_columns(location=pl.Series(["a", "b", "a"]))

        revisions = fold_revisions(as_facts([]), seen)
        found = previous_revision(revisions, revisions[-1])

        assert found is not None
        assert found.revision == "shop-00003-aaa"


class TestDeploys:
    def test_a_long_running_pair_is_one_deploy_of_the_revision_it_made(self) -> None:
        first = audit_entry(
            V2,
            SERVICE_V2,
            insert_id="f",
            request={"service": {"template": template_v2({})}},
            operation={"id": "o", "first": True},
        )
        last = audit_entry(
            V2, SERVICE_V2, at="2026-05-04T10:01:00Z", insert_id="l", response=service_v2({}, latest="shop-00004-aaa"),
            operation={"id": "o", "last": True},
        )  # fmt: skip
        facts = [*read_audit(last, redactor=REDACTOR).facts, *read_audit(first, redactor=REDACTOR).facts]

        (deploy,) = fold_deploys(as_facts(facts))

        assert (deploy.outcome, deploy.revision) == ("succeeded", "shop-00004-aaa")
        assert deploy.at_ns == ns("2026-05-04T10:00:00Z")
        assert deploy.insert_ids == ("f", "l")

    def test_a_request_and_the_event_of_its_failure_are_one_failed_deploy(self) -> None:
        asked = with_nonce(service_v1({}, latest="shop-00003-old"), "n1")
        failed = with_nonce(service_v1({}, latest="shop-00003-old", generation=8), "n1")
        facts = request(asked, at="2026-05-04T09:59:00Z", insert_id="r") + event(
            failed, status={"code": 9, "message": "no"}
        )

        (deploy,) = fold_deploys(as_facts(facts))

        assert (deploy.outcome, deploy.message) == ("failed", "no")

    def test_two_requests_three_seconds_apart_are_two_deploys(self) -> None:
        facts = request(with_nonce(service_v1({}, latest="shop-00003-old"), "n1"), insert_id="r1") + request(
            with_nonce(service_v1({}, latest="shop-00003-old"), "n2"), insert_id="r2", at="2026-05-04T10:00:03Z"
        )

        assert [deploy.nonce for deploy in fold_deploys(as_facts(facts))] == ["n1", "n2"]


class TestRoutings:
    def test_the_timeline_tells_canary_and_roll_back_once_each(self) -> None:
        facts = [
            *routed("2026-05-04T10:00:00Z", ("shop-00003-aaa", 100)),
            *routed("2026-05-04T10:10:00Z", ("shop-00003-aaa", 90), ("shop-00004-bbb", 10)),
            *routed("2026-05-04T10:12:00Z", ("shop-00003-aaa", 90), ("shop-00004-bbb", 10)),
            *routed("2026-05-04T10:20:00Z", ("shop-00003-aaa", 100)),
        ]

        routings = fold_routings(as_facts(facts))

        assert [one.share("shop-00004-bbb") for one in routings] == [0, 10, 0]
        assert [one.leader() for one in routings] == ["shop-00003-aaa"] * 3
        assert (routings[1].at_ns, routings[1].told_ns) == (ns("2026-05-04T10:10:00Z"), ns("2026-05-04T10:12:00Z"))


def test_a_revision_whose_first_sign_came_days_later_is_no_predecessor() -> None:
    """Of a service that was made anew, numbers fall."""
    told = event(revision_v1("shop-00139-new", {}, created="2026-05-04T10:00:00.5Z"))
    day = 24 * 3600 * 10**9
    at = ns("2026-05-04T10:00:00Z")
    later = ("shop-00087-far", at + 13 * day, at + 14 * day, 5, at + 13 * day)
    quiet = ("shop-00088-old", at + day // 2, at + day, 5, at + day // 2)

    assert previous(told, "shop-00139-new", later) is None
    assert previous(told, "shop-00139-new", later, quiet) == "shop-00088-old"
