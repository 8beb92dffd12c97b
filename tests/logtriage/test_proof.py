"""Proving a verdict on a tagged revision."""

from classifiers.findings import Blast
from logtriage.lookup import Lookup
from logtriage.proof import proof_commands
from tests.support.findings import ONSET_NS, attribution, cluster, findings, revision


def _asked(*routes: str, **config: object) -> tuple[str, str]:
    blast = Blast(0.5, 9, 18, routes=routes) if routes else None
    lookup = Lookup(findings(revisions=(revision("shop-00008-bad", ONSET_NS, config=config),)))
    told = proof_commands(cluster(blast=blast), attribution(location="europe-west1"), "--memory=1Gi", "memory", lookup)
    return told[1].why, told[1].line


def test_the_route_that_is_hit_most_is_asked_on_the_address_of_the_tag() -> None:
    why, line = _asked("POST /orders/*/pay", "GET /")

    assert "an id in place of each *" in why
    assert line.startswith("curl -sSi -X POST -H ")
    assert "sed 's,//,//prove---,'" in line
    assert line.endswith("\"'/orders/*/pay' | head -n 1")


def test_without_a_route_a_place_is_left_for_one() -> None:
    why, line = _asked()

    assert "in place of /PATH" in why
    assert '"/PATH | head' in line


def test_a_service_that_answers_inside_its_network_only_is_asked_from_there() -> None:
    assert "inside its network only" in _asked(ingress="internal")[0]
    assert "inside" not in _asked(ingress="all")[0]


def test_the_tag_takes_no_traffic_and_goes_away_again() -> None:
    told = proof_commands(cluster(), attribution(), "--memory=1Gi", "memory", Lookup(findings()))

    assert "--no-traffic --tag=prove --memory=1Gi" in told[0].line
    assert told[-1].line.endswith("--remove-tags=prove")
