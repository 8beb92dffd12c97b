"""Together: in how many requests, else moments of an instance, signatures of one service failed with another."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["Moments"]

_NEAR_NS = 100_000_000  # failures of one instance this near are of one moment, where no trace or request is known
_KEYS = ["project", "service", "signature_id"]


class Moments:
    """The moments of each signature: traces, else requests, else tenths of a second of an instance."""

    def __init__(self, failures: pl.DataFrame) -> None:
        """failures: rows of find_failures."""
        near = pl.format("{}/{}", "instance", pl.col("first_ns") // _NEAR_NS)
        rows = failures.select(*_KEYS, moment=pl.coalesce("trace", "borrowed", near).hash())
        of_each = rows.unique().group_by(_KEYS).agg("moment")
        self._moments = {tuple(key): moments.to_numpy() for *key, moments in zip(*of_each, strict=True)}

    def of(self, project: str, service: str, signatures: Collection[str]) -> npt.NDArray[np.uint64]:
        """The distinct moments in which any of them failed, in order."""
        found = [self._moments.get((project, service, name)) for name in signatures]
        known = [one for one in found if one is not None]
        return np.unique(np.concatenate(known)) if known else np.empty(0, dtype=np.uint64)

    def met(self, project: str, service: str, first: Collection[str], second: Collection[str]) -> tuple[int, int]:
        """In how many moments of the rarer one both failed, and how many it has."""
        one, other = self.of(project, service, first), self.of(project, service, second)
        return len(np.intersect1d(one, other, assume_unique=True)), min(len(one), len(other))
