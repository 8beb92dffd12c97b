"""When each revision took traffic, its share, and roll-backs."""

from classifiers.serving import serving_revision
from collector.records import Served
from tests.support.cloud_run import DEPLOYER, PROJECT, audit_entry, revision_v1, service_v1, service_v2
from tests.support.ledger_facts import (
    SERVICE,
    Facts,
    event,
    facts_of,
    ledger,
    moved,
    ns,
    request,
    revision_named,
    routed,
    update_v2,
)

A, B, C = "shop-00003-aaa", "shop-00004-bbb", "shop-00005-ccc"
BORN: Facts = [
    *event(revision_v1(A, {}, created="2026-05-04T08:00:00.5Z")),
    *event(revision_v1(B, {}, created="2026-05-04T09:00:00.5Z")),
    *event(revision_v1(C, {}, created="2026-05-04T10:00:00.5Z")),
]


def test_a_canary_has_a_period_for_each_share() -> None:
    facts = [
        *BORN,
        *routed("08:01:00", (A, 100)),
        *routed("09:01:00", (A, 90), (B, 10)),
        *routed("09:11:00", (A, 50), (B, 50)),
        *routed("09:21:00", (B, 100)),
    ]

    folded = ledger(facts)

    assert revision_named(folded, A).periods == (
        Served(ns("08:01:00"), ns("09:01:00"), 100),
        Served(ns("09:01:00"), ns("09:11:00"), 90),
        Served(ns("09:11:00"), ns("09:21:00"), 50),
    )
    assert revision_named(folded, B).periods[-1] == Served(ns("09:21:00"), None, 100)
    assert revision_named(folded, C).periods == ()
    assert folded.roll_backs == ()


def test_a_roll_back_is_told_of_the_revision_that_took_over_again() -> None:
    facts = [*BORN, *routed("08:01:00", (A, 100)), *routed("09:01:00", (B, 100)), *routed("09:30:00", (A, 100))]

    folded = ledger(facts)

    (roll_back,) = folded.roll_backs
    assert (roll_back.revision, roll_back.withdrawn, roll_back.at_ns) == (A, B, ns("09:30:00"))
    assert revision_named(folded, A).rolled_back_ns == (ns("09:30:00"),)
    assert revision_named(folded, B).periods == (Served(ns("09:01:00"), ns("09:30:00"), 100),)
    assert [one.percent for one in revision_named(folded, A).periods] == [100, 100]


def test_a_canary_that_is_withdrawn_is_a_roll_back() -> None:
    facts = [*BORN, *routed("08:01:00", (A, 100)), *routed("09:01:00", (A, 90), (B, 10)), *routed("09:05:00", (A, 100))]

    assert [one.withdrawn for one in ledger(facts).roll_backs] == [B]


def test_a_roll_out_that_overlaps_the_next_one_is_no_roll_back() -> None:
    facts = [
        *BORN,
        *routed("09:59:00", (A, 50), (B, 50)),
        *routed("10:00:05", (A, 20), (B, 50), (C, 30)),
        *routed("10:00:30", (B, 50), (C, 50)),
        *routed("10:01:00", (C, 100)),
    ]

    folded = ledger(facts)

    assert folded.roll_backs == ()
    assert [one.percent for one in revision_named(folded, B).periods] == [50]


def test_a_roll_out_that_ends_after_a_newer_one_is_no_roll_back() -> None:
    late = [*routed("10:01:00", (C, 100), latest=C), *routed("10:01:08", (B, 100), latest=B)]

    assert ledger([*BORN, *late, *routed("10:02:00", (C, 100), latest=C)]).roll_backs == ()


def test_what_is_told_of_an_older_generation_late_is_left_out() -> None:
    facts = []
    for at, name, generation in (("10:01:00", C, 9), ("10:01:08", B, 8), ("10:05:00", C, 9)):
        document = service_v1({}, latest=name, generation=generation, observed=generation)
        document["status"]["conditions"] = []
        facts += event(document, at=f"2026-05-04T{at}Z", insert_id=at)

    assert [one.leader() for one in ledger([*BORN, *facts]).routings] == [C]


