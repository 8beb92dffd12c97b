"""What is said of an old revision that fails since it took the traffic again."""

from classifiers.accusation import attribution_of
from classifiers.attribution import weigh
from classifiers.changes import Difference
from classifiers.config import AttributionConfig
from classifiers.findings import Change
from classifiers.lineage import Lineage
from classifiers.named import Namings
from classifiers.rivals import Candidate
from classifiers.weighing import Judged
from collector.replacing import replace
from tests.support.cases import MINUTE_NS, case, grid

BACK = 180 * MINUTE_NS


def test_what_it_served_before_is_told_and_no_first_service_is_claimed() -> None:
    exposed = grid({"r1": [10.0] * 90 + [0.0] * 90 + [10.0] * 60, "r2": [0.0] * 90 + [10.0] * 90 + [0.0] * 60})
    of = case(exposed, [(180.5 + n / 4, "r1") for n in range(200)])
    moved = Difference("r2", "r1", (Change("traffic", "traffic", "r2", "r1"),), "config only", ())
    again = Candidate("p", "orders", "r1", "own", BACK, (), of.revisions, of.grid, 1.0, (), BACK - MINUTE_NS)
    found = weigh(
        of, [(again, moved)], shared=0, text="price is missing", lineage=Lineage(()), namings=Namings([]),
        config=AttributionConfig(),
    )  # fmt: skip

    found = replace(found, weights=(replace(found.weights[0], confidence=0.9),))
    claim = attribution_of(Judged(of, of.cluster_id, None, found, (), "price is missing", Lineage(())))

    assert claim is not None
    told = [fact.statement for fact in claim.evidence]
    assert "the same revision served before that: 0 of 900 requests failed then" in told
    (first,) = [text for text in told if text.startswith("the first failure on")]
    assert first == "the first failure on r1 came 30 s after it was given the traffic again (1970-01-01T03:00:00Z)"
