"""The line of jobs."""

import threading

from logtriage.daemon.line import Line


def test_each_stands_in_it_once_at_its_better_place() -> None:
    line: Line[str] = Line()

    line.put("collect", "watch", "collect")
    line.put_first(["digest", "watch"])
    line.put("digest")

    assert [line.take() for _ in range(3)] == ["digest", "watch", "collect"]


def test_closing_it_ends_who_waits_and_leaves_the_rest_undone() -> None:
    line: Line[str] = Line()
    taken: list[str | None] = []
    waiting = threading.Thread(target=lambda: taken.append(line.take()))
    waiting.start()

    line.close()
    waiting.join(5)
    line.put("collect")

    assert taken == [None]
    assert line.take() is None
