"""What redaction misses and what it eats, on a corpus made from a seed: one line a form, then the sums.

    python -m benchmarks.redaction [--seed 1] [--format text|json|markdown] [FILE ...]

With files (lines of text or of JSON) only the words eaten there are counted; nothing of them is printed.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from collector.normalise.redact import Redactor
from tests.corpora.secrets_corpus import clean, planted

__all__ = ["Figures", "count_eaten", "measure"]

_LINES_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Planted and missed secrets by form, and words of clean lines with how many of them were eaten."""

    planted: dict[str, int]
    missed: dict[str, int]
    words: int
    eaten: int

    @property
    def missed_share(self) -> float:
        """Of all planted secrets those that are still there."""
        return sum(self.missed.values()) / sum(self.planted.values())

    @property
    def eaten_per_thousand(self) -> float:
        """Words of clean lines that are gone, of a thousand."""
        return 1000 * self.eaten / self.words


def measure(seed: int) -> Figures:
    """The figures of one seed."""
    redactor = Redactor(b"a key of the benchmark alone")
    lines = list(planted(seed))
    told = redactor.frame(pl.Series([one.text for one in lines])).to_list()
    missed = Counter(one.form for one, text in zip(lines, told, strict=True) if one.secret in text)
    words, eaten = count_eaten(clean(seed), redactor)
    return Figures(dict(Counter(one.form for one in lines)), dict(missed), words, eaten)


def count_eaten(lines: Iterable[str], redactor: Redactor) -> tuple[int, int]:
    """Words of those lines, and how many of them are not told as they were."""
    before = pl.Series(list(lines), dtype=pl.String)
    after = redactor.frame(before)
    changed = (before != after).arg_true()
    pairs = zip(before.gather(changed), after.gather(changed), strict=True)
    eaten = sum((Counter(old.split()) - Counter(new.split())).total() for old, new in pairs)
    return int(before.str.count_matches(r"\S+").sum()), eaten


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description="What redaction misses and what it eats.")
    parser.add_argument("files", type=Path, nargs="*", help="logs in which only the words eaten are counted")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    options = parser.parse_args()
    if options.files:
        for file in options.files:
            _print_eaten(file)
        return
    found = measure(options.seed)
    if options.format == "json":
        print(
            json.dumps({"planted": found.planted, "missed": found.missed, "words": found.words, "eaten": found.eaten})
        )
        return
    lead, between, end = ("| ", " | ", " |") if options.format == "markdown" else ("", "  ", "")
    for form, count in found.planted.items():
        print(f"{lead}{form:28}{between}{found.missed.get(form, 0):>4} of {count:<5}{end}")
    print(f"{lead}{'all':28}{between}{sum(found.missed.values()):>4} of {sum(found.planted.values()):<5}{end}")
    print(f"\nwords eaten: {found.eaten} of {found.words} ({found.eaten_per_thousand:.2f} of a thousand)")


def _print_eaten(file: Path) -> None:
    redactor = Redactor(b"a key of the benchmark alone")
    words = eaten = 0
    with file.open(encoding="utf-8", errors="replace") as opened:
        while lines := opened.readlines(_LINES_AT_ONCE * 100):
            more, gone = count_eaten(lines, redactor)
            words, eaten = words + more, eaten + gone
    print(f"{file.name}: {eaten} of {words} words eaten ({1000 * eaten / max(words, 1):.2f} of a thousand)")


if __name__ == "__main__":
    main()
