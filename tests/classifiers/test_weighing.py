from pathlib import Path

from tests.support.system import HOUR, MINUTE, System


def asked_wrongly() -> System:
    """A shop whose deploy after two hours asks a door wrongly, which breaks of it."""
    system = System()
    for minute in range(240):
        at_s, shop = minute * MINUTE, "shop-00001-old" if minute < 120 else "shop-00002-new"
        is_bad = minute >= 121
        status = 500 if is_bad else 200
        trace = system.request(at_s, "shop", shop, status=status, latency_s=0.4)
        system.request(at_s + 0.1, "door", "door-00001-old", trace=trace, status=status, agent="lib/1", latency_s=0.1)
        if is_bad:
            system.line(at_s + 0.15, "door", "door-00001-old", "KeyError: 'amount'", trace=trace)
            system.line(at_s + 0.3, "shop", shop, "Error: door answered 500", trace=trace)
        system.span(at_s, "shop", trace, "a" * 16)
        system.span(at_s + 0.1, "door", trace, "b" * 16, "a" * 16)
    system.deploy(119 * MINUTE, "shop", "shop-00002-new", image="b")
    return system


def test_what_breaks_in_the_called_service_is_the_root_though_its_caller_is_to_blame(tmp_path: Path) -> None:
    clusters = {one.service: one for one in asked_wrongly().findings(tmp_path, 4 * HOUR).clusters}

    assert (clusters["door"].role, clusters["shop"].caused_by) == ("root", clusters["door"].id)
    assert clusters["door"].attribution is not None
    assert clusters["door"].attribution.revision == "shop-00002-new"
