"""Statements: what each signature says in one masked text, and the templates that join those texts."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property

import polars as pl
from msgspec import Struct

from classifiers.signatures import RULES
from classifiers.told import Named, name_templates, read_told
from collector.store import Reader

__all__ = ["Templates", "find_templates", "statements"]


class Templates(Struct, dict=True):
    """Templates over all signatures of a store, found when they are first asked for.

    signatures: SIGNATURE_SCHEMA. told: TOLD_SCHEMA.
    """

    signatures: pl.DataFrame
    told: pl.DataFrame

    @cached_property
    def _said(self) -> pl.DataFrame:
        return statements(self.signatures)

    @cached_property
    def named(self) -> Named:
        """The template of each signature, rows as `signatures`."""
        return name_templates(self._said["statement"], self.told)

    @cached_property
    def by_signature(self) -> dict[str, tuple[str, str]]:
        """Template and id of each signature that has one."""
        rows = self._said.select("signature_id").hstack(self.named.rows).drop_nulls()
        return {name: (template, key) for name, template, key in rows.iter_rows()}

    @cached_property
    def statement_of(self) -> dict[str, str]:
        """The statement of each signature that has one."""
        return dict(self._said.drop_nulls().iter_rows())

    def signatures_by_id(self) -> Mapping[str, frozenset[str]]:
        """The signatures of each template, by its id and by each id it was ever told with."""
        members: dict[str, set[str]] = defaultdict(set)
        for name, (_, key) in self.by_signature.items():
            members[key].add(name)
        found = {key: frozenset(names) for key, names in members.items()}
        aliases = {alias: found.get(self.named.name_of(alias), frozenset()) for alias in self.named.texts}
        return found | aliases


def find_templates(reader: Reader, *, rules: int = RULES) -> Templates:
    """The templates of every signature of a version of the rules, and of what was told."""
    return Templates(reader.frame("find_all_signatures", rules=rules), read_told(reader))


def statements(signatures: pl.DataFrame) -> pl.DataFrame:
    """signature_id and statement: of an exception its type and text, else the message; of a bare request none.

    Two failing requests are two operations and have no statement to share.
    """
    parts = {name: pl.col("parts").str.json_path_match(f"$.{name}") for name in ("type", "value", "message")}
    told = {name: pl.when(text != "").then(text) for name, text in parts.items()}
    thrown = pl.when(told["value"].is_not_null()).then(pl.format("{}: {}", told["type"], told["value"]))
    return signatures.select(
        "signature_id",
        statement=pl.when(pl.col("kind") == "exception")
        .then(pl.coalesce(thrown, told["message"], told["type"]))
        .otherwise(told["message"]),
    )
