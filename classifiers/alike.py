"""Alike: signatures of one service that read alike and are clusters of their own, with what they differ in.

Nothing is merged here: a person may say so by a rule. What differs in a code or in the type of its exception is another
failure and is not proposed, only counted.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import orjson
import polars as pl
from msgspec import Struct

from classifiers.shapes import VALUE
from classifiers.statements import Templates
from classifiers.together import Moments

__all__ = ["Alike", "Member", "differences", "find_alike"]

_WORD = re.compile(r"(?:<\w+>|[\w.$/{}-])+")
_LEAST_WORDS = 2  # of a template, that say what it is about


class Member(Struct, frozen=True):
    """One signature that reads like others: the words that only it has, and what is known of it."""

    signature_id: str
    cluster_id: str
    title: str
    words: tuple[str, ...]
    failures: int
    entries: int
    revisions: tuple[str, ...]
    first_ns: int
    last_ns: int


class Alike(Struct, frozen=True):
    """Signatures of one service that read alike, in several clusters.

    template_id is None where frames make them alike, and where other signatures of the template are another failure.
    together: in how many moments of all those of the rarest two of them failed, and how many those are.
    """

    kind: Literal["template", "frames"]
    project: str
    service: str
    template: str
    template_id: str | None
    members: tuple[Member, ...]
    together: tuple[int, int]

    @property
    def entries(self) -> int:
        """Entries of all of them."""
        return sum(one.entries for one in self.members)


class _Told(Struct, frozen=True):
    """What of a signature makes it alike others."""

    id: str
    title: str
    type: str
    frames: tuple[str, ...]
    statement: str
    template: str
    template_id: str

    @property
    def codes(self) -> tuple[str, ...]:
        """What makes another failure of a statement that reads alike."""
        return (self.type, *sorted(word for word in _words(self.statement) if any(c.isdigit() for c in word)))


def find_alike(members: pl.DataFrame, failures: pl.DataFrame, templates: Templates) -> tuple[tuple[Alike, ...], int]:
    """What may be one failure, most entries first, and how many groups read alike but differ in a code or type.

    members: CLUSTER_SCHEMA. failures: rows of find_failures of the same history.
    """
    told = _told(templates)
    counted = _counted(failures)
    moments = Moments(failures)
    found: list[Alike] = []
    apart = 0
    keys = ["project", "service"]
    for (project, service), rows in sorted(members.partition_by(keys, as_dict=True).items(), key=str):
        clusters: dict[str, str] = dict(rows.select("signature_id", "cluster_id").iter_rows())
        place = _Place(str(project), str(service), clusters, counted, moments)
        present = [told[name] for name in sorted(clusters) if name in told and (project, service, name) in counted]
        groups, differing = _by_template(present, clusters)
        apart += differing
        found += [place.alike("template", group, is_whole=is_whole) for group, is_whole in groups]
        seen = {one.id for group, _ in groups for one in group}
        found += [place.alike("frames", group) for group in _by_frames(present, clusters, seen)]
    return tuple(
        sorted(found, key=lambda one: (-one.entries, one.project, one.service, one.members[0].signature_id))
    ), apart


def differences(statements: Sequence[str]) -> list[tuple[str, ...]]:
    """Of each statement the words that not all of them have, in its order."""
    counted = [Counter(_words(text)) for text in statements]
    shared = counted[0]
    for one in counted[1:]:
        shared = shared & one
    return [_beyond(text, shared) for text in statements]


def _beyond(text: str, shared: Mapping[str, int]) -> tuple[str, ...]:
    left = dict(shared)
    words = []
    for word in _words(text):
        if left.get(word, 0):
            left[word] -= 1
        else:
            words.append(word)
    return tuple(words)


def _words(text: str) -> list[str]:
    return [found.rstrip(".-") or found for found in _WORD.findall(text)]


def _told(templates: Templates) -> dict[str, _Told]:
    """Every signature that says something."""
    found = {}
    for name, title, parts in templates.signatures.select("signature_id", "title", "parts").iter_rows():
        if name in templates.by_signature:
            read: dict[str, Any] = orjson.loads(parts)
            template, key = templates.by_signature[name]
            frames = tuple(read.get("frames", ()))
            found[name] = _Told(
                name, title, read.get("type") or "", frames, templates.statement_of[name], template, key
            )
    return found


def _counted(failures: pl.DataFrame) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Failures, entries, revisions and times of each signature of a service."""
    keys = ["project", "service", "signature_id"]
    rows = failures.group_by(keys).agg(
        pl.col("occurrences").sum().alias("failures"),
        pl.col("entries").sum(),
        pl.col("revision").filter(pl.col("revision") != "").unique().sort().alias("revisions"),
        pl.col("first_ns").min(),
        pl.col("last_ns").max(),
    )
    return {(row["project"], row["service"], row["signature_id"]): row for row in rows.iter_rows(named=True)}


