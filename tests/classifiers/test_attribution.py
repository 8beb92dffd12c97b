import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.attribution import Weighed, lead_change, weigh
from classifiers.cases import Case
from classifiers.changes import Difference
from classifiers.config import AttributionConfig
from classifiers.findings import Change
from classifiers.lineage import Lineage
from classifiers.priors import MOST_ALONE
from classifiers.rivals import Candidate, Rival
from collector.records import Revision
from collector.replacing import replace
from tests.support.cases import MINUTE_NS, case, grid

CONFIG = AttributionConfig()
REMOVED = Change("env_removed", "PAYMENT_TOKEN")
IMAGE = Change("image", "image")
BOTH = Difference("old", "new", (REMOVED, IMAGE), "both", ())


def candidate(of: Case, revision: str, served_min: float) -> Candidate:
    return Candidate("p", "orders", revision, "own", round(served_min * MINUTE_NS), (), of.revisions, of.grid, 1.0)


def broken(failures: int = 100) -> Case:
    """Half of four hours on `old`, half on `new`, which fails evenly from its second minute to the end."""
    exposed = grid({"old": [10.0] * 120 + [0.0] * 120, "new": [0.0] * 120 + [10.0] * 120})
    return case(exposed, [(121 + n * 119 / failures, "new") for n in range(failures)])


def weighed(of: Case, *, shared: int = 0, text: str = "", difference: Difference | None = BOTH) -> Weighed:
    suspects = [(candidate(of, name, served), difference) for name, served in (("old", 0.0), ("new", 120.0))]
    return weigh(of, suspects, shared=shared, text=text, config=CONFIG)


def test_the_revision_that_fails_is_named_and_certainty_has_a_ceiling() -> None:
    turns = [10.0] * 60 + [0.0] * 60
    exposed = grid({"old": turns * 2, "new": turns[::-1] * 2})  # in turns, and only the one fails
    of = case(exposed, [(start + n * 0.6, "new") for start in (61, 181) for n in range(98)])
    found = weigh(of, [(candidate(of, "new", 60), BOTH)], shared=0, text="", config=CONFIG)

    assert found.best is not None
    assert found.best.candidate.revision == "new"
    assert found.best.confidence == CONFIG.most


def test_probabilities_of_all_explanations_add_up_to_one() -> None:
    found = weighed(broken(8))

    assert sum(weight.confidence for weight in found.weights) + found.outside + found.chance <= 1 + 1e-9


def test_a_revision_that_served_only_after_the_onset_is_never_named() -> None:
    of = broken()

    found = weigh(of, [(candidate(of, "new", 125), None)], shared=0, text="", config=CONFIG)

    assert found.weights == ()


