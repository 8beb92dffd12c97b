"""Groups of a structured log file by template: what Loghub's grouping accuracy is measured on.

    python benchmarks/loghub.py IN.csv OUT.csv

IN.csv has the columns LineId and Content, one message a row; no other column is read. OUT.csv has LineId, ClusterId
(the template's id) and Template. The code is the product's own, with one configuration for every system.
"""

import argparse
from pathlib import Path

import polars as pl

from classifiers.heads import strip_head
from classifiers.masks import mask
from classifiers.templates import templates


def main() -> None:
    """Reads the one file and writes the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("source", type=Path, metavar="IN.csv")
    parser.add_argument("target", type=Path, metavar="OUT.csv")
    told = parser.parse_args()
    group(pl.read_csv(told.source, columns=["LineId", "Content"], infer_schema=False)).write_csv(told.target)


def group(lines: pl.DataFrame) -> pl.DataFrame:
    """LineId, ClusterId and Template of lines with LineId and Content, in their order."""
    found = templates(mask(strip_head(lines["Content"].fill_null(""))))
    return lines.select("LineId").with_columns(ClusterId=found["template_id"], Template=found["template"])


if __name__ == "__main__":
    main()