def test_a_service_that_was_made_anew_counts_its_generations_from_one() -> None:
    facts = []
    for at, name, generation in (("08:01:00", A, 9), ("10:01:00", C, 1)):
        document = service_v1({}, latest=name, generation=generation, observed=generation)
        document["status"]["conditions"] = []
        facts += event(document, at=f"2026-05-04T{at}Z", insert_id=at)

    assert [one.leader() for one in ledger([*BORN, *facts]).routings] == [A, C]


def test_a_roll_back_that_is_only_asked_for_is_told_too() -> None:
    facts = [*BORN, *routed("08:01:00", (A, 100)), *routed("09:01:00", (B, 100)), *moved("09:30:00", (A, 100))]

    assert [one.revision for one in ledger(facts).roll_backs] == [A]


def test_traffic_that_was_refused_did_not_move() -> None:
    refused = moved("09:30:00", (A, 100), status={"code": 5, "message": "Revision not found."})

    assert ledger([*BORN, *routed("09:01:00", (B, 100)), *refused]).roll_backs == ()


def test_traffic_that_follows_the_latest_goes_to_the_one_that_was_ready_then() -> None:
    folded = ledger([*BORN, *moved("09:30:00", ("LATEST", 100))])

    assert [one.leader() for one in folded.routings] == [B]
    assert folded.routings[0].is_asked


def test_two_regions_that_serve_different_revisions_are_no_roll_back() -> None:
    facts = [*BORN]
    for minute in range(4):
        facts += routed(f"09:0{minute}:00", (A, 100), region="europe-west1")
        facts += routed(f"09:0{minute}:30", (B, 100), region="us-east1")

    folded = ledger(facts)

    assert folded.roll_backs == ()
    assert len(folded.routings) == 2


def test_pins_and_tags_are_told() -> None:
    facts = [*BORN, *routed("09:01:00", (A, 60), (B, 40), latest=B, tags=[(A, "blue"), (C, "try")])]

    folded = ledger(facts)

    assert [(one.is_pinned, one.tags) for one in folded.revisions] == [(True, ("blue",)), (False, ()), (None, ("try",))]


def test_rows_prove_traffic_where_no_routing_is_told() -> None:
    folded = ledger([], (A, 5, 90, 7, 10))

    assert folded.revisions[0].periods == (Served(10, 90, None),)
    assert folded.revisions[0].traffic_ns == 10


def test_a_request_moments_before_the_routing_was_told_is_of_the_same_period() -> None:
    at = ns("09:00:20")
    folded = ledger([*BORN, *routed("09:01:00", (B, 100))], (B, at, at, 1, at))

    assert revision_named(folded, B).periods == (Served(at, None, 100),)


def test_a_deploy_without_traffic_has_no_period() -> None:
    folded = ledger([*BORN, *routed("09:01:00", (A, 100))])

    assert revision_named(folded, C).periods == ()
    assert revision_named(folded, C).traffic_ns is None


def test_a_revision_serves_nothing_before_it_is_there() -> None:
    folded = ledger([*BORN, *routed("08:01:00", (B, 100)), *routed("09:59:58", (C, 100))])  # an entry bears its start

    assert revision_named(folded, C).periods == (Served(ns("10:00:40"), None, 100),)
    assert revision_named(folded, B).periods[-1].to_ns == ns("10:00:40")


def test_no_facts_have_no_traffic() -> None:
    assert ledger([]).routings == ()


def test_a_late_answer_without_an_observed_generation_is_known_by_its_own() -> None:
    newer, older = (
        {"response": {**service_v2({}, latest=name), "generation": generation, "reconciling": False}}
        for name, generation in ((C, "8"), (B, "7"))
    )
    for one in (newer, older):
        del one["response"]["observedGeneration"]
    folded = ledger(
        [
            *BORN,
            *update_v2(insert_id="a", at="10:01:00", operation={"id": "o2", "last": True}, **newer),
            *update_v2(insert_id="b", at="10:01:09", operation={"id": "o1", "last": True}, **older),
        ]
    )

    assert revision_named(folded, C).periods == (Served(ns("10:01:00"), None, 100),)
    assert revision_named(folded, B).periods == ()


