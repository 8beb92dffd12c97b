"""Shapes of values are known by one text alone."""

import polars as pl
import pytest

from classifiers.shapes import HEAD_CHARS, VALUE_MARK, shape


def shaped(text: str) -> str:
    return str(shape(pl.Series([text]))[0]).replace(VALUE_MARK, "<*>")


class TestShape:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("took <duration> in <id>", "took <*> in <*>"),
            ("status 403 of node-7", "status <*> of <*>"),
            ("blk_-<id> and blk_<id>", "<*> and <*>"),
            ("read /var/log/app.log, ~/x and ./y", "read <*> and <*>"),
            ("run '/Library/My Things/tool' now", "run '<*>' now"),
            (r"copied C:\Program Files\x.txt here", "copied <*> here"),
            (r"moved C:\Program Files (x86)\a b\c.d to D:\e", "moved <*> to <*>"),
            (r"share \\box\c$ is gone", "share <*> is gone"),
            ("see https://a.example/b?c=d.", "see <*>."),
            ("from db.example.com:5432 (mail.example.co.uk)", "from <*>:<*> (<*>)"),
            ("wrote report.pdf.", "wrote <*>."),
            ("a b.example.com c.example.com", "a <*>"),
            ("sizes 1, 2; 3 of x", "sizes <*> of x"),
            ("at Mon, Mar 3", "at <*>"),
            ("ruser= rhost=<ip> ()", "ruser=<*> rhost=<*> (<*>)"),
            ("dump of it\n\tends ", "dump of it ends"),
            ("tried [], ['a'] and ['a b', 3]", "tried [<*>], [<*>] and [<*>]"),
            ("sent {}, {'a': [1, 'b'], \"c\": {x: y}}", "sent {<*>}, {<*>}"),
            ("kept [a, b] of ('c', 4)", "kept [<*>] of (<*>)"),
        ],
    )
    def test_values_go(self, text: str, expected: str) -> None:
        assert shaped(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "read/write and/or N/A",
            "java.io.IOException in shop.orders.pay",
            "key mapreduce.task.id of rpc.statd",
            "call foo() of <Order>",
            "it may fail on the second try",
            "a well-known e.g. i.e. word",
            "[core] and [core:net] (of it, too)",
            '{"event": "opened"}',
        ],
    )
    def test_words_stay(self, text: str) -> None:
        assert shaped(text) == text

    def test_only_the_head_of_a_text_counts(self) -> None:
        assert len(shaped("x " * HEAD_CHARS)) <= HEAD_CHARS

    def test_nulls_stay(self) -> None:
        assert shape(pl.Series(["a", None], dtype=pl.String)).to_list() == ["a", None]
