"""The labelled lines of one incident: which revision they name, when, and what they say of what is not known."""

from typing import Any

from classifiers.findings import Attribution, Change, Sighting
from collector.records import Revision, Served
from collector.replacing import replace
from logtriage.lines import cluster_lines
from logtriage.lookup import Lookup
from tests.support.findings import HOUR_NS, ONSET_NS, attribution, cluster, findings, revision

GOOD, BAD = "shop-00007-abc", "shop-00008-bad"
OLD = revision(GOOD, ONSET_NS - 9 * HOUR_NS)
NEW = revision(BAD, ONSET_NS - HOUR_NS)


def told(blamed: Attribution, *revisions: Revision, **changes: Any) -> dict[str, str]:
    lookup = Lookup(findings(revisions=revisions))
    return {line.label: line.text for line in cluster_lines(cluster(attribution=blamed, **changes), lookup)}


def test_traffic_that_went_back_changed_when_it_was_routed_and_not_when_the_revision_was_made() -> None:
    back = attribution(change=Change("traffic", "traffic", BAD, GOOD), also_changed=(), revision=GOOD)
    periods = (Served(OLD.created_ns or 0, ONSET_NS - HOUR_NS, 100), Served(ONSET_NS, None, 100))

    assert told(back, replace(OLD, periods=periods), NEW)["CHANGE"] == "00007-abc 20:00   ~ traffic"


def test_a_twin_is_told_where_nothing_changed() -> None:
    equal = attribution(change=None, also_changed=(), good_revision=GOOD)

    assert told(equal, OLD, NEW)["CHANGE"].endswith("what changed in it is not known")
    assert told(equal, OLD, replace(NEW, doubles=GOOD))["CHANGE"].endswith("nothing changed from 00007-abc")
    changed = told(attribution(), OLD, replace(NEW, doubles="shop-00007-xyz"))["CHANGE"]
    assert changed.endswith("~ image   the same as 00007-xyz")


def test_where_nobody_asked_the_named_revision_the_first_that_showed_it_stands_beside_the_good_one() -> None:
    idle = attribution(
        revision="shop-00007-idl", first_seen_bad=Sighting("shop", BAD, 94, 96, ONSET_NS), first_bad=("x", BAD)
    )

    lines = told(idle, OLD, NEW)

    assert (lines["GOOD"], lines["BAD"]) == ("00007-abc: 0/118 requests failed", lines["BAD"])
    assert lines["BAD"].startswith("00008-bad: 94/96 requests failed")


def test_a_revision_that_is_no_more_is_told_so() -> None:
    lines = told(attribution(), replace(OLD, deleted_ns=ONSET_NS), NEW)

    assert lines["GOOD"] == "00007-abc: 0/118 requests failed; deleted 20:00"
    assert "deleted" not in lines["BAD"]
