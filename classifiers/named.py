"""Naming: how much the words of a failure speak for one change of a deploy, as a likelihood ratio.

P(the failure says so | this change did it) over P(it says so by chance). A failure that tells the whole name of a
variable does so in about a third of the cases in which that variable did it, and by chance in a few of a thousand that
fail for other reasons; that is what the other failures of the same history are counted for: a name that every failure
tells proves nothing.
"""

import re
from collections.abc import Iterable, Sequence

from classifiers.cases import Case
from classifiers.findings import Change
from classifiers.natures import OUT_OF_MEMORY, is_code_fault
from classifiers.service_names import plain_name

__all__ = ["Namings", "Said", "likeliest", "naming", "read_text", "told_words"]

Said = tuple[str, frozenset[str], str]  # a text, its words, and all of it in small letters

_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])|[0-9]{3,}")
_DULL = frozenset(
    {"url", "uri", "key", "id", "env", "name", "api", "app", "the", "host", "port", "service", "secret", "token"}
)
_KEYED = frozenset({"env_removed", "env_changed", "secret_ref_changed", "env_added"})
_LIMITS = {
    "memory_limit": OUT_OF_MEMORY,
    "cpu_limit": r"\bcpu\b|throttl",
    "concurrency": r"no available instance|too many (?:concurrent )?(?:requests|connections)|concurren|pool exhausted",
    "max_instances": r"no available instance|rate exceeded|instance limit",
    "timeout": r"request timeout|upstream request timeout|has been terminated because it has reached the maximum",
    "service_account": r"permission|forbidden|denied|unauthori[sz]ed|iam",
    "vpc": r"connector|unreachable|no route|connect",
    "cloud_sql": r"cloudsql|database|postgres|mysql|sql",
}
# P(said | this change did it), and what P(said by chance) is taken for before any other failure was read: the second as
# so many failures that say it, among so many.
_PRIORS = {
    "whole": (0.35, (0.1, 10.0)),  # the whole name of the variable, or of its secret
    "words": (0.3, (0.5, 10.0)),  # all its telling words, somewhere
    "service": (0.3, (0.5, 10.0)),  # the service that the variable points to, going by its name
    "kind": (0.5, (1.0, 10.0)),  # a failure of the kind that such a change brings
}
_CODE = 2.5  # a fault of code: half of what a new image brings, a fifth of all that fails
_FROM = 1.5  # a ratio below it names nothing


class Namings:
    """What all failures of a history say, to tell which words are common among them."""

    def __init__(self, texts: Iterable[str] = (), services: Iterable[str] = ()) -> None:
        """`services` are the names of those that a variable may point to."""
        names = sorted(set(map(plain_name, services)))
        self._services = [(name, words) for name in names if (words := _words(name) - _DULL)]
        self._texts = [read_text(text) for text in texts]
        self._ways: dict[Change, tuple[tuple[str, str], ...]] = {}
        self._known: dict[tuple[str, str], int] = {}

    def ways(self, change: Change) -> tuple[tuple[str, str], ...]:
        """What a failure may say of a change: the whole name, its telling words, its secret or service, or a kind."""
        if change not in self._ways:
            self._ways[change] = tuple(_ways(change, self._services))
        return self._ways[change]

    def chance(self, pattern: str, way: str, prior: tuple[float, float]) -> float:
        """How often a failure says so for other reasons. The one that is asked about is among those counted."""
        if (pattern, way) not in self._known:
            self._known[pattern, way] = sum(_says(way, pattern, *one) for one in self._texts)
        others = max(self._known[pattern, way] - 1, 0)
        return (prior[0] + others) / (prior[1] + max(len(self._texts) - 1, 0))


def read_text(text: str) -> Said:
    """A text as naming reads it."""
    return text, _words(text), text.lower()


def naming(change: Change, case: Case, said: Said, namings: Namings) -> float:
    """How many times as likely the failure's words are if this change did it; 1 where they say nothing of it."""
    found = 1.0
    for way, pattern in namings.ways(change):
        if _says(way, pattern, *said):
            likely, prior = _PRIORS[way]
            found = max(found, likely / namings.chance(pattern, way, prior))
    if change.type == "image" and is_code_fault(case):
        found = max(found, _CODE)
    return found if found >= _FROM else 1.0


def _ways(change: Change, services: Iterable[tuple[str, frozenset[str]]]) -> Iterable[tuple[str, str]]:
    if change.type in _KEYED:
        name = change.name.rpartition("/")[2]
        yield "whole", name
        yield from _wordings(name)
        words = _words(name)
        yield from (("service", one) for one, telling in services if telling <= words)
        for told in (change.before, change.after):
            secret = re.match(r"secret (\S+):\S+\Z", told or "")
            if secret:
                short = secret[1].rpartition("/")[2]
                yield "whole", short
                yield from _wordings(short)
    elif change.type in _LIMITS:
        yield "kind", _LIMITS[change.type]


def _wordings(name: str) -> Iterable[tuple[str, str]]:
    """The telling words of a name, where there are two of them: one alone is told for many reasons."""
    words = sorted(_words(name) - _DULL)
    if len(words) > 1:
        yield "words", " ".join(words)


def _says(way: str, pattern: str, text: str, words: frozenset[str], lowered: str) -> bool:
    if way in {"whole", "service"}:
        return re.search(rf"(?<![A-Za-z0-9_]){re.escape(pattern)}(?![A-Za-z0-9_])", text) is not None
    if way == "words":
        return words.issuperset(pattern.split(" "))
    return re.search(pattern, lowered) is not None


def _words(text: str) -> frozenset[str]:
    """Words in small letters, those of names written together apart as well."""
    return frozenset(word.lower() for word in (*_WORD.findall(text), *re.findall(r"[A-Za-z0-9]+", text)))


def told_words(change: Change, text: str) -> int:
    """How many telling words of a variable's name the failure says: too little to weigh, enough to choose by."""
    return len((_words(change.name) - _DULL) & _words(text)) if change.type in _KEYED else 0


def likeliest(changes: Sequence[Change], ratios: Sequence[float]) -> Change | None:
    """The change that the failure names most, the most telling of equals; None where it names none."""
    best = max(zip(ratios, range(0, -len(changes), -1), strict=True), default=(1.0, 0))
    return changes[-best[1]] if best[0] > 1 else None
