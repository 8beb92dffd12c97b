"""Which known signature names a failure: what a signature tells in, known signatures out; linear in the text.

The phrases of all rules are found in one scan; the few rules left are tried on their other conditions, patterns last
and by Rust's engine. Nothing here knows of clusters.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import orjson
import polars as pl
from msgspec import Struct

from classifiers.known_signatures import Family, KnownSignature, Rule

__all__ = ["Matcher", "Named", "Subject", "subject_of"]

_MOST_CHARS = 8_000  # of a text: its beginning and its end, where head and cause stand
_STATUS = re.compile(r"\b[1-5]\d\d\b")  # what masking left of numbers are codes
_CLOSE_CODE = re.compile(r"\b(?:10(?:0\d|1[0-5])|[34]\d{3})\b")
_CLOSES = re.compile(r"(?i)\bclos|connectionclosed|socket|\bws\b|\b(?:sent|received) [134]\d{3}\b|wasclean|going away")


class Subject(Struct, frozen=True):
    """What of a signature a rule can ask for."""

    kind: str
    type: str
    text: str
    codes: frozenset[int]
    close_codes: frozenset[int]


class Named(Struct, frozen=True):
    """A known signature that matches, with its family; `is_own` where it is one of the user's."""

    signature: KnownSignature
    family: str
    is_own: bool

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """Of those that match, the highest names the failure; of equal ones the first by name."""
        return (self.is_own, not self.signature.general, self.signature.match.conditions)


def subject_of(kind: str, title: str, parts: str) -> Subject:
    """The subject of one row of signatures (SIGNATURE_SCHEMA)."""
    told: dict[str, Any] = orjson.loads(parts)
    type_, value = str(told.get("type") or ""), str(told.get("value") or "")
    lines = [f"{type_}: {value}" if type_ else value, str(told.get("message") or ""), title, *told.get("chain", ())[1:]]
    text = "\n".join(line for line in dict.fromkeys(lines) if line)
    if len(text) > _MOST_CHARS:
        text = f"{text[: _MOST_CHARS // 2]}\n{text[-_MOST_CHARS // 2 :]}"
    status = told.get("status")
    return Subject(
        kind=kind,
        type=type_,
        text=text,
        codes=frozenset([status] if status else map(int, _STATUS.findall(text))),
        close_codes=frozenset(map(int, _CLOSE_CODE.findall(text))) if _CLOSES.search(text) else frozenset(),
    )


class Matcher:
    """Rules of many known signatures, ready to be tried together."""

    def __init__(self, bundled: Sequence[Family], own: Sequence[Family] = ()) -> None:
        """A signature of `own` replaces the bundled one of its name, and wins over all bundled ones."""
        mine = [Named(one, family.name, is_own=True) for family in own for one in family.signatures]
        taken = {one.signature.name for one in mine}
        ours = [Named(one, family.name, is_own=False) for family in bundled for one in family.signatures]
        named = (*mine, *(one for one in ours if one.signature.name not in taken))
        rules = [one.signature.match for one in named]
        self._phrases = sorted(
            {phrase.lower() for rule in rules for group in (*rule.says, rule.unless) for phrase in group}
        )
        self._leads: dict[tuple[str, object], list[Named]] = defaultdict(list)
        for one in named:
            for key in _lead(one.signature.match):
                self._leads[key].append(one)

    def matching(self, subjects: Sequence[Subject]) -> list[list[Named]]:
        """Of each subject all known signatures whose rule it meets, the one that names it first."""
        tried = [self._tried(one, said) for one, said in zip(subjects, self._said(subjects), strict=True)]
        asked: dict[str, set[str]] = defaultdict(set)  # texts by pattern, so that each pattern is built once
        for subject, candidates in zip(subjects, tried, strict=True):
            for one in candidates:
                if one.signature.match.pattern:
                    asked[one.signature.match.pattern].add(subject.text)
        hits = {pattern: _hits(pattern, sorted(texts)) for pattern, texts in asked.items()}
        return [
            sorted(
                (one for one in candidates if _is_met(one.signature.match.pattern, subject, hits)),
                key=lambda one: (*(-int(part) for part in one.rank), one.signature.name),
            )
            for subject, candidates in zip(subjects, tried, strict=True)
        ]

    def _said(self, subjects: Sequence[Subject]) -> list[set[str]]:
        """The phrases, in lower case, that each text holds."""
        if not self._phrases:
            return [set() for _ in subjects]
        texts = pl.Series([one.text for one in subjects], dtype=pl.String).str.to_lowercase()
        found = texts.str.extract_many(self._phrases, overlapping=True)
        return [set(phrases) for phrases in found.to_list()]

    def _tried(self, subject: Subject, said: set[str]) -> list[Named]:
        """Those whose conditions are met, but for patterns."""
        keys: list[tuple[str, object]] = [("says", phrase) for phrase in sorted(said)]
        keys.append(("type", subject.type))
        keys += [("status", code) for code in sorted(subject.codes)]
        keys += [("close_code", code) for code in sorted(subject.close_codes)]
        candidates = {one.signature.name: one for key in keys for one in self._leads.get(key, ())}
        return [one for one in candidates.values() if _is_candidate(one.signature.match, subject, said)]


def _lead(rule: Rule) -> list[tuple[str, object]]:
    """The keys under which a rule is looked up: of one condition that it always has."""
    if rule.says:
        return [("says", phrase.lower()) for phrase in rule.says[0]]
    name = "type" if rule.type else "status" if rule.status else "close_code"
    return [(name, value) for value in getattr(rule, name)]


def _is_candidate(rule: Rule, subject: Subject, said: set[str]) -> bool:
    return (
        all(any(phrase.lower() in said for phrase in group) for group in rule.says)
        and not any(phrase.lower() in said for phrase in rule.unless)
        and (not rule.type or subject.type in rule.type)
        and (not rule.status or not subject.codes.isdisjoint(rule.status))
        and (not rule.close_code or not subject.close_codes.isdisjoint(rule.close_code))
        and (not rule.kind or subject.kind in rule.kind)
    )


def _hits(pattern: str, texts: list[str]) -> set[str]:
    """The texts that the pattern matches."""
    found = pl.Series(texts, dtype=pl.String)
    return set(found.filter(found.str.contains(f"(?i){pattern}")).to_list())


def _is_met(pattern: str | None, subject: Subject, hits: dict[str, set[str]]) -> bool:
    return not pattern or subject.text in hits[pattern]
