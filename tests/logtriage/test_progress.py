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
