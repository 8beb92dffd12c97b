"""The command line, as a subprocess: exit codes, clean stdout, one plain line for what goes wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from logtriage import __version__
from tests.support.command_line import Run, options


def test_help_shows_the_everyday_commands_first(run: Run) -> None:
    shown = run("--help").stdout
    names = ("Everyday", "report", "show", "diff", "daemon", "demo", "More", "import", "collect", "revisions", "digest")
    places = [
        found.start() if (found := re.search(f"^[^a-zA-Z]*{name} ", shown, re.MULTILINE)) else -1 for name in names
    ]

    assert -1 not in places
    assert places == sorted(places)


def test_help_imports_nothing_slow() -> None:
    script = "import sys\nfrom logtriage.cli import run\ntry: run()\nfinally: print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script, "--help"], capture_output=True, text=True, check=True, timeout=300
    )
    loaded = set(done.stdout.splitlines()[-1].split())

    slow = {"polars", "duckdb", "scipy", "numpy", "google.cloud", "grpc", "pydantic", "httpx", "jinja2", "apscheduler"}
    assert loaded & slow == set()


def test_a_report_imports_only_what_it_needs(demo: Path) -> None:
    script = "import sys\nfrom logtriage.cli import run\ntry: run()\nfinally: print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script, "report", *options(demo)],
        cwd=demo, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    loaded = set(done.stdout.splitlines()[-1].split())

    other = {"pyarrow", "yaml", "pydantic_settings", "jinja2", "apscheduler", "google.cloud", "grpc", "httpx", "scipy"}
    untold = {"html_view", "ticket_view", "ledger_view", "diff_view", "check_view", "regroup_view"}
    undrawn = {"mermaid", "svg", "svg_cascade", "svg_lanes", "svg_sequence"}
    assert "polars" in loaded
    assert loaded & other == set()
    assert loaded & {f"logtriage.{name}" for name in untold} == set()
    assert loaded & {f"logtriage.diagrams.{name}" for name in undrawn} == set()


def test_what_a_report_makes_is_seldom_looked_through_for_cycles(demo: Path) -> None:
    script = (
        "import gc, sys\nfrom logtriage import cli\n"
        "cli.os._exit = lambda code: print(sum(one['collections'] for one in gc.get_stats()))\n"
        "before = sum(one['collections'] for one in gc.get_stats())\ncli.main()\nprint(before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "report", *options(demo)],
        cwd=demo, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    after, before = map(int, done.stdout.splitlines()[-2:])

    assert after - before < 20  # two hundred by the settings of the interpreter


def test_a_query_imports_the_store_and_no_analysis(demo: Path) -> None:
    script = "import sys\nfrom logtriage.cli import run\ntry: run()\nfinally: print(*sorted(sys.modules))"
    query = "select service, sum(severity), max(length(message)) from entries group by service"
    done = subprocess.run(
        [sys.executable, "-c", script, "query", query, *options(demo)[:2]],
        cwd=demo, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    loaded = set(done.stdout.splitlines()[-1].split())

    other = {"numpy", "pyarrow", "rich", "jinja2", "classifiers.findings", "classifiers.classify", "logtriage.pipeline"}
    assert {"polars", "collector.store"} <= loaded
    assert loaded & other == set()


def test_the_settings_load_without_what_they_are_for() -> None:
    script = "import sys\nimport logtriage.config\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300)

    assert {"polars", "duckdb", "numpy", "rich", "classifiers.findings"} & set(done.stdout.split()) == set()


@pytest.mark.parametrize(
    "command",
    ["report", "show", "diff", "daemon", "demo", "import", "collect", "revisions", "digest", "query"],
)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    done = run(command, "--help")

    assert done.returncode == 0
    assert "Usage: logtriage " + command in done.stdout


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"logtriage {__version__}\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("reprot", "No such command `reprot`. Did you mean `report`, `regroup`? See `logtriage --help`."),
        ("--zzz", "No such option: --zzz. See `logtriage --help`."),
        ("report --sinse 1h", "No such option: --sinse. Did you mean --since? See `logtriage report --help`."),
        (
            "report --format pdf",
            "Invalid value for `--format`: `pdf` is not one of `terminal`, `markdown`, `html`, `js",
        ),
        ("query --format x y", "Invalid value for `--format`: `x` is not one of `table`, `csv`, `json`. See `logtriag"),
        ("report --since", "Option `--since` requires an argument. See `logtriage report --help`."),
        ("report extra", "Got unexpected extra argument(s) (extra). See `logtriage report --help`."),
        ("daemon --once=3", "Option `--once` does not take a value. See `logtriage daemon --help`."),
        ("demo --seed x", "Invalid value for `--seed`: `x` should be a valid integer. See `logtriage demo --help`."),
        ("demo --seed 99999999999999999999", "Invalid value for `--seed`: `99999999999999999999` should be less than"),
        ("show", "Missing argument `CLUSTER`. See `logtriage show --help`."),
        ("diff one", "Missing argument `REV_B`. See `logtriage diff --help`."),
        ("import", "Missing argument `PATH...`. See `logtriage import --help`."),
        ("query", "Missing argument `SQL`. See `logtriage query --help`."),
        ("re\x1b[31mp\u2500ort", "No such command `re"),
    ],
)
def test_wrong_usage_is_one_plain_line_and_exit_code_2(run: Run, words: str, line: str) -> None:
    done = run(*words.split())

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(line)
    assert "\x1b" not in done.stderr


def test_no_words_at_all_are_answered_with_the_help(run: Run) -> None:
    done = run()

    assert (done.returncode, done.stderr) == (2, "")
    assert "Usage: logtriage" in done.stdout


def test_an_unknown_condition_is_wrong_usage_whatever_is_stored(run: Run) -> None:
    done = run("diff", "a", "b", "--fail-on", "env_remvoed")

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("--fail-on is `env_remvoed`; known conditions: removed-env, ")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("report",), "There is no database at `logtriage.duckdb`. Run "),
        (("report", "--since", "yesterday"), "--since is `yesterday`, which is neither a time nor a duration."),
        (("report", "--until", "2026-02-31"), "--until is `2026-02-31`, which is neither"),
        (("report", "--since", "2026-09-14", "--until", "2026-09-14"), "The window `2026-09-14T00:00:00Z -> "),
        (("report", "--output", "absent/r.md"), "--output is `absent/r.md`, but there is no folder "),
        (("report", "--output", "."), "--output is `.`, which is a folder."),
        (("report", "--config", "absent.yaml"), "--config names `absent.yaml`, which is missing."),
        (("report", "--db", "foreign.txt"), ""),
        (("import", "absent.json"), ""),
        (("import", ""), "A path of import is ``, an empty text. "),
        (("report", "--since", ""), "--since is ``, which is neither a time nor a duration."),
        (("report", "--until", ""), "--until is ``, which is neither a time nor a duration."),
        (("collect", "--since", "2026-09-14T20:00+25:00"), "sources is empty"),
        (("report", "--since", "2026-09-14T20:00+25:00"), "--since is `2026-09-14T20:00+25:00`, which is neither"),
        (("collect",), "sources is empty, so there is nothing to collect."),
        (("daemon",), "sources is empty, so there is nothing to collect."),
        (("digest",), "digest.channels is empty and --to is not given."),
        (("digest", "--to", "slak", "--dry-run"), "--to is `slak`; known channels: email, "),
        (("digest", "--to", "webhook"), "Channel `webhook` has no address: "),
        (("demo", "--scenario", "secret_lsot"), "demo: scenario is `secret_lsot`; known scenarios: "),
        (("demo", "--folder", "foreign.txt/x"), "--folder is `foreign.txt/x`, which cannot be made: Not a directory."),
        (("query", "select 1"), "There is no database at `logtriage.duckdb`."),
    ],
)
def test_what_fails_is_one_plain_line_and_exit_code_1(
    run: Run, tmp_path: Path, words: tuple[str, ...], line: str
) -> None:
    (tmp_path / "foreign.txt").write_text(
        "no database at all, but long enough to look like one " * 99, encoding="utf-8"
    )

    done = run(*words)

    assert done.stderr.startswith(line)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "Traceback" not in done.stderr


def test_every_mistake_of_the_configuration_has_a_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("reprt: {}\ndigest: {lowest_priority: P9}\n", encoding="utf-8")

    done = run("report")

    assert done.returncode == 1
    assert [line.split(";")[0] for line in done.stderr.splitlines()] == [
        "config.yaml: digest.lowest_priority is `P9`",
        "config.yaml: reprt is no known key",
    ]


def test_hostile_words_come_back_plain(run: Run) -> None:
    done = run("report", "--since", "a\x1b[31m\u202eb")

    assert done.stderr.startswith("--since is `a b`, which is neither")


def test_a_full_disk_is_exit_code_1(demo: Path) -> None:
    script = f"{sys.executable} -c 'from logtriage.cli import main; main()' --help > /dev/full"
    done = subprocess.run(["bash", "-c", script], cwd=demo, capture_output=True, text=True, check=False, timeout=300)

    assert done.returncode == 1
    assert done.stderr == "No space left on device: `stdout`. Check the disk and the path.\n"


def test_a_fault_of_our_own_is_one_line_on_request_in_full(tmp_path: Path) -> None:
    script = "from logtriage import cli\ncli._acts = lambda _: 1 / 0\ncli.main()"
    words = [sys.executable, "-c", script, "report"]

    short = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    full = subprocess.run(
        words, capture_output=True, text=True, check=False, cwd=tmp_path, env={**os.environ, "LOGTRIAGE_TRACEBACK": "1"}
    )

    assert (short.returncode, short.stdout) == (1, "")
    assert short.stderr.startswith("Internal fault: ZeroDivisionError at <string>:2.")
    assert short.stderr.count("\n") == 1
    assert "Traceback" in full.stderr


@pytest.mark.parametrize(("closed", "code"), [("--help >&-", 0), ("reprot 2>&-", 2), ("--help >&- 2>&-", 0)])
def test_a_closed_stream_is_no_fault(tmp_path: Path, closed: str, code: int) -> None:
    script = f"{sys.executable} -c 'from logtriage.cli import main; main()' {closed}"

    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_an_interrupt_is_quiet(tmp_path: Path) -> None:
    script = "from logtriage import cli\ndef stop(_): raise KeyboardInterrupt\ncli._acts = stop\ncli.main()"

    done = subprocess.run(
        [sys.executable, "-c", script, "report"], capture_output=True, text=True, check=False, cwd=tmp_path
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
