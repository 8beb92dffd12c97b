"""A checked analysis as it is told: in the terminal, as Markdown and as JSON; its text does no harm."""

import json
from pathlib import Path

import jsonschema
import pytest

from logtriage.check_view import check_schema
from tests.support.command_line import Run, options

ANALYSIS = """# Outage

`<script>alert(1)</script>` was logged 999999 times | with a pipe \x1b[31mred\x1b[0m.

More than 2 requests were answered with a 403.

Nothing of this is a claim.
"""


@pytest.fixture
def analysis(tmp_path: Path) -> Path:
    path = tmp_path / "a.md"
    path.write_text(ANALYSIS, encoding="utf-8")
    return path


def test_a_claim_is_told_with_its_mark_line_and_measure(run: Run, demo: Path, analysis: Path) -> None:
    done = run("check", str(analysis), *options(demo), folder=demo)

    assert (done.returncode, done.stderr) == (0, "")
    assert "✓    5  More than 2 requests were answered with a 403." in done.stdout
    assert "2 claims in 3 sentences: 1 confirmed, 0 contradicted, 1 cannot tell" in done.stdout
    assert "\x1b" not in done.stdout


def test_markdown_is_escaped(run: Run, demo: Path, analysis: Path) -> None:
    done = run("check", str(analysis), *options(demo), "--format", "markdown", folder=demo)

    assert "<script>" not in done.stdout
    assert "&lt;script&gt;" in done.stdout
    assert "\x1b" not in done.stdout


def test_json_is_valid_and_the_same_twice(run: Run, demo: Path, analysis: Path) -> None:
    first, second = (run("check", str(analysis), *options(demo), "--format", "json", folder=demo) for _ in range(2))

    told = json.loads(first.stdout)
    jsonschema.Draft202012Validator(check_schema()).validate(told)
    assert first.stdout == second.stdout
    assert [one["line"] for one in told["claims"]] == [3, 5]


def test_a_contradicted_claim_fails_where_that_is_asked_for(run: Run, demo: Path, tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("No 403 was answered at all.", encoding="utf-8")
    words = ("check", str(tmp_path / "b.md"), *options(demo))

    assert run(*words, folder=demo).returncode == 0
    assert run(*words, "--fail-on", "contradicted", folder=demo).returncode == 3


def test_a_text_without_claims_says_so(run: Run, demo: Path, tmp_path: Path) -> None:
    (tmp_path / "c.md").write_text("All is well that ends well.", encoding="utf-8")

    done = run("check", str(tmp_path / "c.md"), *options(demo), folder=demo)

    assert done.returncode == 0
    assert "0 claims in 1 sentence: 0 confirmed" in done.stdout


def test_a_file_that_is_not_there_is_one_line(run: Run, demo: Path) -> None:
    done = run("check", "nope.md", *options(demo), folder=demo)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("FILE is `nope.md`, which is not there.")
