"""Gathering: the failures of a history and all that is stored before its end in; their clusters, out.

Clusters are made of every signature that was ever stored, so that a narrow window gives a failure the same cluster and
the same id as a wide one.
"""

import polars as pl

from classifiers.clusters import cluster, find_candidates
from classifiers.crowds import find_crowds
from classifiers.renderings import TOGETHER_SCHEMA
from classifiers.signatures import RULES
from collector.store import Reader

__all__ = ["gather", "holding"]

_KEYS = ["project", "service", "signature_id"]
_MOST_KNOWN = 20_000  # signatures in services; of more, those of the history alone: names that vary without end


def gather(reader: Reader, failures: pl.DataFrame, *, end_ns: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The clusters (CLUSTER_SCHEMA) of every service with a failure, and their signatures (SIGNATURE_SCHEMA).

    failures: rows of find_failures. A cluster need not occur among them: see `holding`.
    """
    crowd, leads = find_crowds(failures)
    present = failures.select(_KEYS).unique()
    ever = reader.frame("find_known_signatures", end_ns=end_ns, rules=RULES)
    ever = ever.join(present.select("project", "service").unique(), on=["project", "service"], how="semi")
    known = pl.concat([present, ever]).unique() if ever.height <= _MOST_KNOWN else present
    known = known.join(crowd, on=_KEYS, how="anti")
    ids = known["signature_id"].unique().sort().to_list()
    signatures = reader.frame("find_signatures", signature_ids=ids, rules=RULES)
    counted = find_candidates(known, signatures)
    together = (
        reader.frame("count_together", end_ns=end_ns, signature_ids=counted)
        if counted
        else pl.DataFrame(schema=TOGETHER_SCHEMA)
    )
    asked = failures.rename({"first_ns": "at_ns"}).with_columns(trace=pl.coalesce("trace", "borrowed"))
    members = pl.concat([cluster(known, signatures, together, asked), crowd])
    return members, pl.concat([signatures, leads], how="diagonal")


def holding(members: pl.DataFrame, failures: pl.DataFrame) -> pl.DataFrame:
    """The clusters that hold a failure, with all their signatures; one that leads need not occur itself."""
    present = failures.select(_KEYS).unique()
    held = members.join(present, on=_KEYS, how="semi").select("cluster_id").unique()
    return members.join(held, on="cluster_id", how="semi", maintain_order="left")
