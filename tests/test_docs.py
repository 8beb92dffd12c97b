"""The docs cannot lie: links lead somewhere, commands parse, keys exist, settings load, what is made is up to date."""

import importlib
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import typer
import yaml

from classifiers.blind import BlindKind
from classifiers.config import AttributionConfig, OnsetConfig, PriorityConfig
from classifiers.explained import SURE_FROM
from classifiers.priors import MOST_ALONE
from classifiers.rivals import gains_of
from logtriage.cli import app
from logtriage.config import Config, load_config
from tests.support.cases import case, grid
from tests.support.reference import ROOT, keys_of, made_pages

DOCS = ROOT / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
README = "../README.md"
TEXTS = PAGES | {README: (ROOT / "README.md").read_text(encoding="utf-8")}
COMMANDS: Any = typer.main.get_command(app)
_LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SAID = {"right", "wrong", "open"}  # words of people in a channel


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", text)


def anchors(text: str) -> set[str]:
    """The anchors that GitHub makes of headings."""
    titles = re.findall(r"^#+ +(.*?) *$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def lines_of_commands(text: str) -> Iterator[str]:
    """What follows `logtriage` in code: one command line, without its comment; no words of people to a channel."""
    code = [line for _, block in _FENCE.findall(text) for line in block.splitlines()]
    code += re.findall(r"^ {4}(\S.*)$", prose(text), re.MULTILINE)
    code += re.findall(r"`([^`\n]+)`", prose(text))
    for line in code:
        found = re.match(r"(?:\S*/bin/|.* && )?logtriage (.*)", line.strip())
        words = re.split(r"\s#|\s{2,}|&&|[>;]| \| ", found[1].replace("\\|", "|"))[0].strip() if found else ""
        if words and not set(words.split()[0].split("|")) <= _SAID and not words.split()[0].isupper():
            yield words


@pytest.mark.parametrize("page", TEXTS)
def test_every_link_and_anchor_leads_somewhere(page: str) -> None:
    broken = []
    for target in _LINK.findall(prose(TEXTS[page])):
        name, _, anchor = target.partition("#")
        if "://" in target or name.startswith("mailto:"):
            continue
        path = (DOCS / page).parent / name if name else DOCS / page
        is_page = path.suffix == ".md" and path.is_file()
        if not path.exists() or (anchor and not (is_page and anchor in anchors(path.read_text(encoding="utf-8")))):
            broken.append(target)

    assert broken == []


def test_every_page_is_reached_from_the_index_and_the_index_from_the_readme() -> None:
    assert set(PAGES) - {"README.md"} <= set(_LINK.findall(PAGES["README.md"]))
    assert "docs/README.md" in _LINK.findall(TEXTS[README])


@pytest.mark.parametrize("page", TEXTS)
def test_every_command_line_names_a_command_and_its_options(page: str) -> None:
    wrong = []
    for line in lines_of_commands(TEXTS[page]):
        words = shlex.split(re.sub(r"[\[\]]", " ", line).replace("'", " "))
        known = words[:1] in (["--version"], ["--help"])
        if words and words[0] in COMMANDS.commands:
            named = {name for one in COMMANDS.commands[words[0]].params for name in one.opts} | {"--help", "-h"}
            known = {word.split("=")[0] for word in words if word.startswith("--")} <= named
        if not known:
            wrong.append(line)

    assert wrong == []


def test_every_whole_command_line_of_the_docs_parses() -> None:
    tried = 0
    for page, text in TEXTS.items():
        for line in lines_of_commands(text):
            if (
                re.search(r"[\[\]|.]{2,}|[\[\]|]|\.\.\.|\b(?:PATH|T|FILE\.md)\b", line)
                or " " not in line
                or "--help" in line
            ):
                continue  # a form, no line to copy
            name, *words = shlex.split(line)
            context = COMMANDS.commands[name].make_context(name, words, parent=None, resilient_parsing=False)
            assert context.params, f"{page}: {line}"
            tried += 1

    assert tried > 30


@pytest.mark.parametrize("page", PAGES)
def test_settings_shown_load(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LOGTRIAGE_")]:
        monkeypatch.delenv(name)
    texts = [text for language, text in _FENCE.findall(PAGES[page]) if language == "yaml"]
    texts += [
        re.sub(r"^ {4}", "", text, flags=re.MULTILINE)
        for text in re.findall(r"(?:^ {4}.*\n)+", prose(PAGES[page]), re.MULTILINE)
    ]
    for text in texts:
        if not re.match(rf"(?:#.*\n)*(?:{'|'.join(Config.model_fields)}):", text) or "kind: spool" in text:
            continue  # tests/test_extending.py loads those of plug-ins
        file = tmp_path / "config.yaml"
        file.write_text(text, encoding="utf-8")
        (tmp_path / "templates").mkdir(exist_ok=True)
        assert load_config(file), text


def test_every_key_named_exists() -> None:
    known = {re.sub(r"\[\]|:\w+", "", path) for path in keys_of()}
    known |= {".".join(path.split(".")[:depth]) for path in known for depth in (1, 2)}
    sections = "|".join(Config.model_fields)
    unknown = {
        f"{page}: {name}"
        for page, text in TEXTS.items()
        for name in re.findall(rf"`((?:{sections})\.[a-z_0-9.]+[a-z_0-9])[`:]", text)
        if name not in known and not name.endswith((".md", ".html", ".json", ".py", ".yaml", ".j2"))
    }

    assert unknown == set()


@pytest.mark.parametrize("page", TEXTS)
def test_no_line_is_too_long(page: str) -> None:
    made = re.sub(r"<!-- made.*?begin.*?end -->", "", prose(TEXTS[page]), flags=re.DOTALL)
    long = [
        line
        for line in made.splitlines()
        if len(_LINK.sub("", line)) > (120 if page in KEPT_SHORT else 200) and not line.startswith("|")
    ]

    assert long == []


KEPT_SHORT = {"README.md", "verdict.md", "configuration.md", "commands.md", "extending.md", "runbook.md"}


def test_no_formula_goes_over_the_end_of_a_line() -> None:
    assert [line for line in prose(PAGES["verdict.md"]).splitlines() if line.count("$") % 2] == []


def test_what_is_made_is_up_to_date() -> None:
    stale = [name for name, text in made_pages().items() if text != PAGES[name]]

    assert stale == [], "run `make docs`"


def test_every_key_is_told_and_says_what_it_does() -> None:
    assert [path for path, (_, about) in keys_of().items() if not about] == []


def test_every_command_and_exit_code_is_told() -> None:
    page = PAGES["commands.md"]
    codes = importlib.import_module("logtriage.cli").__doc__ or ""

    assert set(COMMANDS.commands) <= set(re.findall(r"^### (\w+)$", page, re.MULTILINE))
    assert re.findall(r"\b(\d+) (?!`)\w+|\b(\d+) `", codes)
    for code in re.findall(r"\b(\d{1,3}) (?:\w+|`)", codes):
        assert f"\n| {code} |" in page


def test_every_kind_of_blindness_is_told() -> None:
    for page in ("blindness.md", "runbook.md"):
        told = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", PAGES[page], re.MULTILINE))))
        assert set(get_args(BlindKind)) <= told, page


def test_every_variable_of_the_environment_is_told() -> None:
    source = "".join(path.read_text(encoding="utf-8") for room in ("collector", "logtriage", "classifiers")
                     for path in (ROOT / room).rglob("*.py"))  # fmt: skip
    named = set(re.findall(r'"(LOGTRIAGE_[A-Z]+(?:_[A-Z]+)*)"', source))

    assert {name for name in named if f"`{name}`" not in PAGES["commands.md"]} == set()


def test_the_example_settings_are_yaml_that_loads() -> None:
    assert load_config(ROOT / "config.yaml")
    assert set(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))) == set(Config.model_fields)


