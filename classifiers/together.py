"""Together: in how many requests, else moments of an instance, signatures of one service failed with another."""

from collections.abc import Collection

import polars as pl

__all__ = ["Moments"]

_NEAR_NS = 100_000_000  # failures of one instance this near are of one moment, where no trace or request is known


class Moments:
    """The moments of each signature: traces, else requests, else tenths of a second of an instance."""

    def __init__(self, failures: pl.DataFrame) -> None:
        """failures: rows of find_failures."""
        near = pl.format("{}/{}", "instance", pl.col("first_ns") // _NEAR_NS)
        self._rows = failures.select(
            "project", "service", "signature_id", moment=pl.coalesce("trace", "borrowed", near).hash()
        ).unique()

    def of(self, project: str, service: str, signatures: Collection[str]) -> pl.Series:
        """The distinct moments in which any of them failed."""
        rows = self._rows.filter(
            pl.col("project") == project, pl.col("service") == service, pl.col("signature_id").is_in(list(signatures))
        )
        return rows["moment"].unique()

    def met(self, project: str, service: str, first: Collection[str], second: Collection[str]) -> tuple[int, int]:
        """In how many moments of the rarer one both failed, and how many it has."""
        one, other = self.of(project, service, first), self.of(project, service, second)
        rarer, rest = sorted((one, other), key=len)
        return int(rarer.is_in(rest.to_list()).sum()), len(rarer)
