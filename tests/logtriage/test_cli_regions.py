"""One service name in two regions, as the command line tells of it."""

import json
from pathlib import Path

import jsonschema
import pytest

from classifiers.clusters import cluster_id
from logtriage.export import findings_schema
from tests.support.command_line import Done, Run
from tests.support.regions import AMERICA, EUROPE, MISSING, TWICE, two_regions

WINDOW = ("--since", "2026-09-14T10:00:00Z", "--until", "2026-09-14T14:00:00Z")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which revisions of both regions have the same names, and both fail."""
    made = tmp_path_factory.mktemp("regions")
    two_regions(TWICE, is_failing_everywhere=True).stored(made)
    return made


def asked(run: Run, folder: Path, *words: str) -> Done:
    done = run(*words, "--db", str(folder / "system.duckdb"), folder=folder)
    assert done.returncode == 0, done.stderr
    return done


def test_json_tells_the_plain_name_and_the_location(run: Run, folder: Path) -> None:
    found = json.loads(asked(run, folder, "report", *WINDOW, "--format", "json").stdout)

    jsonschema.Draft202012Validator(findings_schema()).validate(found)
    roots = {one["id"]: one for one in found["clusters"]}
    assert {one["service"] for one in [*found["clusters"], *found["revisions"]]} == {"orders"}
    assert {one["location"] for one in found["clusters"]} == {EUROPE, AMERICA}
    assert [one["location"] for one in found["incidents"]] == [
        roots[one["root"]]["location"] for one in found["incidents"]
    ]
    blamed = [one["attribution"] for one in found["clusters"] if one["attribution"]]
    assert {(one["service"], one["location"]) for one in blamed} <= {("orders", EUROPE), ("orders", AMERICA)}
    assert all(row["service"] == "orders" for one in found["clusters"] for row in one["per_revision"])


def test_the_name_alone_reports_both_regions_and_one_with_its_region_one(run: Run, folder: Path) -> None:
    def titles(service: str) -> set[str | None]:
        told = asked(run, folder, "report", *WINDOW, "--format", "json", "--service", service).stdout
        return {one["location"] for one in json.loads(told)["vanished_keys"]} | {
            one["location"] for one in json.loads(told)["standing"] + json.loads(told)["clusters"]
        }

    assert titles("orders") == {EUROPE, AMERICA}
    assert EUROPE in titles(f"orders ({EUROPE})")


def test_commands_go_to_the_region_of_the_revision(run: Run, folder: Path) -> None:
    shown = asked(run, folder, "show", cluster_of(run, folder, EUROPE), *WINDOW, "--format", "markdown").stdout

    assert f"gcloud run services update orders --project=shop-staging --region={EUROPE} " in shown
    assert "REGION" not in shown
    assert f"logtriage diff {EUROPE}/orders-v1 {EUROPE}/orders-v2" in shown


def test_revisions_and_diff_keep_regions_apart(run: Run, folder: Path) -> None:
    listed = asked(run, folder, "revisions", "orders").stdout
    told = asked(run, folder, "diff", f"{AMERICA}/orders-v1", f"{AMERICA}/orders-v2").stdout
    rows = json.loads(asked(run, folder, "revisions", "orders", "--format", "json").stdout)["revisions"]

    assert "4 revisions of 2 services" in listed
    assert [line for line in listed.splitlines() if line.startswith("orders")] == [
        f"orders   shop-staging, {EUROPE}", f"orders   shop-staging, {AMERICA}",
    ]  # fmt: skip
    assert "code only" in told
    assert "PRICE_TABLE" not in told.partition("SERVED")[0]
    assert [(one["service"], one["location"], one["revision"]) for one in rows] == [
        ("orders", EUROPE, "orders-v1"), ("orders", EUROPE, "orders-v2"),
        ("orders", AMERICA, "orders-v1"), ("orders", AMERICA, "orders-v2"),
    ]  # fmt: skip


def test_an_id_told_while_there_was_one_region_is_still_understood(run: Run, folder: Path) -> None:
    found = json.loads(asked(run, folder, "report", *WINDOW, "--format", "json").stdout)
    lead = next(one for one in found["clusters"] if one["title"] == MISSING)
    former = [cluster_id("shop-staging", "orders", name) for name in lead["signature_ids"]]

    answers = [run("show", name, *WINDOW, "--db", str(folder / "system.duckdb"), folder=folder) for name in former]

    assert any("is in 2 clusters of this window" in done.stderr for done in answers)


def cluster_of(run: Run, folder: Path, location: str) -> str:
    found = json.loads(asked(run, folder, "report", *WINDOW, "--format", "json").stdout)
    return str(next(one["id"] for one in found["clusters"] if one["location"] == location and one["title"] == MISSING))
