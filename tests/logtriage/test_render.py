"""Views into text, to the byte."""

import json
import re
from collections.abc import Callable

import jinja2
import pytest
from rich.text import Text

from classifiers.findings import Evidence, Findings, Incident
from logtriage.errors import RenderError
from logtriage.render import plain_report, render
from logtriage.report import build_report
from logtriage.report_config import ReportConfig
from logtriage.templating import fill, template_environment
from tests.support.findings import attribution, cluster, coverage, empty_findings, findings, quiet_findings

CONFIG = ReportConfig()
Golden = Callable[[str, str], None]
WINDOWS = {"incident": findings, "quiet": quiet_findings, "empty": empty_findings}


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize(("form", "end"), [("terminal", "txt"), ("markdown", "md"), ("json", "json")])
def test_reports_are_equal_to_the_byte(name: str, form: str, end: str, golden: Golden) -> None:
    golden(f"report_{name}.{end}", plain_report(WINDOWS[name](), CONFIG, form=form, recall=" --since 24h"))


@pytest.mark.parametrize("form", ["terminal", "markdown", "json"])
def test_the_same_findings_give_the_same_bytes(form: str) -> None:
    assert plain_report(findings(), CONFIG, form=form) == plain_report(findings(), CONFIG, form=form)


def test_no_confidence_is_printed_as_a_percentage() -> None:
    for form in ("terminal", "markdown"):
        text = plain_report(findings(), CONFIG, form=form)
        assert "83" not in text
        assert "likely" in text


def test_only_json_carries_the_number() -> None:
    parsed = json.loads(plain_report(findings(), CONFIG, form="json"))

    assert parsed["clusters"][0]["attribution"]["confidence"] == 0.83


def _hostile() -> Findings:
    evil = "<script>x</script> | `tick` @all \x1b[31m \u202e [a](javascript:x)\n# head"
    bad = cluster(
        title=evil,
        sample=f"{evil}\n```\n{evil}",
        attribution=attribution(evidence=(Evidence("measured", evil, query=evil),)),
        evidence=(Evidence("unknown", evil),),
    )
    return findings(
        clusters=(bad,),
        incidents=(Incident(1, "c-pay", (), "P0", evil, is_ongoing=True),),
        standing=(bad,),
        coverage=coverage(blind_spots=(evil,), dead_reasons=((evil, 2),)),
    )


def test_hostile_text_does_no_harm_in_markdown() -> None:
    lines = plain_report(_hostile(), CONFIG, form="markdown").splitlines()
    running = _unfenced([line for line in lines if not line.startswith("    ")])

    for line in running:
        outside = _outside_code(line)
        assert "<script" not in outside
        assert "@all" not in outside
        for link in re.findall(r"(?<!\\)\]\(([^)]*)\)?", outside):  # its own alone
            assert re.fullmatch(r"https://console\.cloud\.google\.com/[\w/;=%.?&~-]+", link)
    assert not any("\x1b" in line or "\u202e" in line for line in lines)
    assert "# head" not in lines


def _unfenced(lines: list[str]) -> list[str]:
    """The lines that no fenced block holds."""
    kept, fence = [], ""
    for line in lines:
        bare = line.lstrip(" ")
        ticks = bare[: len(bare) - len(bare.lstrip("`"))]
        if fence:
            fence = "" if bare == fence else fence
        elif len(ticks) > 2 and "`" not in bare[len(ticks) :]:
            fence = ticks
        else:
            kept.append(line)
    assert not fence
    return kept


def _outside_code(line: str) -> str:
    """The line without its code spans, whose fences are runs of backticks of equal length."""
    rest, kept = line, ""
    while "`" in rest:
        before, _, rest = rest.partition("`")
        fence = "`" * (len(rest) - len(rest.lstrip("`")) + 1)
        rest = rest.lstrip("`")
        _, closed, rest = rest.partition(fence)
        assert closed or before.endswith("\\")
        kept += before
    return kept + rest


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    width = 0
    for line in plain_report(_hostile(), CONFIG, form="markdown").splitlines():
        cells = line.count("|") if line.startswith("|") else 0
        assert width in (0, cells) or not cells
        width = cells


def test_hostile_text_does_no_harm_on_a_terminal() -> None:
    text = plain_report(_hostile(), CONFIG, form="terminal")

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[a](javascript:x)" in text


def test_json_escapes_what_a_terminal_would_obey() -> None:
    shown = findings(clusters=(cluster(title="\x9b2J\u202e\u2028 \ud800"),))

    text = plain_report(shown, CONFIG, form="json")

    assert not {"\x9b", "\u202e", "\u2028"} & set(text)
    assert json.loads(text)["clusters"][0]["title"] == "\x9b2J\u202e\u2028 \ud800"


def test_a_message_of_a_megabyte_stays_small() -> None:
    huge = cluster(title="x " * 500_000, sample="y" * 1_000_000)

    for form in ("terminal", "markdown"):
        assert len(plain_report(findings(clusters=(huge,)), CONFIG, form=form)) < 20_000


def test_the_terminal_report_keeps_to_eighty_columns() -> None:
    long = cluster(title="word " * 50, attribution=attribution(revision="shop-" + "long" * 30))

    text = plain_report(findings(clusters=(long,)), CONFIG, form="terminal")

    assert max(Text(line).cell_len for line in text.splitlines()) <= 80


def test_wide_letters_keep_to_eighty_columns_too() -> None:
    text = plain_report(findings(clusters=(cluster(title="通信エラーが発生しました" * 10),)), CONFIG, form="terminal")

    assert max(Text(line).cell_len for line in text.splitlines()) <= 80


def test_colour_is_kept_apart_from_the_text() -> None:
    drawn = render(findings(), CONFIG, form="terminal")

    assert isinstance(drawn, Text)
    assert "\x1b" not in drawn.plain
    assert any("red" in str(span.style) for span in drawn.spans)


def test_a_variable_that_the_context_lacks_is_an_error() -> None:
    view = build_report(findings(), CONFIG)

    with pytest.raises(RenderError, match=r"templates/absent\.md\.j2"):
        fill("absent.md.j2", view)
    with pytest.raises(jinja2.UndefinedError):
        template_environment().from_string("{{ nothing }}").render()
