import math

import pytest
from pydantic import ValidationError

from classifiers.config import AttributionConfig
from classifiers.priors import MOST_ALONE, deploy_prior, shared_out, surest
from classifiers.rivals import Candidate, Relation, Split
from tests.support.cases import MINUTE_NS, case, grid

CONFIG = AttributionConfig()
FOUND = case(grid(old=5.0, new=5.0), [(130 + n, "new") for n in range(20)])


def prior(relation: Relation, *, known: bool = False, served_min: int = 120) -> float:
    candidate = Candidate("p", "orders", "new", relation, served_min * MINUTE_NS, (), FOUND.revisions, FOUND.grid, 1.0)
    return math.exp(deploy_prior(FOUND, candidate, {("orders", "new")} if known else (), CONFIG))


def test_a_deploy_breaks_its_own_service_most_often_and_what_is_new_before_what_was_there() -> None:
    relations: tuple[Relation, ...] = ("own", "callee", "caller", "linked")
    chances = [prior(one) for one in relations]

    assert chances == sorted(chances, reverse=True)
    assert chances[0] == pytest.approx(CONFIG.bad_deploys)
    assert prior("own", known=True) == pytest.approx(10 * chances[0])
    assert prior("own", served_min=140) == pytest.approx(chances[0] / 10)


def test_many_clusters_share_one_prior() -> None:
    assert shared_out(1) == 0
    assert shared_out(300) == pytest.approx(math.log(0.01))


def test_certainty_grows_with_the_failures_that_were_counted() -> None:
    def most(failures: int, *, linked: float = 1.0, is_alone: bool = False) -> float:
        return surest(FOUND, Split(9.0, failures, 100.0, 0, 100.0), linked, CONFIG, is_alone=is_alone)

    assert most(4) == pytest.approx(0.8)
    assert most(1000) == CONFIG.most
    assert most(10, linked=0.0) == pytest.approx(0.5)
    assert most(1000, is_alone=True) == MOST_ALONE < 0.5


def test_settings_that_are_no_settings_any_more_are_refused() -> None:
    with pytest.raises(ValidationError):
        AttributionConfig.model_validate({"known_factor": 10.0})
