"""Findings by name."""

import pytest

from collector.replacing import replace
from logtriage.errors import ConfigError
from logtriage.lookup import Lookup
from tests.support.findings import cluster, empty_findings, findings, revision


@pytest.mark.parametrize("name", ["1", "#1", " 1 ", "c-pay", "c-p"])
def test_a_cluster_is_found_by_number_id_or_beginning(name: str) -> None:
    assert Lookup(findings()).named(name).id == "c-pay"


def test_standing_clusters_are_found_too() -> None:
    assert Lookup(findings()).named("c-old").state == "standing"


@pytest.mark.parametrize("name", ["9", "c-", "", "c-payy"])
def test_an_unknown_name_lists_what_is_known(name: str) -> None:
    with pytest.raises(ConfigError, match=r"There is no cluster or incident `.*` in this window\. Known here: 1, 2"):
        Lookup(findings()).named(name)


def test_an_empty_window_says_that_it_has_none() -> None:
    with pytest.raises(ConfigError, match="This window has none"):
        Lookup(empty_findings()).named("1")


def test_revisions_are_counted_by_time_and_service() -> None:
    lookup = Lookup(findings(revisions=(*findings().revisions, revision("other-1", 9 * 10**18, service="other"))))

    assert lookup.revisions_after("shop", "shop-00007-abc") == 2
    assert lookup.revisions_after("shop", "shop-00009-new") == 0
    assert lookup.revisions_after("shop", "unknown") is None


def test_a_revision_begins_when_it_was_created_else_first_seen() -> None:
    unseen = revision("shop-1", 5)
    lookup = Lookup(
        findings(
            revisions=(
                unseen,
                replace(unseen, revision="shop-2", created_ns=None, traffic_ns=None, first_seen_ns=7),
                replace(unseen, revision="shop-3", created_ns=None, traffic_ns=None, first_seen_ns=None),
            )
        )
    )

    assert lookup.revision("shop", "shop-1") == unseen
    assert [lookup.revision_began_ns("shop", f"shop-{n}") for n in (1, 2, 3, 4)] == [5, 7, None, None]


def test_symptoms_come_in_the_order_in_which_they_began() -> None:
    shown = findings()
    late = cluster(id="c-a-late", role="symptom", caused_by="c-pay")
    incident = shown.incidents[0].__class__(1, "c-pay", ("c-slow", "c-a-late", "c-gone"), "P0", "t", is_ongoing=True)
    lookup = Lookup(findings(clusters=(*shown.clusters, late), incidents=(incident,)))

    assert [symptom.id for symptom in lookup.symptoms(incident)] == ["c-a-late", "c-slow"]
    assert lookup.incident_of("c-slow") == incident
    assert lookup.services() == ("desk", "shop")
