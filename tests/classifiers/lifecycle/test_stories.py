"""Which story an incident of now is: found again, merged, parted; and what a mute makes of it."""

import pytest

from classifiers.config import HistoryConfig
from classifiers.findings import Cluster, Findings, Incident, Mute, Tracked
from classifiers.followed import IncidentState
from classifiers.history import History, read_history
from classifiers.lifecycle.combined import combine
from classifiers.lifecycle.judging import Judged
from classifiers.lifecycle.members import Seen
from classifiers.lifecycle.proofs import Proven
from classifiers.lifecycle.stories import stories_of
from classifiers.lifecycle.track import fresh_rows, track
from collector.replacing import replace
from collector.window import NS_PER_S, Window
from tests.support.cases import case, grid
from tests.support.findings import END_NS, HOUR_NS, ONSET_NS, attribution, cluster, findings
from tests.support.system import System

A = cluster(id="c-a", title="queue full", signature_ids=("a1", "a2", "a3"), attribution=None, state="ongoing")
B = cluster(id="c-b", title="orders fail", service="desk", signature_ids=("b1",), attribution=None, state="ongoing")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """A history that knows nothing of these failures."""
    system = System()
    system.request(0, "shop", "shop-00001-aaa")
    with system.stored(tmp_path_factory.mktemp("bare")).read() as reader:
        return read_history(reader, window=Window(END_NS - HOUR_NS, END_NS), config=HistoryConfig())


