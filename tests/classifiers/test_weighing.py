from pathlib import Path

import pytest

from tests.support.system import HOUR, MINUTE, System


def asked_wrongly(status: int, said: str, paths: tuple[str, ...] = ("/orders",)) -> System:
    """A shop whose deploy after two hours asks a door wrongly, which answers and says so."""
    system = System()
    for at_s in range(0, 4 * HOUR, 20):
        is_bad = at_s >= 2 * HOUR
        shop = "shop-00002-new" if is_bad else "shop-00001-old"
        trace = system.request(at_s, "shop", shop, status=500 if is_bad else 200, latency_s=0.4)
        told = status if is_bad else 200
        asked = {"path": paths[at_s // 20 % len(paths)], "agent": "lib/1", "latency_s": 0.1}
        system.request(at_s + 0.1, "door", "door-00001-old", trace=trace, status=told, **asked)
        if is_bad:
            system.line(at_s + 0.15, "door", "door-00001-old", said, trace=trace)
            system.line(at_s + 0.3, "shop", shop, f"Error: door answered {status}", trace=trace)
        system.span(at_s, "shop", trace, "a" * 16)
        system.span(at_s + 0.1, "door", trace, "b" * 16, "a" * 16)
    system.deploy(2 * HOUR - MINUTE, "shop", "shop-00002-new", image="b")
    return system


def test_what_breaks_in_the_called_service_is_the_root_though_its_caller_is_to_blame(tmp_path: Path) -> None:
    clusters = {
        one.service: one for one in asked_wrongly(500, "KeyError: 'amount'").findings(tmp_path, 4 * HOUR).clusters
    }

    assert (clusters["door"].role, clusters["shop"].caused_by) == ("root", clusters["door"].id)
    assert clusters["door"].attribution is not None
    assert clusters["door"].attribution.revision == "shop-00002-new"


def refused_at_every_door() -> System:
    """A letter asks a desk, which asks a door or a gate or goes out itself; all three are shown an old certificate.

    The door was deployed just before. What the letter meets comes of each as often as of the others.
    """
    system = System()
    for step in range(480):
        at_s, is_bad, asked = step * 30, step >= 240, ("door", "gate", "")[step % 3]
        other = f"{asked}-00002-new" if asked == "door" and step >= 230 else f"{asked}-00001-old"
        status = 502 if is_bad else 200
        trace = system.request(at_s, "letter", "letter-00001-old", status=status, latency_s=0.5)
        system.request(at_s + 0.1, "desk", "desk-00001-old", trace=trace, status=status, agent="lib/1", latency_s=0.3)
        system.span(at_s, "letter", trace, "a" * 16)
        system.span(at_s + 0.1, "desk", trace, "b" * 16, "a" * 16)
        if asked:
            system.request(at_s + 0.2, asked, other, trace=trace, status=status, agent="lib/1", latency_s=0.1)
            system.span(at_s + 0.2, asked, trace, "c" * 16, "b" * 16)
        if is_bad:
            if asked:
                system.line(at_s + 0.25, asked, other, "Error: certificate has expired", trace=trace)
                system.line(at_s + 0.3, "desk", "desk-00001-old", f"{asked} answered 502", trace=trace)
            else:
                refused = "SSLHandshakeException: certificate path: validity check failed"
                system.line(at_s + 0.3, "desk", "desk-00001-old", refused, trace=trace)
            system.line(at_s + 0.4, "letter", "letter-00001-old", "upstream error: desk -> 502", trace=trace)
    system.deploy(-HOUR, "door", "door-00001-old", image="a")
    system.deploy(119 * MINUTE, "door", "door-00002-new", image="b")
    return system


def test_certificates_refused_in_several_services_at_once_are_one_cause_in_all(tmp_path: Path) -> None:
    clusters = refused_at_every_door().findings(tmp_path, 4 * HOUR).clusters

    refused = [one for one in clusters if "certificate" in one.title]
    assert [one.cause for one in refused] == ["certificate"] * 3
    assert all("too" in one.hypotheses[0].statement for one in refused)


@pytest.mark.parametrize("said", ["rejected shop: no credential", "rejected: no credential"])
def test_what_the_called_service_refuses_with_4xx_is_told_below_the_failure_of_its_caller(
    tmp_path: Path, said: str
) -> None:
    clusters = asked_wrongly(403, said).findings(tmp_path, 4 * HOUR).clusters

    (root,) = (one for one in clusters if one.role == "root")
    assert root.service == "shop"
    assert {one.attribution.revision for one in clusters if one.attribution} == {"shop-00002-new"}
    refused = next(one for one in clusters if one.caused_by == root.id and one.service == "door")
    linked = f"100% of its failures were asked by the service of {root.id}, whose deploy explains both"
    assert [one.kind for one in refused.evidence if one.statement == linked] == ["inferred"]


def met_on_a_route_of_one_name() -> System:
    """A deploy of the shop breaks its baskets; at that moment the cache of another service is gone for half an hour."""
    system = System()
    for at_s in range(0, 4 * HOUR, 20):
        is_bad, is_gone = at_s >= 2 * HOUR, 2 * HOUR <= at_s < 150 * MINUTE
        shop = "shop-00002-new" if is_bad else "shop-00001-old"
        trace = system.request(at_s, "shop", shop, status=500 if is_bad else 200, path="/baskets/7")
        if is_bad:
            system.line(at_s + 0.1, "shop", shop, "TypeError: basket is not a function", trace=trace)
        path = "/baskets/7" if at_s % 200 == 0 else "/letters"
        trace = system.request(at_s + 5, "mail", "mail-00001-old", status=500 if is_gone else 200, path=path)
        if is_gone:
            system.line(at_s + 5.1, "mail", "mail-00001-old", "Error: dial tcp: connection refused", trace=trace)
    system.deploy(2 * HOUR - MINUTE, "shop", "shop-00002-new", image="b")
    return system


def test_an_answer_on_a_route_of_one_name_is_no_failure_that_services_share(tmp_path: Path) -> None:
    clusters = met_on_a_route_of_one_name().findings(tmp_path, 4 * HOUR).clusters

    shop = [one for one in clusters if one.service == "shop" and one.role == "root"]
    assert [one.cause for one in shop] == ["revision"]
    assert [one.attribution.revision for one in shop if one.attribution] == ["shop-00002-new"]
    assert not any("mail" in said.statement for one in shop for tale in one.hypotheses for said in tale.evidence)
