"""Templates of a user's folder win, are escaped, run in a sandbox, and say in a sentence what is wrong with them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from logtriage.config import load_config
from logtriage.errors import RenderError
from logtriage.html_view import HtmlView
from logtriage.render import plain_report
from logtriage.report_config import ReportConfig
from logtriage.template_contexts import TEMPLATES
from logtriage.templating import template_environment
from tests.support.findings import findings

DOCS = Path(__file__).parents[2] / "docs" / "templates.md"
Put = Callable[..., ReportConfig]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """A folder with these files, and the configuration that names it; dots of a name are written as __."""

    def write(**files: str) -> ReportConfig:
        for name, text in files.items():
            (tmp_path / name.replace("__", ".")).write_text(text, encoding="utf-8")
        return ReportConfig(templates=tmp_path)

    return write


def told(config: ReportConfig, form: str = "html") -> str:
    return plain_report(findings(), config, form=form)


def refused(config: ReportConfig, form: str = "html") -> str:
    with pytest.raises(RenderError) as raised:
        told(config, form)
    return str(raised.value)


def test_a_template_of_the_folder_wins_and_the_others_stay(put: Put) -> None:
    config = put(report__md__j2="mine: {{ verdict | md }}")

    assert told(config, "markdown") == "mine: WRONG NOW: 2 incidents (1 P0), 1 event missing, 1 operation slower"
    assert told(config) == told(ReportConfig())


def test_ours_can_be_extended(put: Put) -> None:
    config = put(
        report__html__j2='{% extends "builtin/report.html.j2" %}{% block footer %}<p>Ask {{ report.project }}.</p>'
        "{% endblock %}"
    )

    text = told(config)

    assert "<footer>\n<p>Ask acme-test.</p></footer>" in text
    assert "Made by logtriage" not in text
    assert '<section id="coverage"' in text


def test_our_macros_can_be_imported_beside_own_ones(put: Put) -> None:
    config = put(
        report__md__j2='{% import "builtin/_macros.j2" as shape %}{% import "_own.j2" as own %}'
        "{{ own.hello() }}{{ shape.others(standing) }}",
        _own__j2="{% macro hello() %}Hello.{% endmacro %}",
    )

    assert told(config, "markdown").startswith("Hello.- ")


def test_a_style_of_the_folder_is_taken_in_and_named_by_the_policy(put: Put) -> None:
    plain, styled = told(ReportConfig()), told(put(_report__css="body { color: red; }"))

    policies = [re.search(r"style-src (.+?); script", text) for text in (plain, styled)]
    assert "body { color: red; }" in styled
    assert all(policies)
    assert len({found[1] for found in policies if found}) == 2


def test_html_of_the_folder_is_escaped_by_itself(put: Put) -> None:
    config = put(report__html__j2="{{ report.project }}")
    evil = findings(projects=("<b>x</b>",))

    assert plain_report(evil, config, form="html") == "&lt;b&gt;x&lt;/b&gt;"


@pytest.mark.parametrize("name", ["report.html.j2", "report.md.j2"])
def test_a_variable_that_is_not_there_is_told_with_file_line_and_the_names_there_are(put: Put, name: str) -> None:
    config = put(**{name.replace(".", "__"): "one\ntwo {{ nothing }}"})

    said = refused(config, "html" if "html" in name else "markdown")

    assert said.startswith(f"{config.templates}/{name}:2: 'nothing' is undefined. It may use: ")
    assert all(field in said for field in TEMPLATES[name].__struct_fields__)
    assert said.endswith("Mend it, or take it out of the folder.")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a\n{% if %}", 2, "Expected an expression"),
        ("{{ 1 / 0 }}", 1, "division by zero"),
        ("\n\n{{ report.project + 3 }}", 3, "can only concatenate str"),
        ("{{ ''.__class__.__mro__ }}", 1, "access to attribute '__class__' of 'str' object is unsafe"),
        ("{{ report.incidents.append(1) }}", 1, "has no attribute 'append'"),
        ("{{ report.project | nofilter }}", 1, "No filter named 'nofilter'"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_place(put: Put, text: str, line: int, what: str) -> None:
    config = put(report__html__j2=text)

    said = refused(config)

    assert said.startswith(f"{config.templates}/report.html.j2:{line}: ")
    assert what in said
    assert "\n" not in said


def test_a_template_that_is_missing_is_named(put: Put) -> None:
    assert "there is no template `nowhere.j2`" in refused(put(report__html__j2='{% include "nowhere.j2" %}'))


def test_a_name_that_nothing_reads_is_refused(put: Put) -> None:
    said = refused(put(reports__html__j2="x"))

    assert "`" in said
    assert "reports.html.j2` is the name of no template; known names: " in said


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    said = refused(ReportConfig(templates=tmp_path / "gone"))

    assert said == (
        f"report.templates is `{tmp_path}/gone`, which cannot be read: No such file or directory. Give a folder of "
        "templates, or remove the key."
    )


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.html.j2").write_bytes(b"\xff\xfe\x00bad")

    assert f"{tmp_path}/report.html.j2" in refused(ReportConfig(templates=tmp_path))


def test_a_style_that_would_end_its_place_is_refused(put: Put) -> None:
    assert "_report.css holds `</`" in refused(put(_report__css="</style><script>"))


def test_the_folder_is_found_from_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("report: {templates: own}", encoding="utf-8")

    assert load_config(tmp_path / "config.yaml").report.templates == tmp_path / "own"


def test_the_docs_name_every_template_and_every_block() -> None:
    text = DOCS.read_text(encoding="utf-8")
    source = template_environment().get_template("report.html.j2")

    assert all(f"`{name}`" in text and f"`{kind.__name__}`" in text for name, kind in TEMPLATES.items())
    assert all(f"`{block}`" in text for block in source.blocks)
    assert "`HtmlView`" in text
    assert HtmlView.__doc__
