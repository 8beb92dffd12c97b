import pytest

from classifiers.config import PriorityConfig
from classifiers.findings import Cause, Fault, Origin, Priority
from classifiers.priority import Part, Reach, brief_words, harmless_words, raised, rank, sure_share

MINUTE_NS = 60_000_000_000


def ranked(failed: int, exposed: float | None, *routes: Part, lower: str = "", **config: object) -> tuple[str, str]:
    reach = Reach(Part("shop", failed, exposed), routes, lower=lower)
    told = rank(reach, PriorityConfig.model_validate(config))
    return told.priority, told.reason


@pytest.mark.parametrize(
    ("failed", "exposed", "priority"),
    [
        (900, 1000, "P0"), (200, 1000, "P1"), (50, 1000, "P2"), (1, 1000, "P3"), (12, None, "P2"), (1, 1, "P2"),
        (4, 4, "P2"), (5, 5, "P0"),
    ],
)  # fmt: skip
def test_rank_follows_the_share_that_so_many_failures_make_sure_of(
    failed: int, exposed: float | None, priority: Priority
) -> None:
    assert ranked(failed, exposed)[0] == priority


def test_a_broken_route_is_a_major_function_however_little_traffic_it_has() -> None:
    priority, reason = ranked(40, 10_000, Part("POST /pay", 40, 41))

    assert priority == "P1"
    assert reason == ("at least 89.7 % of POST /pay failed: p0_share is 50 %; a route ranks one below a service")
    assert ranked(40, 10_000, Part("POST /pay", 40, 1000))[0] == "P3"
    assert ranked(2, 10_000, Part("POST /pay", 2, 2))[0] == "P2"  # two of two are no proof that it is broken


def test_the_service_is_named_where_its_route_says_no_more() -> None:
    assert ranked(300, 1000, Part("POST /pay", 300, 301)) == (
        "P1", "at least 27.6 % of what shop was asked failed: p1_share is 10 %"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("weights", "priority"),
    [
        ({"POST /pay": 1}, "P0"), ({"/pay": 1}, "P0"), ({"/p*": 0.3}, "P1"), ({"shop": 6}, "P1"),
        ({"sho?": 0, "/*": 0}, "P3"),
    ],
)  # fmt: skip
def test_weights_multiply_shares_and_a_route_with_one_ranks_like_a_service(
    weights: dict[str, float], priority: Priority
) -> None:
    assert ranked(400, 10_000, Part("POST /pay", 400, 410), weights=weights)[0] == priority


def test_a_weight_is_told_in_the_reason_and_fits_a_service_in_any_location() -> None:
    config = PriorityConfig(weights={"shop": 20})

    told = rank(Reach(Part("shop (europe-west1)", 40, 1000)), config)

    assert (told.priority, told.weight) == ("P0", 20)
    assert "weighed 20 times (weights)" in told.reason


def test_what_still_answers_ranks_one_lower() -> None:
    assert ranked(900, 1000, lower="it is answered") == (
        "P1",
        "at least 88.3 % of what shop was asked failed: p0_share is 50 %; one lower: it is answered",
    )
    assert ranked(0, 1000, lower="it is answered")[0] == "P3"


def test_what_is_major_in_several_services_is_an_outage() -> None:
    assert raised("P1", 3, PriorityConfig()) == (
        "P0", "one higher: so it is in 3 services (spread_services 3)"
    )  # fmt: skip
    assert raised("P1", 2, PriorityConfig()) == ("P1", "")
    assert raised("P0", 9, PriorityConfig()) == ("P0", "")


def test_what_was_over_soon_ranks_one_lower_down_to_p2() -> None:
    def brief(priority: Priority, minutes: float, *, is_over: bool = True) -> tuple[str, str]:
        return brief_words(priority, round(minutes * MINUTE_NS), is_over=is_over, config=PriorityConfig())

    assert brief("P0", 2.5) == ("P1", "one lower: over within 3 min (brief_minutes 5)")
    assert brief("P2", 2.5) == ("P2", "")
    assert brief("P0", 6) == ("P0", "")
    assert brief("P0", 2.5, is_over=False) == ("P0", "")


@pytest.mark.parametrize(
    ("origin", "cause", "fault", "is_harmless"),
    [
        ("tests", "test_harness", "test_harness", True), ("users", "client", "client", True),
        ("scanners", "unknown", "unknown", True), ("tests", "revision", "product", False),
        ("users", "revision", "configuration", False),
    ],
)  # fmt: skip
def test_faults_of_harness_and_callers_are_harmless_and_those_of_the_product_are_not(
    origin: Origin, cause: Cause, fault: Fault, *, is_harmless: bool
) -> None:
    assert bool(harmless_words(origin, cause, fault)) is is_harmless


def test_one_of_one_is_no_outage() -> None:
    assert sure_share(1.0, 1) < 0.5 < sure_share(1.0, 20) < 1.0
    assert sure_share(0.0, 0) == 0.0
