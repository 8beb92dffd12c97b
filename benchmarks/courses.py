"""What is true of failures over time, and a court that holds what was told of them, look by look, against it.

For benchmarks/lifecycle.py. A course is a root of truth.json with the times in which it was broken. Where the truth has
none, a root is broken from its onset on, until its last entry where it is over at the end. Noise is never mended.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from collector.window import parse_instant_ns

__all__ = ["Course", "Court", "Said", "Truth"]

_MINUTE_NS = 60_000_000_000
_HOUR_NS = 60 * _MINUTE_NS
_FEWEST = 4  # entries of a time of being broken that has to be told
_FEW_CALLS = 3  # after a mending: nothing can be told of it
_SLACK_NS = 2 * _MINUTE_NS  # a mended revision takes the traffic by and by
NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Spell:
    """A time of being broken; `until_ns` is None where it goes on after the end."""

    from_ns: int
    until_ns: int | None
    entries: int

    def holds(self, at_ns: int) -> bool:
        """It is broken at an instant."""
        return self.from_ns <= at_ns and (self.until_ns is None or at_ns < self.until_ns)


@dataclass(frozen=True, slots=True)
class Course:
    """One root of the truth over time. `is_provable`: enough calls were made after the last mending."""

    id: str
    spells: tuple[Spell, ...]
    is_provable: bool
    manner: str

    def is_broken(self, at_ns: int) -> bool:
        """It is broken at an instant."""
        return any(spell.holds(at_ns) for spell in self.spells)

    def has_come_back(self, at_ns: int) -> bool:
        """It is broken again, or was, after it had been mended."""
        return any(spell.from_ns <= at_ns for spell in self.spells[1:])

    def turns(self, end_ns: int) -> int:
        """How often its state changes up to an instant: broken, over, broken."""
        ends = [spell.until_ns for spell in self.spells if spell.until_ns is not None]
        return sum(at_ns < end_ns for at_ns in (*(spell.from_ns for spell in self.spells), *ends))


class Truth:
    """Courses by root, and which root each entry belongs to."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        rows = {row["id"]: row for row in document["clusters"]}
        self.start_ns, self.end_ns = (_ns(document["window"][name]) for name in ("start", "end"))
        self._of: dict[str, tuple[str, str]] = {}
        for row in rows.values():
            root = row["ancestors"][-1] if row["ancestors"] else row["id"]
            for one in (*row["insert_ids"], *row.get("companion_insert_ids", ())):
                self._of[one] = (root, row["id"])
        for row in document["noise"]:
            self._of.update((one, (NOISE, row["id"])) for one in row["insert_ids"])
        told = {row["cluster"]: row for row in document.get("courses", ())}
        roots = [row for row in rows.values() if row["role"] == "root"]
        self.courses = {row["id"]: _course(row, told.get(row["id"])) for row in roots}
        self.same = [set(group) for group in document.get("merge_ok", ())]

    def count(self, entries: Iterable[tuple[str, int]]) -> None:
        """Takes in which entries (insert id, when) were stored, so that each time of being broken knows how many."""
        times: dict[str, list[int]] = defaultdict(list)
        for insert_id, at_ns in entries:
            times[self._of.get(insert_id, ("", ""))[0]].append(at_ns)
        for name, course in self.courses.items():
            spells = [replace(one, entries=sum(map(one.holds, times[name]))) for one in course.spells]
            self.courses[name] = replace(course, spells=tuple(spells))

    def of(self, insert_ids: Iterable[str]) -> tuple[str, str]:
        """Root and cluster that most entries belong to; `("", "")` for what the truth does not know."""
        found = Counter(self._of.get(one, ("", "")) for one in insert_ids)
        return found.most_common(1)[0][0] if found else ("", "")


def _course(row: Mapping[str, Any], told: Mapping[str, Any] | None) -> Course:
    first_ns, last_ns = (_ns(row[name]) for name in ("onset", "last_seen"))
    if told is None:
        is_over = row["expected_state"] == "resolved"
        spell = Spell(first_ns, last_ns + 1 if is_over else None, len(row["insert_ids"]))
        return Course(row["id"], (spell,), is_provable=True, manner="steady")
    spells = tuple(Spell(_ns(one["from"]), _ns(one["until"]) if one["until"] else None, 0) for one in told["broken"])
    after = told["attempts_after"]
    return Course(row["id"], spells, is_provable=after is None or after >= _FEW_CALLS, manner=told["manner"])


def _ns(text: str) -> int:
    return parse_instant_ns(text, name="truth", now_ns=0)


@dataclass(frozen=True, slots=True)
class Said:
    """One claim at a look: the state of an incident as a channel was told it, or as it was stored.

    roots: of the truth, that of the incident's root first; "" for what the truth does not know.
    """

    look_ns: int
    incident_id: str
    state: str
    roots: tuple[str, ...]
    clusters: tuple[str, ...] = ()
    title: str = ""


