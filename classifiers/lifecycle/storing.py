"""Storing: the states of earlier looks read, and those of this one as rows for the transaction that stores it."""

import polars as pl

from classifiers.findings import Findings
from classifiers.followed import IncidentState
from classifiers.forecasts import frame_of, read_rows
from classifiers.lifecycle.rows import MIGRATION, STATE_SCHEMA
from classifiers.lifecycle.track import fresh_rows
from collector.store import Reader

__all__ = ["read_closed", "read_states", "states_of"]


def read_states(reader: Reader, *, end_ns: int) -> tuple[IncidentState, ...]:
    """Every state told by looks before an instant; none of a store that is older than states."""
    if MIGRATION not in set(reader.frame("find_migrations")["name"]):
        return ()
    return read_rows(reader.frame("find_incident_states", end_ns=end_ns), IncidentState)


def read_closed(reader: Reader, *, end_ns: int) -> dict[str, int]:
    """When people closed the tickets of incidents, by incident: the last time; not of those opened again since."""
    if MIGRATION not in set(reader.frame("find_migrations")["name"]):
        return {}
    found: dict[str, int] = {}
    for row in reader.frame("find_heard", end_ns=end_ns).iter_rows(named=True):
        if row["said"] == "closed":
            found[row["incident_id"]] = row["at_ns"]
        elif row["said"] == "reopened":
            found.pop(row["incident_id"], None)
    return found


def states_of(findings: Findings) -> pl.DataFrame:
    """What a look adds, as STATE_SCHEMA: the relation of insert_incident_states."""
    return frame_of(fresh_rows(findings.tracked), STATE_SCHEMA)
