"""What stored states make of the findings of one look."""

from classifiers.findings import Findings
from classifiers.followed import IncidentState, MemberState, Tracked
from classifiers.lifecycle.applied import with_tracked
from classifiers.states import State
from collector.replacing import replace
from tests.support.findings import END_NS, HOUR_NS, ONSET_NS, findings


def _applied(state: State, symptom: State) -> Findings:
    """The built incident, told by an earlier look, with its root in a state and its symptom in another."""
    known = findings()
    first = known.incidents[0]
    row = IncidentState(
        "i1", "", "new", None, "", ONSET_NS, END_NS - HOUR_NS, "", "acme-test", "shop", "", "P0", first.root,
        (first.root, *first.symptoms), ("s1",), ONSET_NS, END_NS - HOUR_NS, 0, 2,
    )  # fmt: skip
    states = {first.root: state} | dict.fromkeys(first.symptoms, symptom)
    members = tuple(MemberState(name, "shop", "", told, None, "", ONSET_NS) for name, told in states.items())
    one = Tracked(
        "i1", first.number, state, None, "", ONSET_NS, "acme-test", "shop", "", first.root, "P0", ONSET_NS,
        END_NS - HOUR_NS, members, history=(row,),
    )  # fmt: skip
    return with_tracked(replace(known, tracked=()), (one,))


def test_an_incident_that_is_over_goes_on_in_none_of_its_members() -> None:
    told = _applied("resolved", "new")

    assert told.incidents[0].symptoms
    assert not told.incidents[0].is_ongoing


def test_an_incident_that_is_open_goes_on_while_one_of_its_members_does() -> None:
    assert _applied("ongoing", "resolved").incidents[0].is_ongoing
