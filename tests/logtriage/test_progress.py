"""Progress goes to terminals only."""

import io

import pytest
from rich.console import Console

from logtriage.progress import NoProgress, TerminalProgress, open_progress


def test_a_pipe_gets_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    progress = open_progress()
    progress.start(3)
    progress.advance("file", 0.5)
    progress.done()

    assert isinstance(progress, NoProgress)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_what_is_done_and_how_much_of_it() -> None:
    screen = io.StringIO()
    progress = TerminalProgress(Console(file=screen, force_terminal=True, width=100))

    progress.start(2)
    progress.advance("logs/\x1b[31m" + "very" * 30 + "/end.jsonl", 0.25)
    progress.advance("reading", None)
    progress.done()
    progress.done()

    assert "\x1b[31mvery" not in screen.getvalue()


def test_what_is_told_to_be_left_wins_over_the_speed_so_far() -> None:
    screen = io.StringIO()
    progress = TerminalProgress(Console(file=screen, force_terminal=True, width=100))

    progress.start(None)
    progress.advance("logs: 60,000 records", 0.5, 720.0)
    progress._bar.refresh()
    progress.done()

    assert "0:12:00" in screen.getvalue() or "0:11:5" in screen.getvalue()


def test_the_next_run_begins_anew_where_the_one_before_came_to_its_end() -> None:
    progress = TerminalProgress(Console(file=io.StringIO(), force_terminal=True, width=100))
    progress.start(None)
    progress.advance("revisions: 3 records", 1.0)
    progress.done()

    progress.start(None)
    progress.advance("logs: 3 records", 0.1)
    progress.done()

    assert not progress._bar.tasks[0].finished
