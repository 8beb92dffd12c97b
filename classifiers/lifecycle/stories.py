"""Stories: stored states put together by incident, and the incidents of now found among them. No I/O.

An incident is the story whose root it has; else the open one of which its root is a member, or whose root is among its
own. Two incidents of one story part only where different deploys are blamed for them: a link that is not seen in one
look is no evidence against it. An open story whose root another incident explains is merged into that one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

from msgspec import Struct, field

from classifiers.explained import BLAMED
from classifiers.findings import Incident
from classifiers.followed import IncidentState
from classifiers.lifecycle.members import Seen, is_same

__all__ = ["Placed", "Story", "Told", "place", "stories_of"]

_OPEN = frozenset({"new", "ongoing", "regressed"})


class Story(Struct, frozen=True, dict=True):
    """One incident as earlier looks stored it. `rows` are its own, oldest first; `members` the last row of each."""

    id: str
    rows: tuple[IncidentState, ...]
    members: dict[str, IncidentState]

    @property
    def last(self) -> IncidentState:
        """As it stood last."""
        return self.rows[-1]

    @property
    def is_open(self) -> bool:
        """It was neither over, nor put away, nor part of another."""
        return self.last.state in _OPEN and not self.last.merged_into

    @cached_property
    def root(self) -> IncidentState:
        """The row of the member that leads it."""
        return self.members.get(self.last.root, self.last)


class Told(Struct, frozen=True):
    """An incident of now with its members, the root first."""

    incident: Incident
    members: tuple[Seen, ...]

    @property
    def root(self) -> Seen:
        """What leads it."""
        return self.members[0]


class Placed(Struct):
    """A story, or None where it is a new one, with the incidents of now that are it, the leading one first.

    `merged` are stories that are part of it since now; `parted` the id of the story that it was told as part of.
    """

    story: Story | None
    told: list[Told] = field(default_factory=list)
    merged: list[Story] = field(default_factory=list)
    parted: str = ""


def stories_of(rows: Iterable[IncidentState]) -> tuple[Story, ...]:
    """Stories by the time they were first told; rows in the order of find_incident_states."""
    own: dict[str, list[IncidentState]] = defaultdict(list)
    members: dict[str, dict[str, IncidentState]] = defaultdict(dict)
    for row in rows:
        if row.finding_id:
            members[row.incident_id][row.finding_id] = row
        else:
            own[row.incident_id].append(row)
    return tuple(Story(name, tuple(told), members[name]) for name, told in own.items())


def place(told: Sequence[Told], stories: Sequence[Story]) -> list[Placed]:
    """Every incident of now, each once, and every story that none of them is, in the order of the incidents."""
    scored = sorted(
        (
            (-score, not story.is_open, story.rows[0].onset_ns, story.id, number)
            for story in stories
            if not story.last.merged_into
            for number, one in enumerate(told)
            if (score := _score(one, story))
        ),
    )
    by_id = {story.id: Placed(story) for story in stories if not story.last.merged_into}
    homes: dict[int, Placed] = {}
    for *_, name, number in scored:
        home = by_id[name]
        if number in homes:
            continue
        if home.told and _have_parted(home.told[0], told[number]):
            homes[number] = Placed(None, [told[number]], parted=name)
            continue
        home.told.append(told[number])
        homes[number] = home
    for score, _, _, name, number in scored:
        lost = by_id[name]
        if -score < _LEADS and not lost.told and lost.story and lost.story.is_open and homes[number] is not lost:
            homes[number].merged.append(lost.story)
            del by_id[name]
            by_id[name] = Placed(None)  # told of in the other one
    new = {number: Placed(None, [one]) for number, one in enumerate(told) if number not in homes}
    found: dict[int, Placed] = {}
    for number in range(len(told)):
        home = homes.get(number) or new[number]
        found.setdefault(id(home), home)
    rest = [one for one in by_id.values() if one.story is not None and not one.told]
    return [*found.values(), *rest]


_LEADS = 3


def _score(told: Told, story: Story) -> int:
    """How nearly an incident is a story: 3 by its root, 2 its root is a member, 1 the story's root is; 0 it is not."""
    root = story.root
    if _is(root, told.root):
        return _LEADS
    if not story.is_open:
        return 0
    if any(_is(row, told.root) for row in story.members.values()):
        return 2
    return int(any(_is(root, one) for one in told.members))


def _is(row: IncidentState, seen: Seen) -> bool:
    return is_same(row, seen.project, seen.service, seen.id, seen.signature_ids)


def _have_parted(one: Told, other: Told) -> bool:
    """Different deploys are blamed for them."""
    blamed = [each.root.attribution for each in (one, other)]
    named = [(it.service, it.revision) if it and it.confidence >= BLAMED else None for it in blamed]
    return None not in named and named[0] != named[1]
