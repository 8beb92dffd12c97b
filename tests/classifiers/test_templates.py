"""Templates are a function of the set of messages, and join what differs only in a variable word."""

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.masks import mask
from classifiers.templates import TEMPLATE_SCHEMA, template_id, templates

NAMES = ["ann", "bert", "cora", "dirk", "emma", "fritz", "gesa", "hugo", "ida", "jan", "kurt", "lena"]


def told(*messages: str) -> list[str]:
    return templates(mask(pl.Series(messages)))["template"].to_list()


def by_message(messages: list[str]) -> dict[str, tuple[str, str]]:
    found = templates(pl.Series(messages, dtype=pl.String))
    return dict(zip(messages, found.rows(), strict=True))


words = st.sampled_from(
    [
        *NAMES,
        "user",
        "for",
        "from",
        "=",
        ":",
        "'x y'",
        "open",
        "opened",
        "<number>",
        "cache",
        "(",
        ")",
        "b-7",
        "é",
        "\x1a",
        "to",
    ]
)
messages = st.lists(words, max_size=6).map(" ".join)
sets_of_messages = st.lists(st.one_of(messages, st.text(max_size=12)), max_size=60)


class TestSet:
    @settings(max_examples=60, deadline=None)
    @given(sets_of_messages, st.randoms(use_true_random=False))
    def test_order_and_repetition_do_not_matter(self, texts: list[str], chance: random.Random) -> None:
        again = [*texts, *chance.choices(texts, k=len(texts))] if texts else []
        chance.shuffle(again)

        assert by_message(again) == by_message(texts)

    @settings(max_examples=40, deadline=None)
    @given(sets_of_messages, st.integers(0, 60))
    def test_halves_put_together_in_either_order_give_the_same(self, texts: list[str], cut: int) -> None:
        assert by_message(texts[cut:] + texts[:cut]) == by_message(texts)

    @settings(max_examples=40, deadline=None)
    @given(sets_of_messages)
    def test_messages_of_one_shape_have_one_template_and_an_id_of_its_text(self, texts: list[str]) -> None:
        for template, name in by_message(texts).values():
            assert name == template_id(template)

    def test_more_names_generalise_and_leave_other_statements_as_they_are(self) -> None:
        few = ["lease of ann ended", "lease of bert ended", "pool is full"]
        many = [*few, *(f"lease of {name} ended" for name in NAMES)]

        assert told(*few) == few
        assert set(told(*many)) == {"lease of <*> ended", "pool is full"}

    def test_rows_stay_where_they_are_and_nulls_have_none(self) -> None:
        found = templates(pl.Series(["b", None, "a", "b"]))

        assert found["template"].to_list() == ["b", None, "a", "b"]
        assert found["template_id"][1] is None
        assert dict(found.schema) == TEMPLATE_SCHEMA

    @pytest.mark.parametrize("texts", [[], [None], [""], ["   "], ["\n"], ["\x1a"], ["''", "' '"]])
    def test_sets_of_nothing_are_taken(self, texts: list[str | None]) -> None:
        assert templates(pl.Series(texts, dtype=pl.String)).height == len(texts)


