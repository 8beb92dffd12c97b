"""Accounts that were hit: how many distinct ones stand in what failed, never which.

Known by keys of structured payloads and of span attributes that commonly name who is logged in. An address counts by
the keyed hash it is stored as. Each is a number as soon as it is read. In a trace stands one, the one told first: who
asked. Where most of what failed names nobody, the count is not known.
"""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from classifiers.cases import Case
from classifiers.findings import Cluster
from classifiers.signatures import RULES
from classifiers.traces import is_trace
from collector.replacing import replace
from collector.store import Reader
from collector.window import Window

__all__ = ["Accounts", "count_accounts", "find_accounts", "read_accounts", "with_accounts"]

Accounts = Mapping[str, frozenset[int]]  # by the id of a cluster; none of those of which they are not known

_LEAST = 0.5  # share of the failures whose account must be known
# OpenTelemetry's enduser.id and user.id, Datadog's usr.id, and how applications write the same; {"user":{"id": ...}}.
# A bare `user` may be that of a database: it counts where it holds somebody's address.
_ID = r"(?:[._-]?(?:pseudo[._-])?id|[._-]?email|[._-]?hash)"
_ACCOUNT = (
    r'(?i)"(?:app\.|context\.|session\.)?(?:enduser|user|usr|account|customer)(?:(?:'
    rf'{_ID}"\s*:\s*"?|"\s*:\s*\{{[^{{}}]*?"(?:id|email|user_?id)"\s*:\s*"?)(?:<email:)?|'
    r'(?:_?name)?"\s*:\s*"<email:)([^\"\\,}\]\s]+)'
)
_NOBODY = r"(?i)\A(?:null|none|nil|undefined|unknown|anonymous|anon|guest|n/?a|-+|0|-1|false|true|[\[{].*|<[a-z_]+>)\z"


def read_accounts(reader: Reader, failures: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Of each trace that failed in the window, and of each failed entry without one, a number for its account.

    failures: rows of find_failures. Columns: key, account.
    """
    own = failures.filter(pl.col("last_ns") >= window.start_ns)
    traces = own.select(pl.coalesce("trace", "borrowed")).to_series().drop_nulls().unique().sort().to_list()
    return reader.frame(
        "find_failed_accounts", traces=[key for key in traces if is_trace(key)], rules=RULES,
        start_ns=window.start_ns, end_ns=window.end_ns, account=_ACCOUNT, nobody=_NOBODY,
    )  # fmt: skip


def find_accounts(cases: Iterable[Case], named: pl.DataFrame, entries: pl.DataFrame, window: Window) -> Accounts:
    """The accounts that each case hit since its onset, in the window, where most of its failures name one.

    named: as read_accounts gives it. entries: as part_entries gives them.
    """
    if not named.height:
        return {}
    by_key: dict[str, int] = dict(named.iter_rows())
    insert_ids: dict[str, list[str]] = dict(
        entries.filter(pl.col("trace").is_null()).group_by("cluster_id").agg("insert_id").iter_rows()
    )
    found = {case.cluster_id: _hit(case, by_key, insert_ids.get(case.cluster_id, ()), window) for case in cases}
    return {name: accounts for name, accounts in found.items() if accounts}


def count_accounts(names: Iterable[str], accounts: Accounts) -> int | None:
    """How many distinct accounts these clusters hit together; None where of none of them they are known."""
    known = [accounts[name] for name in names if name in accounts]
    return len(frozenset().union(*known)) if known else None


def with_accounts(clusters: Iterable[Cluster], accounts: Accounts) -> tuple[Cluster, ...]:
    """The clusters with how many accounts each hit."""
    return tuple(
        replace(one, blast=replace(one.blast, users=count_accounts([one.id], accounts))) if one.blast else one
        for one in clusters
    )


def _hit(case: Case, by_key: Mapping[str, int], insert_ids: Sequence[str], window: Window) -> frozenset[int]:
    since = max(case.fit.at_ns if case.fit.is_change else 0, window.start_ns)
    keys = [key for key in case.keys_since(since) if is_trace(key)]
    if not keys:
        keys = list(insert_ids)
    told = [by_key[key] for key in keys if key in by_key]
    return frozenset(told) if len(told) >= max(_LEAST * len(keys), 1) else frozenset()
