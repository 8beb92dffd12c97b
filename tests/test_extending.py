"""docs/extending.md cannot lie: its source, known signature, template and notifier work as they stand there."""

import json
import re
from pathlib import Path

import duckdb
import pytest

from collector.sources.base import SOURCES, SourceKind
from collector.sql import load_query, schema_names
from collector.window import NS_PER_S, format_ns
from logtriage.acts.filling import act_collect
from logtriage.acts.reporting import act_report
from logtriage.acts.telling import act_digest
from logtriage.notifiers.channel import CHANNELS, ChannelKind

PAGE = (Path(__file__).parent.parent / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
START_NS = 1_789_380_000 * NS_PER_S  # 2026-09-14T10:00:00Z
UNTIL = "2026-09-14T14:00:00Z"


def block(language: str, holding: str) -> str:
    """The one block of a language that holds a text."""
    found: str
    (found,) = [text for name, text in BLOCKS if name == language and holding in text]
    return found


def entry(number: int, at_s: float, log: str, **more: object) -> dict[str, object]:
    """A LogEntry of service labels."""
    return {
        "insertId": f"e{number}-{log}",
        "timestamp": format_ns(START_NS + int(at_s * NS_PER_S)),
        "logName": f"projects/shop-staging/logs/run.googleapis.com%2F{log}",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {
                "project_id": "shop-staging", "location": "europe-west1", "service_name": "labels",
                "revision_name": "labels-00001-abc",
            },
        },
        "trace": f"projects/shop-staging/traces/{number + 1:032x}",
        **more,
    }  # fmt: skip


def drop_files(folder: Path) -> int:
    """Four hours of requests in two files; in the last one they fail of the printer. Gives how many entries."""
    folder.mkdir()
    lines: list[str] = []
    for number in range(480):
        is_bad = number >= 360
        request = {"requestMethod": "POST", "requestUrl": "https://labels/print", "status": 500 if is_bad else 200}
        lines.append(json.dumps(entry(number, number * 30, "requests", httpRequest=request)))
        if is_bad:
            said = f"label printer {number} has no paper"
            lines.append(json.dumps(entry(number, number * 30 + 0.1, "stderr", severity="ERROR", textPayload=said)))
    half = len(lines) // 2
    (folder / "0001.jsonl").write_text("\n".join(lines[:half]) + "\n", encoding="utf-8")
    (folder / "0002.jsonl").write_text("\n".join(lines[half:]) + "\n", encoding="utf-8")
    return len(lines)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's files in it, and its plug-ins registered, their modules in that folder."""
    for name in ("known", "templates"):
        (tmp_path / name).mkdir()
    (tmp_path / "known" / "shop.yaml").write_text(block("yaml", "known/shop.yaml"), encoding="utf-8")
    (tmp_path / "templates" / "report.md.j2").write_text(block("jinja", "report.md.j2"), encoding="utf-8")
    (tmp_path / "config.yaml").write_text(block("yaml", "kind: spool"), encoding="utf-8")
    (tmp_path / "spool.py").write_text(block("python", "class Spool("), encoding="utf-8")
    (tmp_path / "board.py").write_text(block("python", "class Board("), encoding="utf-8")
    sources, channels = dict[str, SourceKind](), dict[str, ChannelKind]()
    row = block("python", 'SOURCES["spool"]').replace("collector.sources.spool.", "spool.")
    exec(row, {"SOURCES": sources, "SourceKind": SourceKind})
    row = block("python", 'CHANNELS["board"]').replace("logtriage.notifiers.board.", "board.")
    exec(row, {"CHANNELS": channels, "ChannelKind": ChannelKind})
    monkeypatch.setitem(SOURCES, "spool", sources["spool"])
    monkeypatch.setitem(CHANNELS, "board", channels["board"])
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_examples_collect_name_render_and_tell_one_incident(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries = drop_files(home / "dropped")

    act_collect(None, None, since=None)
    first = "".join(capsys.readouterr())
    act_collect(None, None, since=None)
    second = "".join(capsys.readouterr())
    act_report(None, None, since="4h", until=UNTIL, service=None, form=None, output=home / "report.md")
    for is_dry in (True, False):
        act_digest(None, None, since="4h", until=UNTIL, to=["board"], dry_run=is_dry, form="terminal")
    told = capsys.readouterr().out
    text = (home / "report.md").read_text(encoding="utf-8")
    board = (home / "board.txt").read_text(encoding="utf-8").splitlines()

    assert f"{entries} read = {entries} stored + 0 dup + 0 dead" in first
    assert "0 read" in second
    assert text.startswith("# shop-staging: WRONG NOW")
    assert re.search(r"^## P\d `labels`: ", text, re.MULTILINE)
    assert "Orders are taken, and no parcel leaves." in text
    assert "open" in told
    assert len(board) == 1
    assert "labels" in board[0]


def test_the_query_has_the_parameters_and_columns_of_its_header() -> None:
    sql = block("sql", "count_loud_services")
    head = dict(re.findall(r"^-- (\w+): +(.*)$", sql, re.MULTILINE))
    connection = duckdb.connect()
    for name in schema_names():
        connection.execute(load_query(name).sql).fetchall()

    named = set(connection.extract_statements(sql)[0].named_parameters)
    described = connection.execute(f"describe {sql}", dict.fromkeys(named)).fetchall()
    connection.close()

    assert named == set(re.findall(r"\$(\w+)", head["params"]))
    assert ", ".join(f"{row[0]} {row[1]}" for row in described) == head["columns"]