class TestJoins:
    @pytest.mark.parametrize(
        ("frame", "expected"),
        [
            ("session closed for user {}", "session closed for user <*>"),
            ("mail for {} was put off", "mail for <*> was put off"),
            ("owner={} quota is used up", "owner=<*> quota is used up"),
            ("there is no plan '{}' any more", "there is no plan '<*>' any more"),
            ("watching {} closely now", "watching <*> closely now"),
        ],
    )
    def test_a_place_with_many_words_is_variable(self, frame: str, expected: str) -> None:
        assert set(told(*(frame.format(name) for name in NAMES))) == {expected}

    def test_two_names_that_vary_together_are_both_variable(self) -> None:
        pairs = zip(NAMES, reversed(NAMES), strict=True)

        assert set(told(*(f"user {one} took over from {other}" for one, other in pairs))) == {
            "user <*> took over from <*>"
        }

    def test_two_rare_words_of_a_long_statement_are_both_variable(self) -> None:
        frame = "the night shift handed its {} over and the {} was put back in place"
        lines = [frame.format(f"{one}box", f"{one}key") for one in [*NAMES, *(f"{name}s" for name in NAMES)]]

        assert set(told(*lines)) == {frame.replace("{}", "<*>")}

    def test_the_more_words_are_equal_the_fewer_need_to_differ(self) -> None:
        few = NAMES[:3]

        assert set(told(*(f"the night watch put {name} back on the list" for name in few))) == {
            "the night watch put <*> back on the list"
        }
        assert len(set(told(*(f"watch {name} list" for name in few)))) == len(few)

    def test_hosts_with_and_without_a_port_are_one_value_once_they_are_known(self) -> None:
        lines = [
            *(f"the old client connects to {name}:80 now" for name in NAMES),
            "the old client connects to 10.0.0.1 now",
        ]

        assert set(told(*lines)) == {"the old client connects to <*> now"}

    def test_quotes_hold_one_value_however_many_words(self) -> None:
        plans = ["a gold", "b", "the last one", "c of d", "e", "f g"]

        assert set(told(*(f"no plan '{plan}' here" for plan in plans))) == {"no plan '<*>' here"}

    @pytest.mark.parametrize(
        "lines",
        [
            ("answered with status 403", "answered with status 500"),
            ("closed code=1011", "closed code=1000"),
            ("moved /srv/a/b", "moved /var/lib/x.db"),
            ("block rdd_1_2 stored", "block broadcast_7_piece0 stored"),
            ("sent to a.example.com", "sent to b.example.org"),
            ("opened conf.yaml", "opened http://x.example/y?z=1"),
            ("lost 1.5 MB, 2 MB", "lost 7 B"),
            ("owner=", "owner=/home/x"),
            ("on Mon Mar 3 10:00:00 2025 it ran", "on 2025-03-03T10:00:00Z it ran"),
        ],
    )
    def test_values_are_known_by_their_shape(self, lines: tuple[str, str]) -> None:
        assert len(set(told(*lines))) == 1


class TestStaysApart:
    @pytest.mark.parametrize(
        "values",
        [
            [
                "started",
                "stopped",
                "opened",
                "closed",
                "delivered",
                "dropped",
                "accepted",
                "denied",
                "loaded",
                "missed",
            ],
            ["true", "false"],
            ["NEW", "ASSIGNED", "RUNNING", "FAILED", "KILLED", "LOST", "DONE", "READY", "IDLE", "BUSY", "PAUSED"],
            ["open", "close", "read", "write", "delete", "create", "update", "start", "stop", "send", "receive"],
        ],
    )
    @pytest.mark.parametrize("frame", ["job {} again", "job state={}", "job went from {} at once"])
    def test_words_that_decide(self, frame: str, values: list[str]) -> None:
        assert len(set(told(*(frame.format(value) for value in values)))) == len(values)

    def test_few_values_of_a_key(self) -> None:
        assert len(set(told(*(f"the night watch changed level={name} at last" for name in NAMES[:3])))) == 3

    def test_two_words_at_one_place(self) -> None:
        assert len(set(told("user ann left", "user bert left"))) == 2

    def test_what_speaks_at_the_beginning(self) -> None:
        assert len(set(told(*(f"{name} startup succeeded" for name in NAMES)))) == len(NAMES)

    def test_statements_that_share_few_words(self) -> None:
        lines = [f"{one} {two} {three} took 5 s" for one, two, three in zip(NAMES, NAMES[1:], NAMES[2:], strict=False)]

        assert len(set(told(*lines))) == len(lines)


class TestLimits:
    def test_long_and_hostile_texts_are_cut(self) -> None:
        chance = random.Random(7)
        texts = [
            chance.randbytes(262_144).decode("latin1"),
            *(unit * (262_144 // len(unit)) for unit in ("a/", "'", '"', "a.", "1-", "[(", "::", "\\\\ ", "= ", "a ")),
        ]

        found = templates(pl.Series(texts))

        assert found["template"].str.len_bytes().max() < 20_000  # type: ignore[operator]  # an integer of lengths

    def test_words_far_back_are_told_as_they_are(self) -> None:
        far = "w " * 60
        lines = [f"{far}{name} end" for name in NAMES]

        assert told(*lines) == lines