@dataclass
class Court:
    """Counts what was told. `add` takes what was said in order of looks; `figures` gives sums and rates."""

    truth: Truth
    said: list[Said] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, said: Said) -> None:
        """One more claim, judged."""
        self.said.append(said)
        why = self._false_resolved(said) if said.state == "resolved" else ""
        if said.state == "regressed":
            why = self._false_regressed(said)
        if why:
            self.errors.append(f"{self._hour(said.look_ns)} {said.state}: {why}: {said.incident_id} {said.title[:70]}")

    def _false_resolved(self, said: Said) -> str:
        if said.roots[:1] == (NOISE,):
            return "standing noise goes on"
        at_ns = said.look_ns
        for course in self._courses(said):
            if any(spell.holds(at_ns) and spell.holds(at_ns + _SLACK_NS) for spell in course.spells):
                return f"{course.id} ({course.manner}) is still broken"
            if not course.is_provable and at_ns >= (course.spells[-1].until_ns or at_ns + 1):
                return f"{course.id} is proven by nothing"
        return ""

    def _false_regressed(self, said: Said) -> str:
        courses = self._courses(said)
        if not courses:
            return "nothing known"
        if any(course.has_come_back(said.look_ns) for course in courses):
            return ""
        return f"{courses[0].id} ({courses[0].manner}) has not come back"

    def _courses(self, said: Said) -> list[Course]:
        return [self.truth.courses[name] for name in dict.fromkeys(said.roots) if name in self.truth.courses]

    def _hour(self, at_ns: int) -> str:
        return f"h {(at_ns - self.truth.start_ns) / _HOUR_NS:6.1f}"

    def figures(self, end_ns: int) -> dict[str, Any]:
        """Sums over all looks up to the last one."""
        resolved = [one for one in self.said if one.state == "resolved"]
        regressed = [one for one in self.said if one.state == "regressed"]
        told = self._told(end_ns)
        return {
            "claims": len(self.said), "resolved": len(resolved), "regressed": len(regressed),
            "false_resolved": sum(" resolved:" in line for line in self.errors),
            "false_regressed": sum(" regressed:" in line for line in self.errors),
            **told,
        }  # fmt: skip

    def _told(self, end_ns: int) -> dict[str, Any]:
        """Of each course: duplicates, flapping, missed changes and delays."""
        sums: dict[str, Any] = {"incidents": 0, "duplicates": 0, "apart": 0, "noise": 0, "flapping": 0, "missed": 0}
        delays: dict[str, list[float]] = defaultdict(list)
        by_root = self._by_root()
        sums["noise"] = len({one.incident_id for one in (*by_root.pop(NOISE, []), *by_root.pop("", []))})
        for name, course in self.truth.courses.items():
            mine = by_root.get(name, [])
            opened = _opened(mine)
            sums["incidents"] += len(opened)
            kinds = Counter(one.clusters[:1] for one in opened.values())
            own = sum(many - 1 for many in kinds.values())
            sums["duplicates"] += own
            sums["apart"] += max(0, len(opened) - 1 - own)
            if own:
                self.errors.append(f"       duplicate: {name} told by {', '.join(opened)}")
            sums["flapping"] += max(0, _turns(mine) - max(1, course.turns(end_ns)))
            for kind, due_ns, told_ns in _due(course, mine, end_ns):
                if told_ns is None:
                    sums["missed"] += 1
                    self.errors.append(f"{self._hour(due_ns)} missed: {kind} of {name}")
                else:
                    delays[kind].append((told_ns - due_ns) / _HOUR_NS)
        hours = {f"{kind}_after_h": round(median(found), 1) for kind, found in sorted(delays.items())}
        return {**sums, "told": sum(map(len, delays.values())), **hours}

    def _by_root(self) -> dict[str, list[Said]]:
        found: dict[str, list[Said]] = defaultdict(list)
        for one in self.said:
            main = one.roots[0] if one.roots else ""
            names = {main} | {name for group in self.truth.same if main in group for name in group & set(one.roots)}
            for name in names:
                found[name].append(one)
        return found


def _opened(mine: list[Said]) -> dict[str, Said]:
    """The first word on each incident, by id."""
    found: dict[str, Said] = {}
    for one in mine:
        found.setdefault(one.incident_id, one)
    return found


def _turns(mine: list[Said]) -> int:
    """How often the state that was told turned, over all incidents of one root. To be put away is no turn, back is."""
    turns, now = 0, ""
    for one in mine:
        side = "over" if one.state == "resolved" else "put away" if one.state in {"muted", "standing"} else "broken"
        turns += side not in {now, "put away"}
        now = side
    return turns


def _due(course: Course, mine: list[Said], end_ns: int) -> Iterable[tuple[str, int, int | None]]:
    """What had to be told of a course: kind, since when, and when it was told; None where it never was."""
    for at, spell in enumerate(course.spells):
        if spell.entries < _FEWEST or spell.from_ns > end_ns - 2 * _HOUR_NS:
            continue
        after_ns = course.spells[at + 1].from_ns if at + 1 < len(course.spells) else end_ns
        kind = "regressed" if at else "open"
        states = {"regressed"} if at else {"new", "ongoing", "regressed", "resolved"}
        yield kind, spell.from_ns, _first(mine, states, spell.from_ns, after_ns + 1)
        if spell.until_ns is not None and course.is_provable and spell.until_ns < after_ns - 3 * _HOUR_NS:
            yield "resolved", spell.until_ns, _first(mine, {"resolved"}, spell.until_ns - _SLACK_NS, after_ns + 1)


def _first(mine: list[Said], states: set[str], from_ns: int, until_ns: int) -> int | None:
    return next((one.look_ns for one in mine if one.state in states and from_ns <= one.look_ns < until_ns), None)
