"""A pull whose process dies by kill -9, against a server in a process of its own; the last stored cursor goes on."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
COUNT = 6000

# Stands for the store: a line holds a batch's entries and its cursor, so that both are there or neither is.
PULLER = """
import json, sys
from collector.sources.base import build_sources, parse_source_config
from collector.window import parse_instant_ns

told, path = json.loads(sys.argv[1]), sys.argv[2]
lines = [line for line in open(path).read().split("\\n")[:-1]]
cursor = json.loads(lines[-1])["cursor"] if lines else None
raw = {"kind": "cloud_logging", "resources": ["projects/demo-stage"], "endpoint": f"127.0.0.1:{told['port']}",
       "insecure": True, "page_size": 100, "reads_per_min": 100000, "deadline_s": 5, "patience_s": 60}
source = build_sources([parse_source_config(raw, where="x")])[0]
since, until = (parse_instant_ns(told[name], name=name, now_ns=0) for name in ("start", "end"))
with open(path, "a") as out:
    for batch in source.pull(since_ns=since, until_ns=until, cursor=cursor):
        ids = [json.loads(text)["insertId"] for text in batch.records["raw"]]
        out.write(json.dumps({"cursor": batch.cursor, "ids": ids}) + "\\n")
        out.flush()
"""


@pytest.fixture
def served() -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.support.logging_server", "--entries", str(COUNT), "--seed", "11"]
    command += ["--faults", "429:0.05,503:0.05,twice:0.05,cut:0.03", "--retry-info-s", "0.02"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.kill()


def stored_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]]


def cut_torn_line(path: Path) -> None:
    """What a database does when it opens: a transaction that was not finished is not there."""
    whole, newline, _torn = path.read_text().rpartition("\n")
    path.write_text(whole + newline)


def test_nothing_is_lost_when_the_process_is_killed_again_and_again(served: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "stored.jsonl"
    path.touch()
    command = [sys.executable, "-c", PULLER, json.dumps(served), str(path)]
    kills = 0

    for wanted in (5, 23, 41):
        with subprocess.Popen(command, cwd=ROOT) as puller:
            while puller.poll() is None and len(stored_lines(path)) < wanted:
                time.sleep(0.002)
            kills += puller.poll() is None
            puller.kill()
        cut_torn_line(path)
    last = subprocess.run(command, cwd=ROOT, check=False, timeout=300)

    ids = [insert_id for line in stored_lines(path) for insert_id in line["ids"]]
    assert last.returncode == 0
    assert kills == 3
    assert len(set(ids)) == served["distinct"] == COUNT
    assert len(ids) < 1.5 * COUNT
