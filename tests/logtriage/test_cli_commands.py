"""Each command over a store: what it prints, its exit code, and that stdout is clean."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from collector.window import NS_PER_S
from logtriage.export import findings_schema
from tests.support.command_line import Run, options
from tests.support.github_server import REPOSITORY, TOKEN, serve_github
from tests.support.log_entries import make_entry
from tests.support.logging_server import LoggingServer
from tests.support.webhook import serve_webhook


def test_the_demo_tells_and_writes_its_report(demo: Path) -> None:
    told = (demo / "stdout").read_text(encoding="utf-8")

    assert "WRONG NOW" in told
    assert "\x1b" not in told
    assert (demo / "logtriage-demo" / "demo-report.md").read_text(encoding="utf-8").startswith("# WRONG NOW")
    page = (demo / "logtriage-demo" / "demo-report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert '<span class="lead">WRONG NOW</span>' in page


def test_the_demo_names_the_revision_the_variable_and_the_cascade(demo: Path, told: str) -> None:
    truth = json.loads((demo / "logtriage-demo" / "truth.json").read_text(encoding="utf-8"))
    root = next(one for one in truth["clusters"] if one["role"] == "root" and (one["guilty"] or {}).get("change"))
    found = json.loads(told)

    blamed = [one["attribution"] for one in found["clusters"] if one["attribution"]]

    assert root["guilty"]["revision"] in {one["revision"] for one in blamed if one["confidence"] >= 0.5}
    assert root["guilty"]["change"]["name"] in {(one["change"] or {}).get("name") for one in blamed}
    assert any(incident["symptoms"] for incident in found["incidents"])


def test_a_report_as_json_is_valid(told: str) -> None:
    jsonschema.Draft202012Validator(findings_schema()).validate(json.loads(told))


def test_an_output_file_holds_what_stdout_had_to_the_byte(run: Run, demo: Path, told: str) -> None:
    written = run("report", *options(demo), "--format", "json", "--output", "r.json", folder=demo)

    assert (written.returncode, written.stdout) == (0, "")
    assert (demo / "r.json").read_text(encoding="utf-8") == told


def test_a_quiet_window_is_a_report_too(run: Run, demo: Path) -> None:
    done = run("report", *options(demo)[:2], "--since", "1h", "--until", "2001-01-01", folder=demo)

    assert done.returncode == 0
    assert "NOTHING SEEN: 0 entries in this window" in done.stdout


def test_one_incident_is_shown_with_its_evidence(run: Run, demo: Path) -> None:
    done = run("show", "1", *options(demo), folder=demo)

    assert (done.returncode, done.stderr) == (0, "")
    assert "WHY TOGETHER" in done.stdout


def test_an_incident_that_is_not_there_is_one_line(run: Run, demo: Path) -> None:
    done = run("show", "999", *options(demo), folder=demo)

    assert done.returncode == 1
    assert done.stderr.startswith("There is no cluster or incident `999` in this window. Known here: 1")


def test_an_unknown_service_is_one_line(run: Run, demo: Path) -> None:
    done = run("report", *options(demo), "--service", "nope", folder=demo)

    assert done.returncode == 1
    assert done.stderr.startswith("--service is `nope`, which this window does not know; it knows: ")


def test_revisions_are_listed_and_two_are_compared(run: Run, demo: Path) -> None:
    db = options(demo)[:2]
    ledger = json.loads(run("revisions", *db, "--format", "json", folder=demo).stdout)
    truth = json.loads((demo / "logtriage-demo" / "truth.json").read_text(encoding="utf-8"))
    guilty = next(one["guilty"] for one in truth["clusters"] if (one["guilty"] or {}).get("change"))
    (told,) = [one for one in ledger["revisions"] if one["revision"] == guilty["revision"]]
    before = told["before"]

    number = before.rpartition("-")[0].rpartition("-")[2]
    short = guilty["revision"].removeprefix(f"{guilty['service']}-")
    plain = run("diff", before, guilty["revision"], *db, folder=demo)
    matched = run("diff", f"{guilty['service']}/{number}", short, *db, "--fail-on", "vpc,removed-env", folder=demo)
    other = run("diff", before, guilty["revision"], *db, "--fail-on", "vpc", "--format", "markdown", folder=demo)

    assert guilty["change"]["name"] in [change["name"] for change in told["difference"]["changes"]]
    assert guilty["change"]["name"] in plain.stdout
    assert " NEW     " in plain.stdout
    assert (plain.returncode, matched.returncode, other.returncode) == (0, 3, 0)
    assert matched.stdout == plain.stdout
    assert matched.stderr.startswith(f"--fail-on removed-env matched: {guilty['change']['name']} is gone (was secret ")
    assert matched.stderr.count("\n") == 1


def test_a_diff_in_json_is_clean_for_pipes_and_takes_a_window(run: Run, demo: Path) -> None:
    truth = json.loads((demo / "logtriage-demo" / "truth.json").read_text(encoding="utf-8"))
    guilty = next(one["guilty"] for one in truth["clusters"] if (one["guilty"] or {}).get("change"))
    words = ("diff", guilty["service"], guilty["revision"], *options(demo)[:2], "--format", "json")
    early = truth["window"]["start"]

    done = run(*words, "--fail-on", "rate", "--fail-on", "new-cluster,unknown", folder=demo)
    before = run(*words, "--until", early, folder=demo)

    told = json.loads(done.stdout)
    assert told["after"]["revision"] == guilty["revision"]
    assert told["fail_on"]["matched"] == done.stderr.splitlines()
    assert before.returncode == 1
    assert before.stderr.startswith("There is no revision `")


def test_revisions_of_two_services_differ_in_configuration_alone(run: Run, demo: Path) -> None:
    db = options(demo)[:2]
    ledger = json.loads(run("revisions", *db, "--format", "json", folder=demo).stdout)
    services = sorted({one["service"] for one in ledger["revisions"]})

    done = run("diff", *services[:2], *db, "--fail-on", "new-cluster", folder=demo)
    strict = run("diff", *services[:2], *db, "--fail-on", "new-cluster,unknown", folder=demo)

    assert done.returncode == 0
    assert "failures are not compared: they are of two services" in " ".join(done.stdout.split())
    assert done.stderr.startswith("--fail-on new-cluster: cannot tell, so not matched: they are of two services")
    assert strict.returncode == 3


def test_the_ledger_of_one_service_since_a_time_is_a_page(run: Run, demo: Path) -> None:
    db = options(demo)[:2]
    service = json.loads(run("revisions", *db, "--format", "json", folder=demo).stdout)["revisions"][0]["service"]

    page = run("revisions", service, *db, "--format", "markdown", folder=demo)
    nothing = run("revisions", service, *db, "--since", "2099-01-01T00:00:00Z", folder=demo)
    unknown = run("revisions", "nope", *db, folder=demo)

    assert page.stdout.startswith("# ")
    assert f"## {service}" in page.stdout
    assert nothing.returncode == 0
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.startswith("There is no service `nope` in this store. Its services: ")


def test_a_dry_run_prints_what_would_be_sent(run: Run, demo: Path) -> None:
    done = run("digest", *options(demo), "--dry-run", folder=demo)
    asked = run("digest", *options(demo), "--dry-run", "--to", "webhook", "--to", "email", folder=demo)
    told = json.loads(run("digest", *options(demo), "--dry-run", "--format", "json", folder=demo).stdout)

    assert (done.returncode, done.stderr) == (0, "")
    assert "CHANGE" in done.stdout
    assert asked.returncode == 1
    assert [one["act"] for one in told["channels"][0]["messages"]] == ["open"] * done.stdout.count("RIGHT?")


def test_a_query_answers_in_csv_json_and_a_table(run: Run, demo: Path) -> None:
    words = ("query", *options(demo)[:2], "select 1 as one, ['a', 'b'] as many, null as none")

    assert run(*words, folder=demo).stdout == 'one,many,none\n1,"[""a"", ""b""]",\n'
    assert json.loads(run(*words, "--format", "json", folder=demo).stdout) == {
        "one": 1,
        "many": ["a", "b"],
        "none": None,
    }
    assert run(*words, "--format", "table", folder=demo).stdout == 'one  many        none\n1    ["a", "b"]\n'


@pytest.mark.parametrize("sql", ["drop table entries", "select * from read_csv('/etc/passwd')", "selec 1"])
def test_a_query_only_reads_and_only_the_store(run: Run, demo: Path, sql: str) -> None:
    done = run("query", *options(demo)[:2], sql, folder=demo)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The query failed: ")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error(demo: Path) -> None:
    script = "logtriage() { " + f"{sys.executable} -c 'from logtriage.cli import main; main()' \"$@\"; }}; "
    sql = "select range from range(300000)"
    done = subprocess.run(
        ["bash", "-c", f"{script} logtriage query --db {options(demo)[1]} '{sql}' | head -n 2"],
        cwd=demo, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    assert (done.stdout, done.stderr) == ("range\n0\n", "")


@pytest.mark.parametrize("words", ["--help", "--version", "report --help", "query 'select range from range(300000)'"])
def test_a_closed_pipe_is_exit_code_0(demo: Path, words: str) -> None:
    command = f"{sys.executable} -c 'from logtriage.cli import main; main()' {words}"
    script = f"set -o pipefail; LOGTRIAGE_DB={options(demo)[1]} {command} | true"

    done = subprocess.run(["bash", "-c", script], cwd=demo, capture_output=True, text=True, check=False, timeout=300)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_import_prints_the_sums_of_each_file(run: Run, tmp_path: Path) -> None:
    entry = {
        "insertId": "a1", "timestamp": "2026-09-14T20:00:00Z", "textPayload": "hello",
        "logName": "projects/p/logs/run.googleapis.com%2Fstderr",
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": "s", "revision_name": "s-1"}},
    }  # fmt: skip
    (tmp_path / "dump.jsonl").write_text(f"{json.dumps(entry)}\n{json.dumps(entry)}\n{{}}\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a dump", encoding="utf-8")

    done = run("import", ".", folder=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "3 read = 1 stored + 1 dup + 1 dead" in done.stdout
    assert "skipped notes.txt" in done.stdout or "skipped ./notes.txt" in done.stdout


@pytest.mark.parametrize(("command", "is_lower"), [("import", True), ("report", False)])
def test_what_stores_runs_below_what_reads(demo: Path, command: str, is_lower: bool) -> None:  # noqa: FBT001
    niceness = "os.getpriority(os.PRIO_PROCESS, 0)"
    script = f"import os\nfrom logtriage.cli import run\ntry: run()\nfinally: print({niceness})"
    words = {"import": ("logtriage-demo/spans.jsonl", "--db", "nice.duckdb"), "report": options(demo)}[command]

    done = subprocess.run(
        [sys.executable, "-c", script, command, *words],
        cwd=demo, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip

    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert int(done.stdout.splitlines()[-1]) == (max(own, 5) if is_lower else own)


def test_the_database_may_be_named_in_the_environment(demo: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    path = demo / options(demo)[1]

    monkeypatch.setenv("LOGTRIAGE_DB", str(path))

    assert run("query", "select 1 as one").stdout == "one\n1\n"


def _with_source(folder: Path, endpoint: str) -> None:
    source = {"kind": "cloud_logging", "resources": ["projects/demo-stage"], "endpoint": endpoint, "insecure": True}
    (folder / "config.yaml").write_text(json.dumps({"sources": [{**source, "patience_s": 0}]}), encoding="utf-8")


def test_collect_prints_the_sums_of_each_source(run: Run, tmp_path: Path) -> None:
    with LoggingServer([make_entry("a", time.time_ns() - 600 * NS_PER_S)]) as logs:
        _with_source(tmp_path, logs.endpoint)
        done = run("collect", "--since", "1h")

    assert (done.returncode, done.stderr) == (0, "")
    assert "cloud_logging  1 read = 1 stored + 0 dup + 0 dead  ok" in done.stdout


def test_a_source_that_fails_is_told_and_exit_code_1(run: Run, tmp_path: Path) -> None:
    _with_source(tmp_path, "127.0.0.1:9")

    done = run("collect", "--since", "1h")

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("cloud_logging: ")
    assert done.stdout.rstrip().endswith("failed")


def test_a_digest_is_posted(run: Run, own: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_webhook() as hook:
        monkeypatch.setenv("LOGTRIAGE_WEBHOOK_URL", hook.url)
        done = run("digest", *own, "--to", "webhook")
        again = run("digest", *own, "--to", "webhook")
        dry = run("digest", *own, "--to", "webhook", "--dry-run")

    told = f"{len(hook.bodies)} message{'s' if len(hook.bodies) > 1 else ''} ({len(hook.bodies)} open)"
    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"webhook: {told}\n")
    assert (again.stdout, dry.stdout.splitlines()[0]) == ("webhook: 0 messages\n", "== webhook (webhook): 0 messages")
    assert hook.bodies


def test_a_channel_that_cannot_be_opened_is_told_and_the_others_are_served(
    run: Run, own: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOGTRIAGE_GITHUB_TOKEN", raising=False)
    channels = [{"kind": "github", "repository": REPOSITORY}, {"kind": "webhook"}]
    settings = tmp_path / "told.yaml"
    settings.write_text(json.dumps({"digest": {"channels": channels}}), encoding="utf-8")
    words = ("digest", *own, "--config", str(settings))
    with serve_webhook() as hook:
        monkeypatch.setenv("LOGTRIAGE_WEBHOOK_URL", hook.url)
        dry = run(*words, "--dry-run")
        sent = run(*words)
    alone = run(*words, "--to", "github")
    waiting = run(*words, "--to", "github", "--dry-run")

    missing = "Channel `github` cannot log in: `LOGTRIAGE_GITHUB_TOKEN` is not set"
    assert [one.returncode for one in (dry, sent, alone, waiting)] == [1, 1, 1, 1]
    assert all(one.stderr.count(missing) == 1 for one in (dry, sent, alone, waiting)), sent.stderr
    assert "== webhook (webhook): 2 messages" in dry.stdout
    assert (sent.stdout, len(hook.bodies)) == ("webhook: 2 messages (2 open)\n", 2)
    assert "== github (github): 0 messages, 2 left from before" in waiting.stdout


def test_a_digest_hears_what_people_did_since_the_last(
    run: Run, own: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a cycle of the daemon does: who runs it by cron alone is heard, too."""
    monkeypatch.setenv("LOGTRIAGE_GITHUB_TOKEN", TOKEN)
    with serve_github() as server:
        channel = {"kind": "github", "repository": REPOSITORY, "api_url": server.url}
        settings = tmp_path / "told.yaml"
        settings.write_text(json.dumps({"digest": {"channels": [channel]}}), encoding="utf-8")
        words = ("digest", *own, "--config", str(settings))
        first = run(*words)
        server.person_closes(1)
        second = run(*words)

    assert (first.returncode, second.returncode, second.stderr) == (0, 0, "")
    assert second.stdout == "github: heard 1 word, 0 settled a verdict\ngithub: 0 messages\n"


