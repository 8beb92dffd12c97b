import math

from classifiers.starts import start_rival
from collector.records import Revision
from tests.support.cases import MINUTE_NS, case, grid

DEPLOYS = (60, 120, 180)  # minutes


def revision(name: str, served: int) -> Revision:
    return Revision("p", "orders", name, served * MINUTE_NS, None, None, served * MINUTE_NS, None, None, 100, None)


def revisions() -> list[Revision]:
    return [revision("r0", 0), *(revision(f"r{place}", at) for place, at in enumerate(DEPLOYS, 1))]


def asked() -> dict[str, list[float]]:
    """Ten requests a minute, an hour on each revision."""
    return {f"r{place}": [10.0 if minute // 60 == place else 0.0 for minute in range(240)] for place in range(4)}


def test_what_every_roll_out_has_is_the_roll_outs_doing() -> None:
    found = case(grid(asked()), [(at + 0.5 * n, f"r{at // 60}") for at in DEPLOYS for n in range(3)])

    rival = start_rival(found, revisions())

    assert rival is not None
    assert rival.split.failures_bad == 9
    assert rival.split.exposed_bad < 250
    assert rival.log_weight > math.log(0.03) + 10
    assert rival.evidence[0].statement == "3 of 3 roll-outs of orders have it"


def test_what_one_roll_out_alone_has_is_a_deploy_as_any_other() -> None:
    found = case(grid(asked()), [(120.0 + 0.5 * n, "r2") for n in range(6)])

    assert start_rival(found, revisions()) is None


def test_what_goes_on_after_a_roll_out_is_not_explained_by_it() -> None:
    found = case(grid(asked()), [(60.5, "r1"), *((120.5 + n, "r2") for n in range(50))])

    rival = start_rival(found, revisions())

    assert rival is None or rival.log_weight < 0
