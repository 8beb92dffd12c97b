from classifiers.changes import Difference
from classifiers.findings import Change
from classifiers.lineage import Lineage
from classifiers.routing import Routing, Target
from tests.support.findings import revision
from tests.support.trials import config_of

MINUTE_NS = 60_000_000_000
IMAGE, GONE = Change("image", "image"), Change("env_removed", "KEY")


def lineage(*configs: dict[str, object] | None, routings: tuple[Routing, ...] = ()) -> Lineage:
    made = [
        revision(f"r{place}", place * MINUTE_NS, service="orders", project="p", config=config)
        for place, config in enumerate(configs)
    ]
    return Lineage(made, routings)


def routing(at: int, **shares: int) -> Routing:
    targets = tuple(Target(name, percent, "", is_latest=False) for name, percent in shares.items())
    return Routing("p", "orders", at, at, targets, f"e{at}")


def told(of: Lineage, name: str) -> Difference:
    found = of.served("p", "orders", name)
    assert found is not None
    return found


def test_later_revisions_have_a_change_or_have_it_taken_back_or_are_not_known() -> None:
    found = lineage(
        config_of(image="a", KEY="1"), config_of(image="b"), config_of(image="b", KEY="1"), config_of(image="c"), None,
        config_of(image="a", KEY="2"),
    )  # fmt: skip
    difference = told(found, "r1")

    assert found.kept("p", "orders", difference, GONE) == {"r2": False, "r3": True}
    assert found.kept("p", "orders", difference, IMAGE) == {"r2": True, "r5": False}


def test_a_step_is_from_the_one_deployed_just_before_whether_or_not_it_served() -> None:
    found = lineage(config_of(), config_of(image="b"), config_of(image="b"))

    step = found.step("p", "orders", "r2")

    assert step is not None
    assert (step.before, step.label) == ("r1", "nothing")


def test_traffic_that_goes_back_to_an_older_revision_is_a_return_and_a_roll_out_is_none() -> None:
    moves = (routing(10, r0=100), routing(20, r1=100), routing(30, r0=40, r1=60), routing(40, r1=100))
    found = lineage(None, None, routings=moves)

    assert found.returns("p", "orders", "r0") == [(30, "r1")]
    assert found.returns("p", "orders", "r1") == []
