"""Spoilt files: a bad stretch is one dead letter with its line, and the records around it count."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.sources.files import read_paths
from tests.support.dumps import SHAPES, dead, entry, ids, lines, pretty, record_lines, written


def test_lines_that_are_no_json_are_handed_on_for_the_normaliser(tmp_path: Path) -> None:
    path = written(tmp_path, lines(entry(1), entry(2)) + '{"insertId": "cut", "textPay')

    (batch,) = read_paths([path])

    assert batch.records["line"].to_list() == [1, 2, 3]
    assert batch.records["raw"][2].rstrip() == '{"insertId": "cut", "textPay'


def test_lines_that_are_not_utf8_are_dead_and_the_others_stay(tmp_path: Path) -> None:
    good, bad = lines(entry(1)).encode(), b'{"insertId": "\xe9"}\n'

    batches = list(read_paths([written(tmp_path, good + bad + good + bad + good + b"\xff\xfe")]))

    assert dead(batches) == [(2, "not UTF-8"), (4, "not UTF-8"), (6, "not UTF-8")]
    assert record_lines(batches) == [1, 3, 5]


def test_nul_bytes_pass(tmp_path: Path) -> None:
    (batch,) = read_paths([written(tmp_path, lines(entry(1)) + "\0\0\n" + lines(entry(2)))])

    assert batch.records["raw"][1].rstrip("\n") == "\0\0"


def test_a_record_above_the_limit_is_dead_and_reading_goes_on(tmp_path: Path) -> None:
    huge = entry(2, textPayload="x" * (9 << 20))
    beyond_a_block = entry(3, textPayload="y" * (40 << 20))

    batches = list(read_paths([written(tmp_path, lines(entry(1), huge, beyond_a_block, entry(4)))]))

    assert ids(batches) == ["id-1", "id-4"]
    assert dead(batches) == [(2, "record larger than 8 MiB"), (3, "record larger than 8 MiB")]
    assert record_lines(batches) == [1, 4]
    assert max(len(text) for batch in batches for text in batch.dead["excerpt"]) <= 4000


@pytest.mark.parametrize("indent", [None, 2])
def test_a_record_above_the_limit_in_an_array_is_dead_and_reading_goes_on(indent: int | None, tmp_path: Path) -> None:
    records = [entry(1), entry(2, textPayload="x" * (9 << 20)), entry(3, textPayload="y" * (30 << 20)), entry(4)]

    batches = list(read_paths([written(tmp_path, json.dumps(records, indent=indent))]))

    assert ids(batches) == ["id-1", "id-4"]
    assert [reason for _, reason in dead(batches)] == ["record larger than 8 MiB"] * 2


def test_a_file_without_any_line_end_or_closing_quote_ends_in_one_dead_letter(tmp_path: Path) -> None:
    path = written(tmp_path, lines(entry(1)).rstrip() + '{"insertId": "' + "z" * (20 << 20))

    batches = list(read_paths([path]))

    assert ids(batches) == ["id-1"]
    assert len(dead(batches)) == 1


@pytest.mark.parametrize("shape", ["array, pretty", "objects, pretty", "array, one record a line", "client dump"])
def test_a_bad_stretch_is_one_dead_letter_and_the_next_record_counts(shape: str, tmp_path: Path) -> None:
    text = SHAPES[shape]([entry(number) for number in range(5)])
    bad = text.index('"id-2"')
    line = text[:bad].count("\n") + (1 if shape == "array, one record a line" else 0)

    batches = list(read_paths([written(tmp_path, text[:bad] + "oops" + text[bad:])]))

    assert ids(batches) == ["id-0", "id-1", "id-3", "id-4"]
    ((dead_line, reason),) = dead(batches)
    assert reason.startswith("not JSON: Expecting value")
    assert dead_line == line


@pytest.mark.parametrize("kept", range(20, 300, 20))
def test_a_record_cut_short_between_others_loses_nothing_but_itself(kept: int, tmp_path: Path) -> None:
    first, second, third = (json.dumps(entry(number), indent=2) for number in range(3))
    cut = second[:kept]

    batches = list(read_paths([written(tmp_path, f"{first}\n{cut}\n{third}\n{third}\n")]))

    assert ids(batches) == ["id-0", "id-2", "id-2"]
    assert len(dead(batches)) == 1
    assert dead(batches)[0][0] == first.count("\n") + 2


def test_text_between_objects_is_a_dead_letter(tmp_path: Path) -> None:
    path = written(tmp_path, f"{pretty(entry(1))}\nand then this:\n{pretty(entry(2))}\nthe end")

    batches = list(read_paths([path]))

    assert ids(batches) == ["id-1", "id-2"]
    assert len(dead(batches)) == 2


def test_a_banner_before_the_array_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, "Updates are available.\n\n" + json.dumps([entry(1), entry(2)], indent=2))

    batches = list(read_paths([path]))

    assert ids(batches) == ["id-1", "id-2"]
    assert len(dead(batches)) == 1


def test_an_array_that_breaks_off_says_so_once(tmp_path: Path) -> None:
    text = json.dumps([entry(1), entry(2)], indent=2)
    within = list(read_paths([written(tmp_path, text[:-60])]))
    between = list(read_paths([written(tmp_path, text[: text.rindex("}") + 1])]))

    assert (ids(within), ids(between)) == (["id-1"], ["id-1", "id-2"])
    assert [reason for _, reason in dead(within)] == ["the input ends in the middle of a record"]
    assert [reason for _, reason in dead(between)] == ["the input ends before its closing bracket"]


def test_values_that_are_no_objects_are_dead(tmp_path: Path) -> None:
    batches = list(read_paths([written(tmp_path, json.dumps([entry(1), 17, "text", entry(2)]))]))

    assert ids(batches) == ["id-1", "id-2"]
    assert [reason for _, reason in dead(batches)] == ["not a JSON object"] * 2


def test_brackets_nested_beyond_the_stack_are_dead(tmp_path: Path) -> None:
    deep = json.dumps(entry(2, jsonPayload="HERE"), indent=2).replace('"HERE"', "[" * 100_000 + "]" * 100_000)

    batches = list(read_paths([written(tmp_path, f"{pretty(entry(1))}\n{deep}\n{pretty(entry(3))}")]))

    assert ids(batches) == ["id-1", "id-3"]
    assert len(dead(batches)) == 1


def test_a_record_in_an_array_that_is_not_utf8_is_dead(tmp_path: Path) -> None:
    text = json.dumps([entry(1), entry(2, textPayload="HERE"), entry(3)], indent=2).encode()

    batches = list(read_paths([written(tmp_path, text.replace(b"HERE", b"\xe9\xff"))]))

    assert ids(batches) == ["id-1", "id-3"]
    assert [reason for _, reason in dead(batches)] == ["not UTF-8"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda packed: packed[:-200], "ends early"),
        (lambda packed: packed[: len(packed) // 2] + b"\xff" * 900 + packed[len(packed) // 2 :], "damaged"),
        (lambda packed: packed + b"more", "other bytes"),
    ],
)
def test_spoilt_gzip_keeps_what_was_read_and_says_so(
    spoil: Callable[[bytes], bytes], reason: str, tmp_path: Path
) -> None:
    text = lines(*[entry(number, noise=os.urandom(300).hex()) for number in range(2000)])
    packed = gzip.compress(text.encode())

    batches = list(read_paths([written(tmp_path, spoil(packed))]))

    assert sum(len(batch.records) for batch in batches) > 500
    assert reason in dead(batches)[-1][1]


def test_utf16_cut_in_the_middle_says_so(tmp_path: Path) -> None:
    batches = list(read_paths([written(tmp_path, lines(entry(1)).encode("utf-16") + b"x")]))

    assert ids(batches) == ["id-1"]
    assert "UTF-16" in dead(batches)[0][1]


def test_odd_objects_before_the_records_of_a_dump_may_hold_any_bytes(tmp_path: Path) -> None:
    text = json.dumps({"logs": [{"odd": "HERE"}, entry(1)]}).encode().replace(b"HERE", b"\xff")

    (batch,) = read_paths([written(tmp_path, text)])

    assert len(batch.records) == 2


def test_a_line_that_is_not_utf8_is_one_dead_letter_among_long_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        lines(entry(1)).encode() + b'{"insertId": "\xe9\xe8 and more"}\n' + b" " * 40 + b"\n" + lines(entry(2)).encode()
    )

    (batch,) = read_paths([path])

    assert batch.records["line"].to_list() == [1, 4]
    assert batch.dead["line"].to_list() == [2]
