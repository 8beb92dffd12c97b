"""Log text is hostile: what each place may show of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtriage.escape import code, csv_cell, fenced, heading, md, mrkdwn, plain, plain_lines, shorten

_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;new title\x07after", "after"),
        ("\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("\x9b2Jgone", "gone"),
        ("\x1b(Bset", "set"),
        ("one\r\ntwo\ttab\x00nul", "one two tab nul"),
        ("abc\u202efdp.exe", "abc fdp.exe"),
        ("zero\u200bwidth\ufeff", "zero width"),
        ("lone \ud800 half", "lone half"),
    ],
)
def test_plain_text_keeps_words_and_loses_what_a_terminal_obeys(hostile: str, shown: str) -> None:
    assert plain(hostile) == shown


@pytest.mark.parametrize("word", ["\u0645\u06cc\u200c\u062e", "通信エラー", "ошибка", "\U0001f468\u200d\U0001f469"])
def test_plain_text_keeps_other_scripts(word: str) -> None:
    assert plain(word) == word


@given(st.text(max_size=300))
def test_plain_text_never_holds_a_control_character(text: str) -> None:
    assert not _OBEYED.search(plain(text))
    assert plain(plain(text)) == plain(text)


def test_a_megabyte_is_cut_to_the_limit() -> None:
    assert len(plain("x" * 1_000_000)) == 2000
    assert plain("\x1b" * 1_000_000) == ""


def test_an_unended_escape_does_not_swallow_the_next_line() -> None:
    assert plain_lines("\x1b]0;never ended\nsecond") == ("", "second")


def test_lines_keep_their_indentation_and_count_what_is_left_out() -> None:
    assert plain_lines("a\n  b\n\tc\nd", lines=3) == ("a", "  b", "    c", "... 1 more lines")


def test_shortened_text_says_so() -> None:
    assert shorten("abcdefgh", 6) == "abc..."
    assert shorten("abc", 3) == "abc"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a | b", "a &#124; b"),
        ("*bold* `code` [x](y)", r"\*bold\* \`code\` \[x\](y)"),
        ("ask @all about #12", "ask @&#8288;all about #&#8288;12"),
        ("see https://evil.example", "see https:&#8288;//evil.example"),
        ("closes GH-3, !7", "closes GH&#8288;-3, !&#8288;7"),
        ("from 4b03b5b to eeb787f, effaced", "from `4b03b5b` to `eeb787f`, effaced"),
        ("request f0d72775-926f-4ecc", "request `f0d72775-926f-4ecc`"),
        ("SECRET_KEY and _emphasis_", r"SECRET_KEY and \_emphasis\_"),
        ("# head", r"\# head"),
        ("- item", r"\- item"),
        ("--- rule", r"\--- rule"),
        ("1. first", r"1\. first"),
        ("-5 % #12 1.5", "-5 % #&#8288;12 1.5"),
        ("cost $5$ ~gone~ &amp;", r"cost \$5\$ \~gone\~ &amp;amp;"),
    ],
)
def test_markdown_text_has_no_markup_of_its_own(hostile: str, shown: str) -> None:
    assert md(hostile) == shown


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("plain", "`plain`"),
        ("a `tick` b", "``a `tick` b``"),
        ("`edge", "`` `edge ``"),
        ("```", "```` ``` ````"),
        ("a|b", "<code>a&#124;b</code>"),
        ("", ""),
    ],
)
def test_a_code_span_holds_any_text(hostile: str, shown: str) -> None:
    assert code(hostile) == shown


@given(st.text(max_size=200))
def test_no_markdown_text_can_cut_a_table_cell(text: str) -> None:
    assert "|" not in md(text)
    assert "|" not in code(text)
    assert "<" not in md(text)


def test_a_block_of_lines_holds_any_fence() -> None:
    assert fenced(("one", "```", "two")) == "````text\none\n```\ntwo\n````"
    assert fenced(()) == ""


def test_a_heading_mentions_nobody_and_keeps_its_limit() -> None:
    assert heading("`x` for @me #12", 80) == "'x' for @\u2060me #\u206012"
    assert len(heading("@a" * 300, 256)) <= 256


def test_slack_text_cannot_call_a_channel() -> None:
    assert mrkdwn("<!channel> & <https://evil|here>") == "&lt;!channel&gt; &amp; &lt;https://evil|here&gt;"


ALIKE = str.maketrans("*_~`", "\u2217\u02cd\u223c\u02cb")


@pytest.mark.parametrize(
    "text", ["*bold* text", "__init__ and _x_", "~gone~", "a *b and c*", "Cannot find `x`", "```", "`"]
)
def test_marks_that_would_style_in_mrkdwn_become_look_alikes(text: str) -> None:
    assert mrkdwn(text) == text.translate(ALIKE)


@pytest.mark.parametrize(
    "text", ["_UnifiedManager failed", "snake_case_name", "2 * 3 * 4", "a (~ image) b (~ key)", "a* *b"]
)
def test_marks_that_cannot_style_stay_to_be_copied(text: str) -> None:
    assert mrkdwn(text) == text


def test_a_quote_of_mrkdwn_begins_with_no_mark() -> None:
    assert mrkdwn(">> said") == "\u203a\u203a said"


@pytest.mark.parametrize(
    ("hostile", "cell"),
    [
        ('=HYPERLINK("https://evil.example")', '\'=HYPERLINK("https://evil.example")'),
        ("@SUM(1)", "'@SUM(1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("\t=1+1", "'\t=1+1"),
        ("\r=1+1", " =1+1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("\x1b[2J=1+1", "'=1+1"),
        ("\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("abc\u202efdp.exe", "abc fdp.exe"),
    ],
)
def test_a_cell_of_csv_is_no_formula_and_nothing_a_terminal_obeys(hostile: str, cell: str) -> None:
    assert csv_cell(hostile) == cell


@pytest.mark.parametrize("text", ["-12.5", "+49", "a=b", "one\n\ttwo", "ошибка", "2026-01-02 03:04:05+00:00", ""])
def test_a_harmless_cell_of_csv_stays(text: str) -> None:
    assert csv_cell(text) == text
