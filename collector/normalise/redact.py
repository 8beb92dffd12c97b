"""Redaction: text in, the same text without secrets out. It runs before the first byte is stored (law 7).

Known forms only: tokens of known shape (redact_tokens.py), headers (redact_headers.py), logins in addresses and on
command lines (redact_addresses.py), values beside a secret-sounding name (redact_names.py),
e-mail addresses, cards and accounts of people (redact_people.py), and the patterns of config.yaml. A value becomes
`<kind>`; an e-mail address becomes `<email:HASH>` with a keyed hash, so that one person stays one person. Addresses of
service accounts are kept: they are machines, and evidence. What is found and what is missed: docs/security.md.
"""

import functools
import hashlib
import itertools

import polars as pl

from collector.normalise.hash_key import KEY_VARIABLE, load_key
from collector.normalise.redact_addresses import ADDRESS_RULES
from collector.normalise.redact_config import RedactConfig
from collector.normalise.redact_headers import HEADER_RULES
from collector.normalise.redact_names import NAME_RULES
from collector.normalise.redact_people import KINDS, Kind
from collector.normalise.redact_rule import SHIELD, Rule, for_columns, for_one
from collector.normalise.redact_tokens import TOKEN_RULES

__all__ = ["KEY_VARIABLE", "RULES", "Redactor", "Rule", "for_columns", "load_key"]

_REMEMBERED = 2048  # short texts, redacted one by one
_CALLERS = 16_384  # addresses
_ONE_BY_ONE = 1024  # signs; Python's matching may take the square of them, that of columns is linear
_KEPT = "\x02"  # around the number of a word that stays
RULES: tuple[Rule, ...] = (*TOKEN_RULES, *HEADER_RULES, *ADDRESS_RULES, *NAME_RULES)
# Rules of one gate stand together: none of them takes away what a later one of them is found by. Few groups, so that
# where nothing of a group is found, none of its gates is asked: a search costs a third of a millisecond to begin with.
_GROUPS = tuple(
    (
        "(?i)" + "|".join(dict.fromkeys(rule.gate for rule in group)),
        tuple((f"(?i){gate}", tuple(rules)) for gate, rules in itertools.groupby(group, key=lambda rule: rule.gate)),
    )
    for group in (TOKEN_RULES, HEADER_RULES, ADDRESS_RULES, NAME_RULES)
)
# One scan for all gates costs as much as a scan for one of them.
_ANY_GATE = "(?i)" + "|".join([*dict.fromkeys(rule.gate for rule in RULES), *(kind.gate for kind in KINDS)])
_KINDS = tuple((f"(?i){kind.gate}", kind) for kind in KINDS)


