"""`logtriage verify` from the command line: every format, one finding or all, exit codes for CI."""

import json
from pathlib import Path

import jsonschema
import pytest

from logtriage.export import findings_schema
from tests.support.command_line import Run, options


def test_what_fails_ends_in_3_and_tells_how_many_attempts_are_needed(demo: Path, run: Run) -> None:
    done = run("verify", *options(demo), folder=demo)

    assert done.returncode == 3
    assert "FAILING" in done.stdout
    assert "of 30 needed" in done.stdout
    assert done.stderr.startswith("FAILING: ")


@pytest.mark.parametrize(("wanted", "code"), [("none", 0), ("not-testable", 0), ("failing,not-yet", 3)])
def test_fail_on_chooses_the_verdicts_that_end_in_3(demo: Path, run: Run, wanted: str, code: int) -> None:
    assert run("verify", *options(demo), "--fail-on", wanted, folder=demo).returncode == code


def test_an_unknown_verdict_is_wrong_usage_that_lists_the_known(demo: Path, run: Run) -> None:
    done = run("verify", "--fail-on", "broken", folder=demo)

    assert done.returncode == 2
    assert "known verdicts: failing, not-yet, not-testable, or none" in done.stderr


def test_a_finding_is_named_by_number_or_id_and_an_unknown_one_is_told(demo: Path, told: str, run: Run) -> None:
    found = json.loads(told)["incidents"][0]
    given = (*options(demo), "--format", "json", "--fail-on", "none")

    by_number, by_id = (json.loads(run("verify", name, *given, folder=demo).stdout) for name in ("1", found["root"]))
    unknown = run("verify", "nothing-of-this", *given, folder=demo)

    members = {found["root"], *found["symptoms"]}
    assert {one["finding_id"] for one in by_number["verifications"]} == members
    assert [one["finding_id"] for one in by_id["verifications"]] == [found["root"]]
    assert unknown.returncode == 1
    assert "There is no cluster or incident `nothing-of-this`" in unknown.stderr


def test_the_json_is_what_the_schema_of_findings_describes(demo: Path, run: Run) -> None:
    told = json.loads(run("verify", *options(demo), "--format", "json", folder=demo).stdout)
    schema = findings_schema()

    of_one = {"$schema": schema["$schema"], "$defs": schema["$defs"], "$ref": "#/$defs/verification"}
    for one in told["verifications"]:
        jsonschema.validate(one, of_one)
    assert sum(told["counts"].values()) == len(told["verifications"]) > 0


def test_markdown_has_a_heading_for_each_criterion(demo: Path, run: Run) -> None:
    done = run("verify", *options(demo), "--format", "markdown", "--fail-on", "none", folder=demo)

    assert done.returncode == 0
    assert "## FAILING: " in done.stdout


def test_a_criterion_that_lacks_its_limit_is_an_error_in_one_line(demo: Path, run: Run, tmp_path: Path) -> None:
    written = tmp_path / "config.yaml"
    written.write_text(
        "verify:\n  criteria:\n    - {name: seldom, service: shop, kind: rate below, status: [403]}\n", encoding="utf-8"
    )

    done = run("verify", *options(demo), "--config", str(written), folder=demo)

    assert done.returncode == 1
    assert "`seldom` is of kind `rate below` and lacks `limit`" in done.stderr
