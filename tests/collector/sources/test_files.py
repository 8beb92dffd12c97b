"""Files and folders in every shape: each record comes out once, with its line."""

import codecs
import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import orjson
import polars as pl
import pytest

from collector.errors import NormaliseError, SourceError
from collector.records import DEAD_LETTER_SCHEMA, RAW_SCHEMA
from collector.sources.files import find_files, read_files, read_paths
from tests.support.dumps import (
    SERVICE,
    SHAPES,
    dead,
    entry,
    ids,
    lines,
    pretty,
    record_lines,
    trace_request,
    written,
)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "encode",
    [
        pytest.param(str.encode, id="utf-8"),
        pytest.param(lambda text: codecs.BOM_UTF8 + text.encode(), id="utf-8 with mark"),
        pytest.param(lambda text: text.encode("utf-16"), id="utf-16 le"),
        pytest.param(lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"), id="utf-16 be"),
        *(
            pytest.param(lambda text, name=name: text.encode(name), id=f"{name} without mark")
            for name in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
        ),
        pytest.param(lambda text: gzip.compress(text.encode()), id="gzip"),
        pytest.param(lambda text: gzip.compress(text.encode("utf-16")), id="utf-16 in gzip"),
    ],
)
def test_each_shape_and_encoding_gives_each_record_once(
    shape: str, encode: Callable[[str], bytes], tmp_path: Path
) -> None:
    records = [entry(number) for number in range(5)]

    batches = list(read_paths([written(tmp_path, encode(SHAPES[shape](records)), "misnamed.csv")]))

    found = [orjson.loads(raw) for batch in batches for raw in batch.records["raw"]]
    assert found == records
    assert dead(batches) == []
    assert {batch.kind for batch in batches} == {"entries"}


@pytest.mark.parametrize("shape", ["lines", "array, pretty", "objects, pretty", "client dump", "lines with CR LF"])
def test_line_numbers_point_at_the_record(shape: str, tmp_path: Path) -> None:
    records = [entry(number) for number in range(4)]
    path = written(tmp_path, SHAPES[shape](records))
    text = path.read_text().splitlines()

    batches = list(read_paths([path]))

    numbers = record_lines(batches)
    ahead = ["\n".join(text[number - 1 : number + 1]) for number in numbers]
    assert len(numbers) == 4
    assert all("insertId" in two_lines for two_lines in ahead)
    assert numbers == sorted(set(numbers))


def test_batches_keep_the_contract_of_their_frames(tmp_path: Path) -> None:
    path = written(tmp_path, lines(entry(1)) + "\xff")
    path.write_bytes(lines(entry(1)).encode() + b"\xff\n")

    (batch,) = read_paths([path])

    assert dict(batch.records.schema) == RAW_SCHEMA
    assert dict(batch.dead.schema) == DEAD_LETTER_SCHEMA
    assert (batch.source, batch.location, batch.progress) == ("import", str(path), 1.0)


def test_mixed_lines_are_split_by_kind(tmp_path: Path) -> None:
    log_line = '{"resourceLogs": [{"a": 1}]}\n{"resourceMetrics": []}\n'
    path = written(tmp_path, lines(entry(1), trace_request(1), SERVICE, entry(2)) + log_line + lines(trace_request(2)))

    batches = list(read_paths([path]))

    kinds = {batch.kind: batch.records["line"].to_list() for batch in batches}
    assert kinds == {"entries": [1, 4], "spans": [2, 7], "specs": [3]}
    assert [line for line, _ in dead(batches)] == [5, 6]
    assert all("OTLP" in reason for _, reason in dead(batches))


def test_an_entry_that_quotes_otlp_stays_an_entry(tmp_path: Path) -> None:
    path = written(tmp_path, lines(entry(1, textPayload='{"resourceSpans": []}', labels={"resourceSpans": "x"})))

    (batch,) = read_paths([path])

    assert (batch.kind, len(batch.records)) == ("entries", 1)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (json.dumps(SERVICE, indent=1), "specs"),
        (json.dumps([SERVICE, {**SERVICE, "kind": "Revision"}]), "specs"),
        (lines(SERVICE, SERVICE), "specs"),
        (json.dumps({"apiVersion": "v1", "kind": "List", "items": [SERVICE]}, indent=1), "specs"),
        (json.dumps({"name": "projects/p/locations/l/services/s", "template": {}}), "specs"),
        (
            json.dumps({"revisions": [{"name": "projects/p/locations/l/services/s/revisions/r", "containers": []}]}),
            "specs",
        ),
        (json.dumps(trace_request(1), indent=2), "spans"),
        (pretty(trace_request(1), trace_request(2)), "spans"),
    ],
)
def test_describe_files_and_traces_are_told_by_their_keys(content: str, kind: str, tmp_path: Path) -> None:
    batches = list(read_paths([written(tmp_path, content, "entries.jsonl")]))

    assert {batch.kind for batch in batches} == {kind}
    assert dead(batches) == []


def test_null_keys_and_payloads_of_client_dumps_are_left_as_they_are(tmp_path: Path) -> None:
    record = {"timestamp": "t", "insertId": "a", "jsonPayload": {"@type": "x"}, "textPayload": None, "trace": None}

    (batch,) = read_paths([written(tmp_path, json.dumps({"logs": [record]}, indent=4))])

    assert orjson.loads(batch.records["raw"][0]) == record


def test_a_dump_keeps_what_stands_before_its_first_known_record(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps({"meta": [{"a": 1}], "logs": [{"odd": 1}, entry(1), {"odd": 2}]}))

    batches = list(read_paths([path]))

    raw = [orjson.loads(raw) for batch in batches for raw in batch.records["raw"]]
    assert raw == [{"odd": 1}, entry(1), {"odd": 2}]


