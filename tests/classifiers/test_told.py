"""Told templates: an id once told to a person still resolves, whatever data comes later, and only generalises."""

import re

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.shapes import VALUE
from classifiers.templates import template_id, templates
from classifiers.told import TOLD_SCHEMA, Named, name_templates

NOBODY = pl.DataFrame(schema=TOLD_SCHEMA)
FOUR = pl.Series([f"user {name} has no rights" for name in ("anna", "ben", "carl", "dora")])
words = st.sampled_from(["anna", "ben", "carl", "dora", "eve", "frank", "7", "rights", "money", "time", "luck", "job"])
messages = st.lists(
    st.builds("user {} has no {}".format, words, words) | st.builds("{} lost {} on {}".format, words, words, words),
    min_size=1,
    max_size=25,
)


def told_after(named: Named, told: pl.DataFrame, *, at_ns: int) -> pl.DataFrame:
    """The rows of the store once every template that stands for more than one message was told."""
    many = named.rows.group_by("template_id").len().filter(pl.col("len") > 1)["template_id"].to_list()
    fresh = named.untold(many).with_columns(told_at_ns=pl.lit(at_ns, dtype=pl.Int64))
    return pl.concat([told, fresh])


def covers(template: str, text: str) -> bool:
    return re.fullmatch(".+".join(map(re.escape, template.split(VALUE))), text, re.DOTALL) is not None


def test_without_told_templates_nothing_changes() -> None:
    assert name_templates(FOUR, NOBODY).rows.equals(templates(FOUR))


def test_a_told_template_holds_when_only_one_of_its_messages_is_left() -> None:
    first = name_templates(FOUR, NOBODY)
    told = told_after(first, NOBODY, at_ns=1)

    later = name_templates(FOUR.head(1), told)

    assert later.rows.rows() == first.rows.rows()[:1]


def test_a_template_that_later_data_extends_keeps_its_id() -> None:
    told = pl.DataFrame(
        [(template_id("user anna lost <*>"), "user anna lost <*>", 1)], schema=TOLD_SCHEMA, orient="row"
    )
    data = pl.Series([f"user {name} lost 7" for name in ("anna", "ben", "carl", "dora", "eve")])

    named = name_templates(data, told)

    assert set(named.rows.rows()) == {("user <*> lost <*>", template_id("user anna lost <*>"))}
    assert named.untold([template_id("user anna lost <*>")])["template"].to_list() == ["user <*> lost <*>"]


def test_of_told_templates_that_fall_together_the_oldest_is_the_name_and_the_others_stay_aliases() -> None:
    old, new = "user ben lost <*>", "user anna lost <*>"
    told = pl.DataFrame([(template_id(new), new, 2), (template_id(old), old, 1)], schema=TOLD_SCHEMA, orient="row")

    named = name_templates(pl.Series([f"user {name} lost 7" for name in ("anna", "ben", "carl", "dora")]), told)

    assert set(named.rows["template_id"]) == {template_id(old)}
    assert named.name_of(template_id(new)) == template_id(old)
    assert set(named.untold([template_id(old)])["template_id"]) == {template_id(old), template_id(new)}


@settings(max_examples=30, deadline=None)
@given(st.lists(messages, min_size=2, max_size=4))
def test_whatever_comes_later_a_told_id_resolves_and_only_generalises(batches: list[list[str]]) -> None:
    told = NOBODY
    before: dict[str, str] = {}
    members: dict[str, str] = {}
    for at_ns, batch in enumerate(batches):
        data = pl.Series(batch, dtype=pl.String)

        named = name_templates(data, told)

        assert all(covers(named.texts[name], text) for name, text in before.items())
        for text, name in zip(batch, named.rows["template_id"], strict=True):
            assert text not in members or named.name_of(members[text]) == name
        told = told_after(named, told, at_ns=at_ns)
        after = name_templates(data, told)
        many = set(told["template_id"])
        for text, was, now in zip(batch, named.rows["template_id"], after.rows["template_id"], strict=True):
            # telling moves nothing but what fits several templates: they stand in the one told first
            assert now == was or covers(after.texts[now], text)
        before = dict(after.texts)
        members |= {text: name for text, name in zip(batch, after.rows["template_id"], strict=True) if name in many}
