"""Revisions by the names that people give."""

import pytest

from classifiers.routing import Routing, Target
from classifiers.serving import serving_revision
from collector.records import Revision
from collector.replacing import replace
from logtriage.errors import ConfigError
from logtriage.revision_names import find_pair


def revision(name: str, service: str = "shop", project: str = "p", **changes: object) -> Revision:
    made = Revision(project, service, name, int(name[-9:-4]) * 10**9, None, None, None, None, None, 5, None)
    return replace(made, **changes)  # type: ignore[arg-type] # fields by name


SHOP = [revision(f"shop-{number:05d}-{tail}") for number, tail in ((41, "abc"), (42, "abd"), (43, "xyz"))]
TILL = [revision("till-00042-qqq", "till"), revision("till-00050-abc", "till")]
EVERY = [*SHOP, *TILL]


def found(a: str, b: str, revisions: list[Revision] = EVERY, routings: tuple[Routing, ...] = ()) -> tuple[str, str]:
    one, two = find_pair((a, b), revisions, routings)
    return one.revision, two.revision


@pytest.mark.parametrize(
    "name", ["shop-00043-xyz", "00043-xyz", "43", "00043", "shop/43", "p/shop/00043", "shop-00043", "00043-x"]
)
def test_a_revision_may_be_named_whole_short_by_number_or_by_a_beginning(name: str) -> None:
    assert found(name, "00041-abc")[0] == "shop-00043-xyz"


def test_the_service_of_one_settles_the_other() -> None:
    assert found("42", "00043-xyz") == ("shop-00042-abd", "shop-00043-xyz")
    assert found("42", "50") == ("till-00042-qqq", "till-00050-abc")


def test_what_stays_open_is_refused_with_all_it_may_be() -> None:
    with pytest.raises(ConfigError, match=r"`42` may be 2 revisions: shop-00042-abd, till-00042-qqq. Name one."):
        found("42", "42")
    with pytest.raises(
        ConfigError, match=r"`shop-0004` may be 3 revisions: shop-00041-abc, shop-00042-abd, shop-00043-"
    ):
        found("shop-0004", "shop-00042-abd")


def test_one_name_in_two_projects_is_told_with_the_project() -> None:
    twins = [*SHOP, revision("shop-00041-abc", project="q")]

    with pytest.raises(ConfigError, match=r"may be 2 revisions: p/shop-00041-abc, q/shop-00041-abc"):
        found("shop-00041-abc", "shop-00041-abc", twins)
    for names in (("p/shop-00041-abc", "q/shop-00041-abc"), ("shop-00041-abc", "q/shop-00041-abc")):
        one, two = find_pair(names, twins)
        assert (one.project, two.project) == ("p", "q")


def test_an_unknown_name_is_told_with_near_ones() -> None:
    with pytest.raises(ConfigError, match=r"There is no revision `shop-00041-abx` in this store. Near: shop-00041-abc"):
        found("shop-00041-abx", "43")
    with pytest.raises(ConfigError, match=r"Its services: shop, till. See `logtriage revisions`."):
        found("zzzzzzzzz", "43")
    with pytest.raises(ConfigError, match=r"this store knows none. Import or collect first."):
        found("a", "b", [])


def test_one_revision_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"REV_A and REV_B are both `shop-00041-abc`"):
        found("41", "shop-00041-abc")


class TestServing:
    def test_a_service_stands_for_the_revision_that_serves(self) -> None:
        assert found("shop", "till") == ("shop-00043-xyz", "till-00050-abc")

    def test_routing_wins_over_the_order_of_deploying(self) -> None:
        pinned = Routing(
            "p", "shop", 50 * 10**9, 50 * 10**9, (Target("shop-00041-abc", 100, "", is_latest=False),), "r"
        )

        assert found("shop", "till", routings=(pinned,))[0] == "shop-00041-abc"

    def test_what_took_traffic_after_the_last_routing_wins_over_it(self) -> None:
        early = Routing("p", "shop", 5, 5, (Target("shop-00041-abc", 100, "", is_latest=True),), "r")
        served = [replace(one, traffic_ns=one.created_ns) for one in SHOP]

        assert found("shop", "till", [*served, *TILL], (early,))[0] == "shop-00043-xyz"

    def test_revisions_without_traffic_do_not_serve(self) -> None:
        fresh = [*SHOP[:2], replace(SHOP[2], requests=0)]

        assert serving_revision(("p", "shop"), fresh) == SHOP[1]
        assert serving_revision(("p", "desk"), fresh) is None


class TestRegions:
    """One service name in two regions."""

    EVERY = tuple(
        revision(f"shop-0000{number}-abc", f"shop ({place})", location=place)
        for place in ("europe-west1", "us-east1") for number in (1, 2)
    )  # fmt: skip

    @pytest.mark.parametrize("owner", ["us-east1", "us-east1/shop", "p/us-east1", "shop (us-east1)"])
    def test_a_name_may_say_which(self, owner: str) -> None:
        one, two = find_pair((f"{owner}/1", f"{owner}/shop-00002-abc"), self.EVERY)

        assert (one.location, two.location) == ("us-east1", "us-east1")
        assert (one.revision, two.revision) == ("shop-00001-abc", "shop-00002-abc")

    def test_one_revision_may_be_compared_across_regions(self) -> None:
        one, two = find_pair(("europe-west1/2", "us-east1/2"), self.EVERY)

        assert (one.location, two.location) == ("europe-west1", "us-east1")

    def test_an_open_name_is_refused_with_both(self) -> None:
        with pytest.raises(ConfigError, match="europe-west1/shop-00001-abc, us-east1/shop-00001-abc"):
            find_pair(("1", "2"), self.EVERY)
