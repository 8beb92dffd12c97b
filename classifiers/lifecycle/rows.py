"""Rows of the lifecycle as they are stored: their schemas, equal to the tables of create_0009_lifecycle.sql."""

import polars as pl

__all__ = ["MIGRATION", "MUTE_SCHEMA", "STATE_SCHEMA"]

MIGRATION = "create_0009_lifecycle"  # a store without it has no states and no mutes

STATE_SCHEMA: dict[str, pl.DataType] = {
    "incident_id": pl.String(),
    "finding_id": pl.String(),
    "state": pl.String(),
    "sure": pl.Float64(),
    "statement": pl.String(),
    "at_ns": pl.Int64(),
    "look_ns": pl.Int64(),
    "revision": pl.String(),
    "project": pl.String(),
    "service": pl.String(),
    "title": pl.String(),
    "priority": pl.String(),
    "root": pl.String(),
    "member_ids": pl.List(pl.String()),
    "signature_ids": pl.List(pl.String()),
    "onset_ns": pl.Int64(),
    "last_failure_ns": pl.Int64(),
    "stragglers": pl.Int64(),
    "rules": pl.Int32(),
    "merged_into": pl.String(),  # the incident that it is part of since then, "" of none
}

MUTE_SCHEMA: dict[str, pl.DataType] = {
    "mute_id": pl.String(),
    "project": pl.String(),
    "service": pl.String(),
    "cluster_id": pl.String(),
    "title": pl.String(),
    "signature_ids": pl.List(pl.String()),
    "until_ns": pl.Int64(),
    "made_at_ns": pl.Int64(),
    "reason": pl.String(),
    "is_lifted": pl.Boolean(),
}
