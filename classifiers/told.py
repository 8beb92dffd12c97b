"""Told templates: ids that a person was told stay valid, however the templates of later data read.

A told id means the template that covers its text: a template found anew where that is more general, else the told text
itself. So a told template never names less than it did. What was told is no evidence when templates are found: telling
moves only what fits several of them. Several told ids that fall together are aliases; the oldest is the name.
"""

import re
from collections.abc import Collection

import polars as pl
from msgspec import Struct

from classifiers.shapes import VALUE, VALUE_MARK, shape
from classifiers.templates import TEMPLATE_SCHEMA, template_id, templates
from collector.store import Reader

__all__ = ["TOLD_SCHEMA", "Named", "name_templates", "read_told"]

TOLD_SCHEMA: dict[str, pl.DataType] = {
    "template_id": pl.String(),
    "template": pl.String(),
    "told_at_ns": pl.Int64(),
}


class Named(Struct, frozen=True):
    """Templates under the names that hold. `rows`: TEMPLATE_SCHEMA, rows as the messages that were given.

    `texts` gives of each told id the text it means now, `told` the text it was told with last.
    """

    rows: pl.DataFrame
    texts: dict[str, str]
    told: dict[str, str]

    def name_of(self, name: str) -> str:
        """The id under which the template of a told id goes now; the same where it is no alias."""
        return self._names().get(self.texts.get(name, ""), name)

    def untold(self, names: Collection[str]) -> pl.DataFrame:
        """template_id and template of what must be stored before these names are told with their texts of now."""
        now = dict(self.rows.select("template_id", "template").drop_nulls().unique().iter_rows())
        wanted = {name: now[name] for name in names if name in now}
        wanted |= {name: text for name, text in self.texts.items() if text in set(wanted.values())}
        rows = [(name, text) for name, text in sorted(wanted.items()) if self.told.get(name) != text]
        return pl.DataFrame(rows, schema=["template_id", "template"], orient="row").cast(pl.String)

    def _names(self) -> dict[str, str]:
        """Of each text the name that was told first."""
        names: dict[str, str] = {}
        for name, text in self.texts.items():
            names.setdefault(text, name)
        return names


def read_told(reader: Reader) -> pl.DataFrame:
    """Every text that a template was told with (TOLD_SCHEMA); of a store that is older than this table none."""
    return reader.frame("find_told_templates")


def name_templates(messages: pl.Series, told: pl.DataFrame) -> Named:
    """The templates of masked messages, under names that hold. told: TOLD_SCHEMA, in any order.

    Without a told template that is templates(messages).
    """
    if not told.height:
        return Named(templates(messages), {}, {})
    by_age = told.sort("told_at_ns", "template_id", "template").group_by("template_id", maintain_order=True)
    latest: dict[str, str] = dict(by_age.agg(pl.col("template").last()).iter_rows())
    given = messages.cast(pl.String)
    found = templates(given)
    several = found["template"].drop_nulls().value_counts().filter(pl.col("count") > 1)["template"]
    covering = _covering(list(latest.values()), several)  # one message alone extends nothing
    texts = {name: covering.get(old, old) for name, old in latest.items()}
    named = Named(found, texts, latest)
    return Named(_renamed(given, named), texts, latest)


def _renamed(messages: pl.Series, named: Named) -> pl.DataFrame:
    """Rows with the templates that told ones claim, and the names that those go under."""
    names = named._names()  # noqa: SLF001 - of the same module
    every = named.rows.select("template").with_columns(message=messages)
    distinct = every.unique().drop_nulls()
    shaped = shape(distinct["message"]).str.replace_all(VALUE_MARK, VALUE, literal=True)
    claimed = pl.Series("claimed", [None] * len(shaped), dtype=pl.String)
    for name, text in named.texts.items():
        fits = shaped.str.contains(f"(?s)^{_pattern(named.told[name])}$") & claimed.is_null()
        claimed = claimed.scatter(fits.arg_true(), text) if fits.any() else claimed
    distinct = distinct.with_columns(now=pl.coalesce(claimed, distinct["template"]))
    ids = {text: names.get(text) or template_id(text) for text in distinct["now"].unique()}
    distinct = distinct.with_columns(template_id=pl.col("now").replace_strict(ids, return_dtype=pl.String))
    joined = every.join(distinct, on=["message", "template"], how="left", maintain_order="left")
    return joined.select(pl.col("now").alias("template"), "template_id").select(list(TEMPLATE_SCHEMA))


def _covering(told: list[str], found: pl.Series) -> dict[str, str]:
    """Of each told text the widest template found that covers it, where there is one."""
    texts = pl.Series("told", told, dtype=pl.String).unique()
    wide = found.filter(found.str.contains(VALUE, literal=True)).to_list()
    covering: dict[str, str] = {}
    for template in sorted(wide, key=lambda one: (one.count(VALUE), -len(one), one)):  # the widest last
        fits = texts.filter(texts.str.contains(f"(?s)^{_pattern(template)}$"))
        covering |= dict.fromkeys(fits, template)
    return covering


def _pattern(template: str) -> str:
    """What matches every text of a template; a value stands for at least one character."""
    return ".+".join(re.escape(part) for part in template.split(VALUE))
