"""Crowds: failures in; of a service that has more different ones than anybody reads, those told in one cluster, out.

Texts whose words vary without end (a dump of payloads, a hostile client) give a signature each. What fails most often
is told by itself, as everywhere; the rest of such a service is one cluster, so that no amount of different messages
makes an analysis slow, and a flood of them is judged by its rate as one failure.
"""

import polars as pl

from classifiers.clusters import CLUSTER_SCHEMA, cluster_id
from classifiers.signatures import RULES, SIGNATURE_SCHEMA

__all__ = ["find_crowds", "is_crowd"]

_MOST_TOLD = 500  # signatures of one service that are told by themselves
_LEAD = "crowd"  # in place of a signature's id: no signature leads a crowd


def find_crowds(failures: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The members of crowds (CLUSTER_SCHEMA), and the leads that stand for them (SIGNATURE_SCHEMA); mostly empty.

    failures: rows of find_failures. Of equally frequent signatures the ids decide, so that the order of rows does not.
    """
    counted = failures.group_by("project", "service", "signature_id").agg(pl.col("occurrences").sum())
    services = counted.filter(pl.len().over("project", "service") > _MOST_TOLD).sort(
        "project", "service", "occurrences", "signature_id", descending=[False, False, True, False]
    )
    members, leads = [], []
    for (project, service), told in services.group_by("project", "service", maintain_order=True):
        rest = told[_MOST_TOLD:]
        lead = cluster_id(str(project), str(service), _LEAD)
        members.append(
            rest.select("project", "service", "signature_id").with_columns(
                cluster_id=pl.lit(lead), is_lead=pl.lit(value=False), rule=pl.lit("crowd"), share=pl.lit(None)
            )
        )
        members.append(
            pl.DataFrame({"project": [project], "service": [service], "signature_id": [lead]}).with_columns(
                cluster_id=pl.lit(lead), is_lead=pl.lit(value=True), rule=pl.lit("lead"), share=pl.lit(None)
            )
        )
        most = rest["occurrences"][0]
        often = "once each" if most == 1 else f"{most:,} times each at most"
        title = f"{rest.height:,} other messages that all differ, told {often}"
        leads.append((lead, RULES, "message", title, "{}"))
    shaped = [part.select(pl.col(name).cast(kind) for name, kind in CLUSTER_SCHEMA.items()) for part in members]
    return (
        pl.concat([pl.DataFrame(schema=CLUSTER_SCHEMA), *shaped]),
        pl.DataFrame(leads, schema=SIGNATURE_SCHEMA, orient="row"),
    )


def is_crowd(members: pl.DataFrame) -> pl.Series:
    """Which rows of members (CLUSTER_SCHEMA) are those of a crowd or its lead."""
    return members["cluster_id"].is_in(members.filter(pl.col("rule") == "crowd")["cluster_id"].unique().to_list())
