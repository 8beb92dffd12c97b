"""`logtriage settle`: a person's word over a real store, without any daemon, and what the report makes of it."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import Run


def test_a_word_settles_the_verdict_of_an_incident_and_says_so_in_one_line(run: Run, own: tuple[str, ...]) -> None:
    first = run("settle", "1", "right", "--note", "rolled back by ann@corp.example, password=hunter2hunter2", *own)
    again = run("settle", "1", "right", *own)
    taken = run("settle", "1", "open", *own)
    notes = run("query", "select note from settlements order by settled_at_ns", *own[:2]).stdout

    assert (first.returncode, first.stderr, first.stdout.count("\n")) == (0, "", 1)
    assert "broke it (very likely): right. 1 of 1 verdict of this project settled: 1 right." in first.stdout
    assert "right, as it was." in again.stdout
    assert "open again. 0 of 1 verdict of this project settled." in taken.stdout
    assert notes.startswith('note\n"rolled back by <email:')
    assert "hunter2" not in notes
    assert "ann@" not in notes


def test_without_a_word_it_tells_what_was_said(run: Run, own: tuple[str, ...]) -> None:
    nothing = run("settle", "1", *own)
    run("settle", "1", "wrong", "--note", "it was the cache", *own)

    told = run("settle", "1", *own)

    assert "no verdict on this failure is stored yet" in nothing.stdout
    assert told.stdout.splitlines()[0].endswith(" broke it (very likely)")
    assert told.stdout.splitlines()[1].startswith("  wrong (person, ")
    assert told.stdout.endswith(": it was the cache\n")


def test_a_note_that_comes_later_is_kept_with_the_word_that_stands(run: Run, own: tuple[str, ...]) -> None:
    run("settle", "1", "right", *own)
    noted = run("settle", "1", "right", "--note", "rolled back, and it stopped", *own)
    again = run("settle", "1", "right", "--note", "rolled back, and it stopped", *own)
    kept = run("settle", "1", "right", *own)
    told = run("settle", "1", *own)

    assert "right, as it was, now with this note. 1 of 1 verdict of this project settled: 1 right." in noted.stdout
    assert "right, as it was. " in again.stdout
    assert "right, as it was. " in kept.stdout
    assert told.stdout.endswith(": rolled back, and it stopped\n")


def test_a_report_of_an_old_window_stays_as_it_was_and_one_of_now_tells_the_record(
    run: Run, own: tuple[str, ...]
) -> None:
    before = run("report", *own, "--format", "json").stdout
    run("settle", "1", "wrong", *own)

    assert run("report", *own, "--format", "json").stdout == before
    assert "1 of 1 verdict of this project settled: 0 right" in run("report", *own[:2]).stdout


def test_a_symptom_settles_the_verdict_of_its_root(run: Run, own: tuple[str, ...], told: str) -> None:
    found = json.loads(told)
    symptom = next(name for incident in found["incidents"] for name in incident["symptoms"])
    number = next(str(one["number"]) for one in found["incidents"] if symptom in one["symptoms"])

    by_symptom = run("settle", symptom, "right", *own).stdout
    by_root = run("settle", number, "right", *own).stdout

    assert "1 of 1 verdict of this project settled: 1 right." in by_symptom
    assert by_root == by_symptom.replace("right. ", "right, as it was. ", 1).replace(
        " Reports of windows that end from now on tell it.", ""
    )


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("999", "right"), 1, "There is no cluster or incident `999` in this window."),
        (("1", "maybe"), 2, "`maybe` is not one of `right`, `wrong`, `open`."),
        (("1", "right", "--revision", "nope"), 1, "--revision is `nope`, which no verdict on this failure blames"),
    ],
)
def test_a_mistake_is_one_plain_line(
    run: Run, own: tuple[str, ...], words: tuple[str, ...], code: int, told: str
) -> None:
    done = run("settle", *words, *own)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert told in done.stderr


def test_a_database_that_is_not_there_is_one_plain_line(run: Run, tmp_path: Path) -> None:
    done = run("settle", "1", "right", "--db", "none.duckdb")

    assert done.returncode == 1
    assert done.stderr.startswith("There is no database at `none.duckdb`.")
    assert not list(tmp_path.iterdir())