@given(st.integers(0, 239), st.lists(st.floats(0, 239), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_no_attribution_names_a_revision_from_after_the_onset(served: int, minutes: list[float]) -> None:
    of = case(grid(new=10.0), [(minute, "new") for minute in minutes])

    found = weigh(of, [(candidate(of, "new", served), None)], shared=0, text="", config=CONFIG)

    assert all(weight.candidate.served_ns <= of.fit.latest_ns + MINUTE_NS for weight in found.weights)


def test_unrelated_services_that_fail_at_once_speak_against_the_deploy() -> None:
    alone, together = weighed(broken(12)).best, weighed(broken(12), shared=2).best

    assert alone is not None
    assert together is not None
    assert together.confidence < 0.5 < alone.confidence


def test_a_deploy_is_less_suspect_of_a_failure_that_was_there_before_it() -> None:
    exposed = grid({"old": [10.0] * 120 + [0.0] * 120, "new": [0.0] * 120 + [10.0] * 120})
    later = [(121 + n * 5.0, "new") for n in range(24)]
    of = case(exposed, [(10.0, "old"), (40.0, "old"), (80.0, "old"), (95.0, "old"), *later])
    suspects = [(candidate(of, name, served), BOTH) for name, served in (("old", 0.0), ("new", 120.0))]

    told = weigh(of, suspects, shared=0, text="", config=CONFIG).best
    likelier = CONFIG.model_copy(update={"bad_deploys": 10 * CONFIG.bad_deploys})  # as if it were a new failure
    equal = weigh(of, suspects, shared=0, text="", config=likelier).best

    assert told is not None
    assert equal is not None
    assert told.confidence < 0.5 < equal.confidence


@pytest.mark.parametrize(("failures", "linked", "most"), [(4, 1.0, 0.8), (100, 1.0, 0.97), (8, 0.0, 0.45)])
def test_few_failures_and_those_of_which_no_row_tells_the_revision_make_nobody_sure(
    failures: int, linked: float, most: float
) -> None:
    of = broken(failures)
    suspect = replace(candidate(of, "new", 120.0), linked=linked)

    best = weigh(of, [(suspect, BOTH)], shared=0, text="", config=CONFIG).best

    assert best is not None
    assert best.confidence <= most


def test_one_revision_alone_cannot_be_compared_and_is_not_blamed() -> None:
    of = case(grid(new=10.0), [(n, "new") for n in range(200)])

    found = weigh(of, [(candidate(of, "new", 0), None)], shared=0, text="", config=CONFIG)

    assert found.best is None or found.best.confidence < 0.5


def test_a_deploy_that_changed_nothing_is_less_suspect_than_one_whose_change_the_failure_names() -> None:
    nothing = weighed(broken(6), difference=Difference("old", "new", (), "nothing", ())).best
    named = weighed(broken(6), text="PAYMENT_TOKEN is missing").best

    assert nothing is not None
    assert named is not None
    assert named.named == REMOVED
    assert nothing.confidence < named.confidence


def lead(of: Case, difference: Difference, text: str = "") -> tuple[Change | None, tuple[Change, ...]]:
    best = weighed(of, difference=difference, text=text).best
    assert best is not None
    return lead_change(best, text)


def test_a_dropped_variable_comes_before_the_image() -> None:
    assert lead(broken(), BOTH) == (REMOVED, (IMAGE,))


def test_a_fault_of_code_points_to_the_image() -> None:
    of = broken()
    of.parts = '{"type":"builtins.TypeError"}'

    assert lead(of, BOTH) == (IMAGE, (REMOVED,))


def test_a_limit_that_was_met_points_to_its_change() -> None:
    limit = Change("memory_limit", "memory", "1Gi", "256Mi")
    difference = Difference("old", "new", (limit, IMAGE), "both", ())

    assert lead(broken(), difference, "Memory limit of 256 MiB exceeded")[0] == limit


def test_an_unknown_image_is_inferred_only_where_everything_else_is_equal() -> None:
    assert lead(broken(), Difference("old", "new", (), "not known", ("image",))) == (Change("image", "image"), ())
    assert lead(broken(), Difference("old", "new", (), "not known", ("image", "env"))) == (None, ())


def test_another_explanation_takes_its_share_beside_revisions_and_the_outside() -> None:
    of = broken(8)
    suspects = [(candidate(of, "new", 120.0), BOTH)]
    alone = weigh(of, suspects, shared=0, text="", config=CONFIG)
    best = alone.best
    assert best is not None
    told = [
        Rival("secret_rotation", "the secret changed", math.log(0.03) + best.split.gain + more, best.split)
        for more in (0.0, 2.0)
    ]

    found = weigh(of, suspects, shared=0, text="", rivals=told, config=CONFIG)

    assert [rival for rival, _ in found.rivals] == told[::-1]
    assert found.best is not None
    assert found.best.confidence < best.confidence
    whole = sum(one.confidence for one in found.weights) + sum(share for _, share in found.rivals)
    assert whole + found.outside + found.chance <= 1 + 1e-9


def test_the_first_revision_that_is_known_is_never_blamed() -> None:
    """What it brought, and whether it ran well before it was first seen, nobody knows."""
    exposed = grid({"old": [10.0] * 120 + [0.0] * 120, "new": [0.0] * 120 + [10.0] * 120})
    of = case(exposed, [(20 + n, "old") for n in range(100)])
    lineage = Lineage([served("old", 0), served("new", 120)])
    suspects = [(candidate(of, "old", 0), None)]

    found = weigh(of, suspects, shared=0, text="", lineage=lineage, config=CONFIG)

    assert found.best is not None
    assert found.best.confidence <= MOST_ALONE


def served(name: str, minute: int) -> Revision:
    at_ns = minute * MINUTE_NS
    return Revision("p", "orders", name, at_ns, None, None, at_ns, None, None, 100, None)
