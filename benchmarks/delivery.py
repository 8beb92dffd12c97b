"""Deliveries that are killed with SIGKILL at each of their steps: what stands on the board after the next cycle.

    python -m benchmarks.delivery

A real process, a real server on loopback, a real database. `exactly once`: one issue, one comment, closed. Where
nothing can be looked up a message may stand twice, the second time marked as a possible repeat; never not at all.
"""

import sys
import tempfile
from pathlib import Path

from tests.support.board import Board, serve_board
from tests.support.killed_delivery import Killer, Stage, killed, points_of, stages_of

_CASES = (("open", 1, True), ("change", 3, True), ("open", 1, False))


def main() -> int:
    """One line a kind of delivery; 1 where one step left more or less than it should."""
    wrong = 0
    with tempfile.TemporaryDirectory() as name, serve_board() as board, Killer() as killer:
        stages = stages_of(Path(name), board)
        for what, requests, can_find in _CASES:
            points = points_of(requests)
            bad = [one for one in points if not _is_right(stages[what], Path(name), board, killer, one, can_find)]
            wrong += len(bad)
            kind = what if can_find else f"{what}, no look-up"
            told = f": {', '.join(bad)}" if bad else ""
            sys.stdout.write(f"{kind}: killed at {len(points)} steps, {len(bad)} wrong{told}\n")
    return int(wrong > 0)


def _is_right(stage: Stage, folder: Path, board: Board, killer: Killer, point: str, can_find: bool) -> bool:  # noqa: FBT001 - what a case is made of
    """One case in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        if not killed(stage, Path(own), board, killer, point, can_find=can_find):
            return False
    first, *others = board.issues
    if not can_find:
        return len(others) <= 1 and all("may be a repeat" in one["text"] for one in others)
    is_told = not stage.issues or (len(first["comments"]), first["state"]) == (1, "closed")
    return not others and is_told


if __name__ == "__main__":
    sys.exit(main())
