"""docs/security.md promises no more than redaction keeps on corpora of several seeds."""

import re
from pathlib import Path

import pytest

from benchmarks.redaction import measure

PAGE = Path(__file__).parents[2] / "docs" / "security.md"


def _promised(what: str) -> float:
    found = re.search(rf"\| {what} \| ([0-9.]+)", PAGE.read_text(encoding="utf-8"))
    assert found is not None
    return float(found[1])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_figures_of_the_page_are_kept(seed: int) -> None:
    found = measure(seed)

    assert 100 * found.missed_share <= _promised("planted secrets missed")
    assert found.eaten_per_thousand <= _promised("words of clean lines eaten")
    assert sum(found.planted.values()) > 1900
