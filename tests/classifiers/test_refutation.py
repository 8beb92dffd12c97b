from classifiers.findings import Change, Sighting
from classifiers.refutation import refuted_by
from classifiers.rivals import Split
from collector.replacing import replace
from tests.support.cases import case, grid

CASE = case(grid(new=10.0), [(n, "new") for n in range(240)])
SPLIT = Split(9.0, 100, 1000.0, 0, 5000.0, ("new",))
GOOD, BAD = Sighting("orders", "old", 0, 5000, 1), Sighting("orders", "new", 100, 1000, 2)


def test_a_failure_on_the_good_revision_and_calls_without_one_after_the_key_is_back_would_refute_it() -> None:
    told = refuted_by(CASE, SPLIT, Change("env_removed", "PAYMENT_KEY"), GOOD, BAD, "requests")

    assert told == (
        "a failure of this on old or one before it (so far none of 5,000 requests)",
        "a failure among the first 30 requests with PAYMENT_KEY as it was before",
    )


def test_of_code_it_is_a_row_of_calls_without_a_failure() -> None:
    assert refuted_by(CASE, SPLIT, Change("image", "image"), None, BAD, "requests") == (
        "30 requests in a row on new without one, while nothing is changed",
    )


def test_without_a_known_rate_no_number_is_told() -> None:
    assert refuted_by(CASE, Split(9.0, 100, 0.0, 0, 5000.0, ("new",)), None, None, BAD, "requests") == ()


def test_of_traffic_that_went_back_the_older_revisions_are_not_those_that_did_well() -> None:
    told = refuted_by(CASE, SPLIT, Change("traffic", "traffic"), replace(GOOD, exposed=1), BAD, "requests")

    assert told[0] == "a failure of this on old (so far none of 1 request)"


def test_a_share_of_entries_is_one_per_entry() -> None:
    told = refuted_by(CASE, SPLIT, None, replace(GOOD, failures=3), BAD, "entries")

    assert told[0] == "as many failures per entry on old as on new"