def test_traffic_ends_with_the_deletion_of_its_revision_or_service() -> None:
    deleted = audit_entry("google.cloud.run.v1.Services.DeleteService", SERVICE, at="2026-05-04T11:00:00Z")
    facts = [*BORN, *routed("09:01:00", (A, 100)), *routed("10:01:00", (C, 100)), *facts_of(deleted)]

    folded = ledger(facts)
    alive = ledger(facts, (C, ns("10:05:00"), ns("12:00:00"), 5, ns("10:05:00")))

    assert revision_named(folded, C).periods == (Served(ns("10:01:00"), ns("11:00:00"), 100),)
    assert revision_named(folded, A).periods == (Served(ns("09:01:00"), ns("10:01:00"), 100),)
    assert revision_named(alive, C).periods[-1].to_ns is None


def test_a_deleted_revision_serves_nothing_while_another_is_left() -> None:
    resource = f"{SERVICE.replace('services/shop', 'revisions/')}{C}"
    deleted = audit_entry("google.cloud.run.v1.Revisions.DeleteRevision", resource, at="2026-05-04T11:00:00Z")
    folded = ledger([*BORN, *routed("10:01:00", (C, 100)), *facts_of(deleted)])

    found = serving_revision((PROJECT, "shop"), folded.revisions, folded.routings)

    assert found is not None
    assert found.revision != C


def test_a_roll_back_tells_who_wanted_it_and_with_what() -> None:
    facts = [*BORN, *routed("08:01:00", (A, 100)), *routed("09:01:00", (B, 100))]
    facts += [*moved("09:29:58", (A, 100)), *routed("09:30:00", (A, 100))]

    (known,), (unknown,) = (
        ledger(told).roll_backs for told in (facts, [one for one in facts if one["kind"] != "deploy"])
    )

    assert (known.revision, known.actor, known.tool, known.asked_by) == (A, DEPLOYER, "gcloud", ("t09:29:58",))
    assert (unknown.revision, unknown.actor, unknown.asked_by) == (A, "", ())


def test_what_is_not_told_of_a_pin_stays_as_it_was_told_before() -> None:
    found = service_v1({}, latest=C, traffic=[{"revisionName": C, "percent": 100}])  # the status as a request read it
    told = routed("10:01:00", (C, 100), latest=C)

    assert revision_named(ledger([*BORN, *told, *request(found, at="2026-05-04T10:30:00Z")]), C).is_pinned is False
    assert revision_named(ledger([*BORN, *request(found, at="2026-05-04T10:30:00Z")]), C).is_pinned is None


class TestWhatRowsContradict:
    """Routing was told once, and a newer revision of which it says nothing took requests days later."""

    OLD = routed("09:01:00", (A, 100))
    LATER = ns("2026-05-09T11:00:00Z")
    NEWER = (C, LATER, LATER + 60 * 10**9, 4, LATER)
    TAGGED = routed("09:01:00", (A, 100), tags=[(C, "demo")])

    def test_told_traffic_ends_at_the_latest_where_a_newer_revision_served(self) -> None:
        folded = ledger([*BORN, *self.OLD], self.NEWER)

        assert revision_named(folded, A).periods == (Served(ns("09:01:00"), self.LATER, 100, ends_by=True),)

    def test_it_goes_on_where_the_other_is_asked_by_its_tag_or_rows_or_a_routing_tell_so(self) -> None:
        again = routed("2026-05-10T09:00:00Z", (A, 100))
        seen = (A, ns("09:02:00"), self.LATER + 3600 * 10**9, 9, ns("09:02:00"))

        tagged = ledger([*BORN, *self.TAGGED], self.NEWER)
        told = ledger([*BORN, *self.OLD, *again], self.NEWER)
        asked = ledger([*BORN, *self.OLD], self.NEWER, seen)

        assert [revision_named(one, A).periods[-1].to_ns for one in (tagged, told, asked)] == [None, None, None]

    def test_a_newer_revision_that_routing_tells_of_ends_nothing_before_it(self) -> None:
        at = ns("10:00:50")
        folded = ledger([*BORN, *self.OLD, *routed("10:01:00", (C, 100))], (C, at, at, 1, at))

        assert revision_named(folded, A).periods == (Served(ns("09:01:00"), ns("10:01:00"), 100),)