def _by_template(present: Iterable[_Told], clusters: Mapping[str, str]) -> tuple[list[tuple[list[_Told], bool]], int]:
    """Groups of one template, code and type, with whether one is all of its template; how many differ in these."""
    sharing: dict[str, list[_Told]] = defaultdict(list)
    for one in present:
        if len(_words(one.template.replace(VALUE, " "))) >= _LEAST_WORDS:
            sharing[one.template_id].append(one)
    groups = []
    differing = 0
    for group in sharing.values():
        parts: dict[tuple[str, ...], list[_Told]] = defaultdict(list)
        for one in group:
            parts[one.codes].append(one)
        differing += len({clusters[one.id] for one in group}) > 1 and len(parts) > 1
        groups += [(part, len(parts) == 1) for part in parts.values() if len({clusters[one.id] for one in part}) > 1]
    return groups, differing


def _by_frames(present: Iterable[_Told], clusters: Mapping[str, str], seen: set[str]) -> list[list[_Told]]:
    """Exceptions of one type that pass through one place of the code, in several clusters."""
    places: dict[tuple[str, str], list[_Told]] = defaultdict(list)
    for one in present:
        for frame in one.frames:
            places[one.type, frame].append(one)
    groups: dict[frozenset[str], list[_Told]] = {}
    for group in places.values():
        names = frozenset(one.id for one in group)
        if len({clusters[name] for name in names}) > 1 and not names <= seen:
            groups[names] = group
    return [group for names, group in groups.items() if not any(names < other for other in groups)]


class _Place(Struct, frozen=True):
    """One service, its clusters and counts."""

    project: str
    service: str
    clusters: Mapping[str, str]
    counted: Mapping[tuple[str, str, str], Mapping[str, Any]]
    moments: Moments

    def alike(self, kind: Literal["template", "frames"], group: Sequence[_Told], *, is_whole: bool = False) -> Alike:
        statements = [one.statement for one in group]
        words = (
            differences(statements)
            if len(set(statements)) > 1
            else differences([" ".join(one.frames) for one in group])
        )
        members = [self._member(one, only) for one, only in zip(group, words, strict=True)]
        members.sort(key=lambda one: (-one.entries, one.signature_id))
        rarest = min(members, key=lambda one: (one.entries, one.signature_id)).signature_id
        others = [one.signature_id for one in members if one.signature_id != rarest]
        template = group[0].template if kind == "template" else group[0].type
        return Alike(
            kind=kind,
            project=self.project,
            service=self.service,
            template=template,
            template_id=group[0].template_id if is_whole and len(set(statements)) > 1 else None,
            members=tuple(members),
            together=self.moments.met(self.project, self.service, [rarest], others),
        )

    def _member(self, one: _Told, words: tuple[str, ...]) -> Member:
        row = self.counted[self.project, self.service, one.id]
        return Member(
            signature_id=one.id,
            cluster_id=self.clusters[one.id],
            title=one.title,
            words=words,
            failures=int(row["failures"]),
            entries=int(row["entries"]),
            revisions=tuple(row["revisions"]),
            first_ns=int(row["first_ns"]),
            last_ns=int(row["last_ns"]),
        )