class Told:
    """Looks an hour apart, each over what the ones before stored."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.rows: list[IncidentState] = []
        self.now_ns = END_NS

    def look(self, *incidents: tuple[Cluster, ...], mutes: tuple[Mute, ...] = ()) -> tuple[Tracked, ...]:
        """Incidents, each its root and what that explains."""
        self.now_ns += HOUR_NS
        told = self.findings(incidents, mutes)
        tracked = track(told, self.history, {}, self.rows)
        self.rows += fresh_rows(tracked)
        return tracked

    def findings(self, incidents: tuple[tuple[Cluster, ...], ...], mutes: tuple[Mute, ...]) -> Findings:
        """What one look sees."""
        made = tuple(
            Incident(number, one[0].id, tuple(it.id for it in one[1:]), one[0].priority, one[0].title, is_ongoing=True)
            for number, one in enumerate(incidents, start=1)
        )
        window = Window(self.now_ns - 24 * HOUR_NS, self.now_ns)
        return replace(
            findings(), window=window, now_ns=self.now_ns, clusters=tuple(it for one in incidents for it in one),
            incidents=made, absent_events=(), latency=(), standing=(), mutes=mutes,
        )  # fmt: skip


@pytest.fixture
def told(history: History) -> Told:
    return Told(history)


def test_the_id_stays_while_root_title_members_and_leading_signature_move(told: Told) -> None:
    (first,) = told.look((A,))
    (again,) = told.look((replace(A, id="c-a2", title="queue is full", signature_ids=("a2", "a3", "a4")), B))
    (led,) = told.look((B, replace(A, id="c-a2", signature_ids=("a2", "a3", "a4"))))

    assert {first.id, again.id, led.id} == {first.id}
    assert again.title == "queue is full"
    assert led.root == "c-b"


def test_another_failure_of_the_same_service_is_another_incident(told: Told) -> None:
    told.look((A,))
    both = told.look((A,), (cluster(id="c-c", signature_ids=("c1", "c2", "a1"), attribution=None),))

    assert len({one.id for one in both}) == 2


def test_two_incidents_that_turn_out_to_be_one_are_merged_and_say_so(told: Told) -> None:
    first, second = told.look((A,), (B,))
    whole, lost = told.look((A, B))
    (later,) = told.look((A, B))

    assert (whole.id, lost.id, later.id) == (first.id, second.id, first.id)
    assert lost.merged_into == first.id
    assert not lost.is_open
    assert lost.statement == "it follows from shop: queue full"
    assert {one.finding_id for one in whole.members} == {"c-a", "c-b"}


def test_a_link_that_is_not_seen_in_one_look_parts_nothing(told: Told) -> None:
    (first,) = told.look((A, B))
    apart = told.look((A,), (B,))

    assert [one.id for one in apart] == [first.id]
    assert not apart[0].fresh


def test_two_deploys_that_are_blamed_part_an_incident(told: Told) -> None:
    blamed = replace(A, attribution=attribution())
    other = replace(B, attribution=attribution(service="desk", revision="desk-00004-new"))
    (first,) = told.look((blamed, B))
    kept, parted = told.look((blamed,), (other,))

    assert kept.id == first.id
    assert parted.id != first.id
    assert parted.related == (first.id,)
    assert parted.statement.startswith("it was told as part of another incident until now")


def test_the_priority_told_is_the_highest_since_its_onset(told: Told) -> None:
    told.look((replace(A, priority="P2"),))
    (worse,) = told.look((replace(A, priority="P0"),))
    (later,) = told.look((replace(A, priority="P2"),))

    assert (worse.priority, later.priority) == ("P0", "P0")
    assert worse.fresh
    assert not later.fresh


def test_a_person_who_closed_a_ticket_claims_its_end_and_ends_nothing(told: Told) -> None:
    (first,) = told.look((A,))
    told.now_ns += HOUR_NS
    findings_now = told.findings(((A,),), ())

    before, after = (
        track(findings_now, told.history, {}, told.rows, {first.id: A.last_ns + late})[0]
        for late in (-HOUR_NS, HOUR_NS)
    )

    assert before.is_open
    assert before.statement.endswith("it failed after that")
    assert after.is_open
    assert "a person closed it at" in after.statement
    assert after.statement.endswith("that is not proven yet")


def _mute(told: Told, **changes: object) -> Mute:
    made = Mute("m1", A.project, A.service, A.id, A.title, A.signature_ids, told.now_ns + 9 * HOUR_NS, told.now_ns, "")
    return replace(made, **changes)  # type: ignore[arg-type] # fields of the record


def test_what_is_muted_says_until_when_and_is_not_open(told: Told) -> None:
    told.look((A,))
    (muted,) = told.look((A,), mutes=(_mute(told),))

    assert (muted.state, muted.is_open) == ("muted", False)
    assert muted.statement.startswith("muted until")


def test_a_variant_that_was_not_muted_wakes_it(told: Told) -> None:
    told.look((A,))
    mute = _mute(told)
    told.look((A,), mutes=(mute,))
    variant = replace(A, signature_ids=(*A.signature_ids, "a9"))
    (woken,) = told.look((variant,), mutes=(replace(mute, woken_by="a9"),))

    assert woken.state == "new"
    assert woken.statement.startswith("a variant that was not muted wakes it")
    assert [row.state for row in woken.history] == ["ongoing", "muted", "new"]


def test_a_mute_that_is_over_gives_it_back_as_going_on(told: Told) -> None:
    told.look((A,))
    told.look((A,), mutes=(_mute(told, until_ns=told.now_ns + HOUR_NS + NS_PER_S),))
    (back,) = told.look((A,), mutes=(_mute(told, until_ns=told.now_ns),))

    assert back.state == "ongoing"
    assert back.statement.startswith("the mute is over")


def test_what_was_told_once_stands_until_its_rate_changes(told: Told) -> None:
    told.look((A,))
    old = replace(A, state="standing")
    told.now_ns += HOUR_NS
    window = Window(told.now_ns - 24 * HOUR_NS, told.now_ns)
    incident = Incident(1, A.id, (), "P1", A.title, is_ongoing=True)
    bare = replace(findings(), window=window, clusters=(A,), incidents=(incident,), standing=(old,), mutes=())
    stands = track(bare, told.history, {}, told.rows)
    told.rows += fresh_rows(stands)
    (later,) = told.look((A,))
    (changed,) = told.look((replace(A, onset=replace(A.onset, at_ns=told.now_ns)),))

    assert [stands[0].state, later.state, changed.state] == ["standing", "standing", "ongoing"]


@pytest.mark.parametrize(
    ("failed", "said"),
    [
        ([100, 103, 110, 130, 133, 140], "it goes on as it has since 01-01 01:40: told no more until its rate changes"),
        ([25, 60, 90, 120, 150, 180], "it fails as it always did: told no more until its rate changes"),
    ],
)
def test_what_was_asked_longer_before_its_first_failure_than_it_paused_since_began_then(
    told: Told, failed: list[float], said: str
) -> None:
    told.look((A,))
    (story,) = stories_of(told.rows)
    made = case(grid(r1=5), [(minute, "r1") for minute in failed])
    seen = Seen(A.id, A.project, A.service, A.title, A.signature_ids, ONSET_NS, ONSET_NS, "ongoing", "P1", case=made)
    judged = Judged(seen, "ongoing", None, "", ONSET_NS, "", ONSET_NS, 0, Proven("waits"))

    stands = combine([judged], story, replace(findings(), standing=(A,), mutes=()))

    assert (stands.state, stands.statement) == ("standing", said)
