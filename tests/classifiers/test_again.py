import math

from classifiers.again import again_split
from classifiers.cases import Case
from classifiers.rivals import Candidate, Split, Tally, revision_gain
from tests.support.cases import case, grid

NAMES = ("bad", "mended", "again")


def judged(*, mended_fails: bool = False) -> tuple[Case, Split, Split]:
    """An hour each: what one revision broke, the next mended and a third brought back; or what went on throughout."""
    asked = {name: [10.0 if minute // 60 == place + 1 else 0.0 for minute in range(240)]
             for place, name in enumerate(NAMES)}  # fmt: skip
    found = case(
        grid({"old": [10.0] * 60 + [0.0] * 180, **asked}),
        [(minute + 0.5, name) for minute, name in ((m, ["old", *NAMES][m // 60]) for m in range(60, 240))
         if mended_fails or name != "mended"],
    )  # fmt: skip
    candidate = Candidate("p", "orders", "again", "own", 0, (), found.revisions, found.grid, 1.0)
    tally = Tally.of(found, candidate)
    plain = revision_gain(found, candidate, tally=tally)
    return found, plain, again_split(found, candidate, plain, tally, ("old", "bad", "mended"), 0.03)


def test_what_was_mended_and_comes_back_is_the_doing_of_the_deploy_that_brought_it_back() -> None:
    found, plain, again = judged()

    assert again.revisions == ("bad", "again")
    assert (again.failures_bad, again.failures_good) == (found.units, 0)
    assert again.gain > plain.gain + 10 + math.log(0.03)


def test_what_was_never_mended_did_not_come_back() -> None:
    _, plain, again = judged(mended_fails=True)

    assert again == plain