def test_every_check_of_doctor_is_told() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "logtriage" / "setup").glob("*.py"))
    named = set(re.findall(r'\b(?:Check|of_error|closed_to_others)\(\s*"(\w+)"', source))
    told = PAGES["runbook.md"].partition("## Checks of `doctor`")[2].partition("\n## ")[0]

    assert len(named) > 10
    assert {name for name in named if f"`{name}`" not in told} == set()


def test_the_figures_of_the_verdict_are_those_of_the_code() -> None:
    page = " ".join(PAGES["verdict.md"].split())
    sure, priors, onset, ranks = SURE_FROM, AttributionConfig(), OnsetConfig(), PriorityConfig()

    for told in (
        f"**very likely** from {sure[0]}, **likely** from {sure[1]}, **suspected** from {sure[2]}",
        f"| {priors.bad_deploys:.0%} |".replace("%", " %"),
        f"| {priors.outages_per_day} a day |",
        f"| {priors.bad_rotations:.0%} | `attribution.bad_rotations`".replace("%", " %"),
        f"| {priors.callers_per_day} a day |",
        f"`attribution.most`, {priors.most}",
        f"| {MOST_ALONE}, below what blames |",
        f"`onset.evidence` ({onset.evidence:g})",
        f"P0 from {ranks.p0_share:.0%}, P1 from {ranks.p1_share:.0%}, P2 from {ranks.p2_share:.0%}".replace("%", " %"),
    ):
        assert told in page


def test_the_formula_of_the_verdict_is_that_of_the_code() -> None:
    page = PAGES["verdict.md"]
    halves = {"old": [3973 / 120] * 120 + [0.0] * 120, "new": [0.0] * 120 + [723 / 120] * 120}
    made = case(grid(halves), [(120 + place * 119 / 662, "new") for place in range(662)])

    gain = float(gains_of(made, np.array([662.0]), np.array([723.0]))[0]) * made.fit.dispersion

    assert f"= {gain:.1f}" in page