def test_regroup_proposes_with_lines_that_load_and_do_what_they_say(demo: Path, run: Run, tmp_path: Path) -> None:
    database = str(demo / "logtriage-demo" / "demo.duckdb")
    proposed = json.loads(run("regroup", "--preview", "--db", database, "--format", "json").stdout)["proposals"]
    lines = [line for one in proposed for line in one["accept"]]
    (tmp_path / "config.yaml").write_text("clusters:\n  rules:\n" + "".join(f"    {line}\n" for line in lines))

    told = json.loads(run("regroup", "--preview", "--db", database, "--format", "json").stdout)

    assert proposed
    assert [len(effect["after"]) for effect in told["rules"]] == [1] * len(proposed)
    assert (told["proposals"], told["warnings"], told["signing"]) == ([], [], None)
    assert told["clusters_before"] - told["clusters_after"] == sum(
        len(effect["before"]) - 1 for effect in told["rules"]
    )


def test_regroup_tells_its_rules_and_what_is_alike(demo: Path, run: Run, tmp_path: Path) -> None:
    database = str(demo / "logtriage-demo" / "demo.duckdb")
    (tmp_path / "config.yaml").write_text("clusters: {rules: [{split: ffffffffffffffff, why: it never was}]}")

    shown = run("regroup", "--preview", "--db", database)
    written = run("regroup", "--preview", "--db", database, "--format", "markdown")
    applied = run("regroup", "--db", database)

    assert "clusters.rules[0] split ffffffffffffffff: changes nothing (it never was)" in " ".join(shown.stdout.split())
    assert "ALIKE, AND NOT MERGED" in shown.stdout
    assert all(len(line) <= 80 or "- merge:" in line for line in shown.stdout.splitlines())
    assert "## Alike, and not merged" in written.stdout
    assert "ALIKE" not in applied.stdout
    assert (shown.returncode, written.returncode, applied.returncode) == (0, 0, 0)
