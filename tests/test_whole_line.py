"""The whole line as its user runs it: nothing lost, nothing twice, no secret told, plain errors."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from collector.config import StoreConfig
from collector.errors import StoreError
from collector.store import Store
from logtriage.demo.generate import generate, write
from tests.support.entries import log_entry

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-c", "from logtriage.cli import main; main()"]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOGTRIAGE_")}
    return kept | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def logtriage(*arguments: str | Path, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd, env=environment(), capture_output=True, text=True, timeout=600, check=False, **options,
    )  # fmt: skip


def count(database: Path, sql: str) -> int:
    with Store(StoreConfig(path=database)).read() as reader:
        return int(reader.sql(sql).item())


@contextmanager
def logging_server(*, entries: int, faults: str) -> Iterator[dict[str, Any]]:
    """A Cloud Logging server in a process of its own; yields what it prints: port, start and the distinct entries."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.logging_server", "--entries", str(entries), "--faults", faults,
         "--retry-info-s", "0.02"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout
        assert server.stdin
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.stdin.close()  # its end; without it a test that failed would wait for it


class TestCollect:
    def test_a_pull_that_is_killed_goes_on_and_every_entry_is_stored_once(self, tmp_path: Path) -> None:
        database = tmp_path / "pull.duckdb"
        with logging_server(entries=100_000, faults="429:0.05,503:0.05,twice:0.05,shuffle:0.2") as server:
            (tmp_path / "config.yaml").write_text(
                "sources:\n  - kind: cloud_logging\n    name: logs\n    resources: [projects/demo-stage]\n"
                f"    endpoint: 127.0.0.1:{server['port']}\n    insecure: true\n    reads_per_min: 100000\n"
                f"store:\n  path: {database}\n"
            )
            victim = subprocess.Popen(
                [*COMMAND, "collect", "--since", server["start"]],
                cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            stored = 0
            until = time.monotonic() + 300
            while not stored and time.monotonic() < until:
                time.sleep(0.05)
                with suppress(StoreError):
                    stored = count(database, "select count(*) from entries")
            victim.send_signal(signal.SIGKILL)
            victim.wait()

            again = logtriage("collect", "--since", server["start"], cwd=tmp_path)

        assert 0 < stored < server["distinct"]
        assert again.returncode == 0, again.stderr
        assert count(database, "select count(*) from entries") == server["distinct"]
        assert count(database, "select count(distinct (project, insert_id, at_ns)) from entries") == server["distinct"]
        assert count(database, "select count(*) from batches where read <> stored + duplicates + dead") == 0

    def test_without_credentials_it_says_what_to_run(self, tmp_path: Path) -> None:
        (tmp_path / "config.yaml").write_text(
            "sources:\n  - kind: cloud_logging\n    name: logs\n    resources: [projects/demo-stage]\n"
        )
        hidden = environment() | {"HOME": str(tmp_path), "CLOUDSDK_CONFIG": str(tmp_path), "NO_GCE_CHECK": "true"}
        hidden.pop("GOOGLE_APPLICATION_CREDENTIALS", None)

        done = subprocess.run(
            [*COMMAND, "collect"], cwd=tmp_path, env=hidden, capture_output=True, text=True, timeout=600, check=False
        )

        assert done.returncode == 1
        assert "gcloud auth application-default login" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


class TestReport:
    def test_it_answers_while_a_large_import_runs(self, tmp_path: Path) -> None:
        database = tmp_path / "s.duckdb"
        stamps = [f"2026-09-{day:02d}T{hour:02d}:{minute:02d}:00Z" for day in range(1, 29) for hour in range(24)
                  for minute in range(60)]  # fmt: skip
        with (tmp_path / "a.jsonl").open("w") as file:
            for number in range(6):
                file.writelines(
                    json.dumps(log_entry(timestamp=stamp, insertId=f"{number}-{at}", textPayload="x" * 300)) + "\n"
                    for at, stamp in enumerate(stamps)
                )
        (tmp_path / "one.json").write_text(json.dumps(log_entry()))
        logtriage("import", "one.json", "--db", database, cwd=tmp_path)
        reader = Store(StoreConfig(path=database, read_wait_s=10))
        answers = 0
        with subprocess.Popen(
            [*COMMAND, "import", str(tmp_path / "a.jsonl"), "--db", str(database)],
            cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        ) as importing:  # fmt: skip
            while importing.poll() is None:
                with reader.read() as opened:
                    opened.frame("count_ledger")
                answers += 1
                time.sleep(0.2)

        assert importing.returncode == 0
        assert count(database, "select count(*) from entries") == len(stamps) * 6 + 1
        assert answers > 3

    def test_run_twice_the_bytes_are_equal_and_hold_no_planted_secret(self, tmp_path: Path) -> None:
        incident = generate("secret_lost", seed=3, scale=0.1)
        write(incident, tmp_path)
        window = incident.truth["window"]
        database = tmp_path / "s.duckdb"
        imported = logtriage("import", "entries.jsonl", "spans.jsonl", "--db", database, cwd=tmp_path)

        told = {
            form: [
                logtriage(
                    "report", "--db", database, "--since", window["start"], "--until", window["end"], "--format", form,
                    cwd=tmp_path,
                ).stdout
                for _ in range(2)
            ]
            for form in ("json", "markdown", "terminal")
        }  # fmt: skip

        assert imported.returncode == 0, imported.stderr
        assert all(first == second and first for first, second in told.values())
        stored = database.read_bytes().decode("latin-1") + "".join(text for texts in told.values() for text in texts)
        assert incident.truth["planted_secrets"]
        assert [secret for secret in incident.truth["planted_secrets"] if secret in stored] == []


class TestImport:
    def test_sums_hold_over_every_kind_of_damage(self, tmp_path: Path) -> None:
        entry = log_entry()
        (tmp_path / "a.jsonl").write_text(
            "\n".join([json.dumps(entry), "{broken", json.dumps(entry), "[1]", '{"textPayload": "no time"}', "", "{"])
        )

        first = logtriage("import", "a.jsonl", "--db", "s.duckdb", cwd=tmp_path)
        second = logtriage("import", "a.jsonl", "--db", "s.duckdb", cwd=tmp_path)

        assert "6 read = 1 stored + 1 dup + 4 dead" in first.stdout
        assert "6 read = 0 stored + 2 dup + 4 dead" in second.stdout
        letters = logtriage("query", "select line, reason from dead_letters order by 1, 2", "--db", "s.duckdb",
                            cwd=tmp_path)  # fmt: skip
        assert "2,not JSON" in letters.stdout
        assert "5,no timestamp" in letters.stdout

    def test_a_disk_that_is_full_is_one_plain_line_and_loses_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text(json.dumps(log_entry()))
        text = os.urandom(40_000).hex()
        many = [log_entry(textPayload=text[at : at + 400]) for at in range(0, 60_000, 2)]
        (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, many)))
        logtriage("import", "a.jsonl", "--db", "s.duckdb", cwd=tmp_path)

        def keep_files_small() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (2_500_000, 2_500_000))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        full = logtriage("import", "b.jsonl", "--db", "s.duckdb", cwd=tmp_path, preexec_fn=keep_files_small)
        again = logtriage("import", "b.jsonl", "--db", "s.duckdb", cwd=tmp_path)

        assert full.returncode == 1
        assert len(full.stderr.strip().splitlines()) == 1, full.stderr
        assert "s.duckdb" in full.stderr
        assert again.returncode == 0, again.stderr
        assert count(tmp_path / "s.duckdb", "select count(*) from entries") == len(many) + 1

    @pytest.mark.parametrize("content", [b"not a database at all", b"\x00" * 4096])
    def test_a_file_that_is_no_database_is_left_alone(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a.jsonl").write_text(json.dumps(log_entry()))
        (tmp_path / "s.duckdb").write_bytes(content)

        done = logtriage("import", "a.jsonl", "--db", "s.duckdb", cwd=tmp_path)

        assert done.returncode == 1
        assert "is no DuckDB database" in done.stderr
        assert (tmp_path / "s.duckdb").read_bytes() == content


class TestKnown:
    def test_a_users_own_signature_is_told_and_a_mistake_in_it_is_one_plain_line(self, tmp_path: Path) -> None:
        (tmp_path / "dump.jsonl").write_text(
            "\n".join(json.dumps(log_entry(textPayload="till 7 is jammed", severity="ERROR")) for _ in range(9)),
            encoding="utf-8",
        )
        own = tmp_path / "known" / "shop.yaml"
        own.parent.mkdir()
        own.write_text(
            "about: The shop.\nsignatures:\n- {name: till-jam, title: Till is jammed, meaning: The till waits., "
            "look: Its drawer., match: {says: [till, jammed]}, samples: [till 1 jammed]}\n",
            encoding="utf-8",
        )
        (tmp_path / "config.yaml").write_text("known: {folder: known}\n", encoding="utf-8")
        report = ("report", "--since", "2026-09-14T20:00:00Z", "--until", "2026-09-14T21:00:00Z", "--format", "json")
        assert logtriage("import", "dump.jsonl", cwd=tmp_path).returncode == 0

        told = json.loads(logtriage(*report, cwd=tmp_path).stdout)
        own.write_text(own.read_text(encoding="utf-8").replace("says:", "say:"), encoding="utf-8")
        refused = logtriage(*report, cwd=tmp_path)

        named = [one["known"]["name"] for name in ("clusters", "standing", "noise") for one in told[name]]
        assert named == ["till-jam"]
        assert refused.returncode == 1
        assert "known/shop.yaml: signature `till-jam`: match.say is no known key" in refused.stderr
