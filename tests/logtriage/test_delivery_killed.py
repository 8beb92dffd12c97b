"""A process that is killed with SIGKILL at any step of a delivery: exactly one issue, and no change is lost."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.board import Board, serve_board
from tests.support.killed_delivery import Killer, Stage, killed, points_of, stages_of
from tests.support.telling_messages import make_message, make_store, put

# Some of all steps; benchmarks/delivery.py takes each of them.
OPEN = ("inside 1", "before request 1", "before answer 1", "after answer 1")
CHANGE = ("before answer 1", "inside 2", "after answer 3")


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    with Killer() as one:
        yield one


@pytest.fixture(scope="module")
def board() -> Iterator[Board]:
    with serve_board() as one:
        yield one


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory, board: Board) -> dict[str, Stage]:
    return stages_of(tmp_path_factory.mktemp("stages"), board)


@pytest.mark.parametrize("point", OPEN)
def test_an_issue_is_opened_exactly_once(
    stages: dict[str, Stage], tmp_path: Path, board: Board, killer: Killer, point: str
) -> None:
    assert killed(stages["open"], tmp_path, board, killer, point)

    assert len(board.issues) == 1


@pytest.mark.parametrize("point", CHANGE)
def test_a_change_is_told_exactly_once_and_to_its_end(
    stages: dict[str, Stage], tmp_path: Path, board: Board, killer: Killer, point: str
) -> None:
    assert killed(stages["change"], tmp_path, board, killer, point)

    (issue,) = board.issues
    assert [text.split(" <")[0].removesuffix(" (may be a repeat)") for text in issue["comments"]] == ["It is resolved."]
    assert (issue["state"], issue["title"]) == ("closed", "P1 resolved · shop · payment refused")


def test_where_nothing_can_be_looked_up_a_repeat_says_so(
    stages: dict[str, Stage], tmp_path: Path, board: Board, killer: Killer
) -> None:
    assert killed(stages["open"], tmp_path, board, killer, "after answer 1", can_find=False)

    assert ["may be a repeat" in one["text"] for one in board.issues] == [False, True]


def test_a_look_that_is_killed_in_its_transaction_is_not_half_stored(
    stages: dict[str, Stage], tmp_path: Path, killer: Killer
) -> None:
    path = stages["empty"].path
    shutil.copy(path, tmp_path)

    assert killer.run(tmp_path / path.name, "inside 1", what="put") == "killed"

    assert put(make_store(tmp_path), make_message()) == 1


def test_every_step_is_among_the_points() -> None:
    assert set(OPEN) <= set(points_of(1))
    assert set(CHANGE) <= set(points_of(3))