def test_records_across_blocks_come_out_whole(tmp_path: Path) -> None:
    records = [entry(number, textPayload="é" * 3000) for number in range(3000)]
    as_lines = written(tmp_path, lines(*records), "a")
    as_array = written(tmp_path, json.dumps(records, indent=1, ensure_ascii=False), "b")

    for path in (as_lines, as_array):
        batches = list(read_paths([path]))
        assert ids(batches) == [record["insertId"] for record in records]
        assert dead(batches) == []


def test_gzip_members_and_padding_are_read_on(tmp_path: Path) -> None:
    packed = gzip.compress(lines(entry(1)).encode()) + gzip.compress(lines(entry(2)).encode()) + b"\0" * 600

    batches = list(read_paths([written(tmp_path, packed)]))

    assert ids(batches) == ["id-1", "id-2"]
    assert dead(batches) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "TIMESTAMP                    SEVERITY  TEXT_PAYLOAD\n2025-01-01T00:00:00Z  ERROR  no\n",
            "--format=json > FILE",
        ),
        ("---\ninsertId: a\nlogName: b\n", "YAML"),
        ("apiVersion: serving.knative.dev/v1\nkind: Service\n", "YAML"),
        ('<?xml version="1.0"?>\n<project><name>a</name></project>', "no JUnit report"),
        ('{"clusters": [{"insert_ids": ["a"], "severity": "P1"}]}', "neither log entries nor"),
        ('[{"a": 1}, {"a": 2}]', "neither log entries nor"),
        ("[2025-08-20 01:21:49 +0000] [1] [INFO] Starting\n", "JSON"),
        (b"\x7fELF\0\0\0\0", "binary"),
        ("hello\n", "of no kind"),
        ("", "is empty"),
        (" \n\n", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
    ],
)
def test_a_named_file_of_unknown_kind_fails_with_one_sentence_that_helps(
    content: str | bytes, says: str, tmp_path: Path
) -> None:
    path = written(tmp_path, content)

    with pytest.raises(NormaliseError) as failure:
        find_files([path])

    assert str(path) in str(failure.value)
    assert says in str(failure.value)
    assert "\n" not in str(failure.value)


def test_an_export_without_entries_is_no_error(tmp_path: Path) -> None:
    assert list(read_paths([written(tmp_path, "[]\n")])) == []


def test_a_folder_lists_what_it_passes_over(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    written(tmp_path, lines(entry(2)), "in/b.txt")
    written(tmp_path, lines(entry(1)), "a.xml")
    written(tmp_path, "hello", "readme.json")
    written(tmp_path, "", "empty")
    os.mkfifo(tmp_path / "pipe")

    found = find_files([tmp_path])

    assert ids(list(read_files(found))) == ["id-1", "id-2"]
    assert [Path(skipped.location).name for skipped in found.skipped] == ["empty", "pipe", "readme.json"]
    assert all(skipped.reason for skipped in found.skipped)


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    path = written(tmp_path, lines(entry(1)))

    assert ids(list(read_paths([path, tmp_path, path, str(path)]))) == ["id-1"]


def test_a_folder_with_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    written(tmp_path, "hello", "text")

    with pytest.raises(SourceError, match="holds no file that logtriage reads; 1 skipped"):
        find_files([tmp_path])
    with pytest.raises(SourceError, match="holds no file"):
        find_files([tmp_path / "none"])


def test_a_missing_path_and_a_device_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There is no file or folder"):
        find_files([tmp_path / "none"])
    with pytest.raises(SourceError, match="is a device"):
        find_files(["/dev/zero"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_an_error_or_listed(tmp_path: Path) -> None:
    written(tmp_path, lines(entry(1)), "good")
    locked = written(tmp_path, lines(entry(2)), "locked")
    locked.chmod(0)

    with pytest.raises(SourceError, match="may not be read"):
        find_files([locked])
    assert [Path(skipped.location).name for skipped in find_files([tmp_path]).skipped] == ["locked"]


def test_a_pipe_is_read_through(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(lines(entry(1), entry(2)).encode()),))
    writer.start()

    batches = list(read_paths([pipe]))

    writer.join()
    assert ids(batches) == ["id-1", "id-2"]
    assert batches[0].progress is None


def test_progress_grows_to_one_over_all_files(tmp_path: Path) -> None:
    record = lines(entry(1, textPayload="x" * 1000))
    plain = written(tmp_path, record * 20_000, "a")
    packed = written(tmp_path, gzip.compress((record * 20_000).encode()), "b")

    shares = [batch.progress for batch in read_paths([plain, packed])]

    assert len(shares) >= 2
    assert shares == sorted(shares, key=lambda share: share or 0)
    assert shares[-1] == 1.0


def test_many_short_lines_are_cut_in_columns(tmp_path: Path) -> None:
    path = written(tmp_path, lines(entry(1)) * 300 + "{}\n" * 400_000 + "\n" * 100_000)

    batches = list(read_paths([path]))

    assert sum(len(batch.records) for batch in batches) == 400_300
    assert pl.concat([batch.records for batch in batches])["line"].max() == 400_300


def test_the_standard_input_is_read_through() -> None:
    code = "from collector.sources.files import read_paths; print(sum(len(b.records) for b in read_paths(['-'])))"
    root = Path(__file__).parents[3]

    run = subprocess.run(
        [sys.executable, "-c", code],
        input=lines(entry(1), entry(2)).encode(),
        capture_output=True,
        check=True,
        cwd=root,
    )

    assert run.stdout.split() == [b"2"]