class Redactor:
    """Takes secrets out of text, and gives keyed hashes that tell two values apart without telling them.

    `own` are the patterns and kept words of config.yaml.
    """

    def __init__(self, key: bytes, own: RedactConfig | None = None) -> None:
        self._key = key[:64]
        self.caller = functools.lru_cache(maxsize=_CALLERS)(self._hidden)
        self._told = functools.lru_cache(maxsize=_REMEMBERED)(
            self._without_secrets
        )  # names repeat in every audit entry
        own = own or RedactConfig()
        self._own = tuple((one.pattern, f"<{one.name}>") for one in own.patterns)
        self._gate = "|".join([f"(?:{for_columns(_ANY_GATE)})", *(f"(?:{pattern})" for pattern, _ in self._own)])
        self._kept = tuple((word, f"{SHIELD}{_KEPT}{number}{_KEPT}") for number, word in enumerate(own.keep))

    def hash(self, value: str) -> str:
        """12 hex digits of a keyed hash; the same value gives the same digits under the same key."""
        return self._digest(value, size=6).hex()

    def _hidden(self, address: str) -> str:
        return f"<address:{self.hash(address)}>"

    def number(self, value: str) -> int:
        """Keyed hash as an unsigned 64-bit number."""
        return int.from_bytes(self._digest(value, size=8), "big")

    def identity(self, value: str) -> str:
        """24 hex digits of a keyed hash, wide enough to tell any two records apart."""
        return self._digest(value, size=12).hex()

    def _digest(self, value: str, *, size: int) -> bytes:
        text = value.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=size).digest()

    def text(self, value: str) -> str:
        """One text without secrets: what `frame` gives for it, without the cost of a column."""
        if len(value) > _ONE_BY_ONE or self._own:
            return str(self.frame(pl.Series([value.encode("utf-8", "replace").decode()]))[0])
        return self._told(value)

    def _without_secrets(self, value: str) -> str:
        if not for_one(_ANY_GATE).search(value):
            return value
        value = self._held(value.replace(SHIELD, ""))
        for _, group in _GROUPS:
            for gate, rules in group:
                if for_one(gate).search(value):
                    for rule in rules:
                        value = rule.single.sub(rule.single_replacement, value)
        for gate, kind in _KINDS:
            if for_one(gate).search(value):
                for old, new in self._replacements(kind, {found[0] for found in kind.single.finditer(value)}):
                    value = value.replace(old, new)
        return self._let_go(value)

    def _held(self, value: str) -> str:
        for word, mark in self._kept:
            value = value.replace(word, mark)
        return value

    def _let_go(self, value: str) -> str:
        value = value.replace(SHIELD, "")
        for word, mark in self._kept:
            value = value.replace(mark.removeprefix(SHIELD), word)
        return value

    def frame(self, texts: pl.Series) -> pl.Series:
        """A column of texts without secrets; nulls stay null, order and length stay.

        Redacting twice equals redacting once. Texts that pass no rule's gate are not looked at again: that one scan is
        20 times cheaper than the patterns, and most lines pass none.
        """
        return self.frames([texts])[0]

    def frames(self, columns: list[pl.Series]) -> list[pl.Series]:
        """What `frame` gives for each of several columns; the patterns run once over what they all may hold.

        Compiling and calling the patterns costs some 5 ms whatever the number of texts.
        """
        hits = [texts.str.contains(self._gate).arg_true() for texts in columns]
        marked = pl.concat([texts.gather(hit).alias("text") for texts, hit in zip(columns, hits, strict=True)])
        if not marked.len():
            return columns
        marked = self._without(marked)
        told = []
        at = 0
        for texts, hit in zip(columns, hits, strict=True):
            # `scatter` writes in place
            told.append(texts.clone().scatter(hit, marked.slice(at, hit.len())) if hit.len() else texts)
            at += hit.len()
        return told

    def _without(self, texts: pl.Series) -> pl.Series:
        texts = texts.str.replace_all(SHIELD, "", literal=True)
        if self._kept:
            words, marks = zip(*self._kept, strict=True)
            texts = texts.str.replace_all(_KEPT, "", literal=True).str.replace_many(list(words), list(marks))
        for any_gate, group in _GROUPS:
            texts = _replace_group(texts, any_gate, group)
        for gate, kind in _KINDS:
            texts = self._hide_kind(texts, gate, kind)
        for pattern, name in self._own:
            texts = texts.str.replace_all(pattern, name)
        texts = texts.str.replace_all(SHIELD, "", literal=True)
        if self._kept:
            words, marks = zip(*self._kept, strict=True)
            texts = texts.str.replace_many([mark.removeprefix(SHIELD) for mark in marks], list(words))
        return texts

    def _hide_kind(self, texts: pl.Series, gate: str, kind: Kind) -> pl.Series:
        rows = texts.str.contains(for_columns(gate)).arg_true()
        if not rows.len():
            return texts
        marked = texts.gather(rows)
        found = marked.str.extract_all(for_columns(kind.pattern)).explode().drop_nulls().unique().to_list()
        told = self._replacements(kind, found)
        if not told:
            return texts
        old, new = zip(*told, strict=True)
        return texts.scatter(rows, marked.str.replace_many(list(old), list(new), leftmost=True))

    def _replacements(self, kind: Kind, found: "set[str] | list[str]") -> list[tuple[str, str]]:
        """What goes and what stands for it, the longest first, so that none is taken for the beginning of another."""
        told = {pair for one in found if (pair := kind.replace(one, self.hash))}
        return sorted(told, key=lambda pair: (-len(pair[0]), pair[0]))


def _replace_group(texts: pl.Series, any_gate: str, group: tuple[tuple[str, tuple[Rule, ...]], ...]) -> pl.Series:
    """The rules of a group applied to those texts that pass one of its gates."""
    rows = texts.str.contains(for_columns(any_gate)).arg_true()
    if not rows.len():
        return texts
    found = texts.gather(rows)
    for gate, rules in group:
        found = _replace_where(found, gate, rules)
    return texts.scatter(rows, found)


def _replace_where(texts: pl.Series, gate: str, rules: tuple[Rule, ...]) -> pl.Series:
    """The rules applied to those texts that pass their gate."""
    rows = texts.str.contains(for_columns(gate)).arg_true()
    if not rows.len():
        return texts
    found = texts.gather(rows)
    for rule in rules:
        found = found.str.replace_all(rule.many, rule.replacement)
    return texts.scatter(rows, found)
