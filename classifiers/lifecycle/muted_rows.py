"""Stored mutes: read as they stood at an instant, and added or lifted in one short transaction. Rows are only added."""

import hashlib
from collections.abc import Iterable

import orjson

from classifiers.findings import Absence, Cluster, Latency
from classifiers.followed import Mute
from classifiers.forecasts import frame_of, read_rows
from classifiers.incidents import title_of
from classifiers.lifecycle.rows import MIGRATION, MUTE_SCHEMA
from classifiers.naming import read_aliases
from collector.errors import ConfigError
from collector.replacing import replace
from collector.store import Reader, Store

__all__ = ["add_mute", "lift_mute", "read_mutes"]

_REASON = 500  # characters
_TITLE = 200
_EVER_NS = 2**63 - 1


def read_mutes(reader: Reader, *, end_ns: int) -> tuple[Mute, ...]:
    """Every mute made before an instant and not lifted by then, the oldest first, whether or not it has ended.

    Signatures of older rules stand beside those that took their place. None of a store that is older than mutes.
    """
    if MIGRATION not in set(reader.frame("find_migrations")["name"]):
        return ()
    found = _standing(read_rows(reader.frame("find_mutes", end_ns=end_ns), Mute))
    if not found:
        return ()
    aliases = read_aliases(reader)
    return tuple(
        replace(one, signature_ids=tuple(dict.fromkeys(_with_aliases(one.signature_ids, aliases)))) for one in found
    )


def add_mute(
    store: Store, found: Cluster | Latency | Absence, *, until_ns: int, made_at_ns: int, reason: str
) -> tuple[Mute, tuple[Mute, ...]]:
    """The mute of a finding, stored; and those that it takes the place of, which are lifted with it."""
    names = tuple(sorted(found.signature_ids)) if isinstance(found, Cluster) else (found.id,)
    content = orjson.dumps([found.project, found.service, names, made_at_ns])
    mute = Mute(
        mute_id=hashlib.blake2b(content, digest_size=8).hexdigest(),
        project=found.project,
        service=found.service,
        cluster_id=found.id,
        title=title_of(found)[:_TITLE],
        signature_ids=names,
        until_ns=until_ns,
        made_at_ns=made_at_ns,
        reason=reason[:_REASON],
    )
    with store.write() as writer:
        before = [
            one
            for one in _standing(read_rows(writer.frame("find_mutes", end_ns=_EVER_NS), Mute))
            if (one.project, one.service) == (mute.project, mute.service) and set(one.signature_ids) <= set(names)
        ]
        replaced = tuple(one for one in before if one.mute_id != mute.mute_id)
        lifted = [replace(one, is_lifted=True, made_at_ns=made_at_ns) for one in replaced]
        writer.execute("insert_mutes", relation=frame_of([*lifted, mute], MUTE_SCHEMA))
    return mute, replaced


def lift_mute(store: Store, names: Iterable[str], *, made_at_ns: int) -> tuple[Mute, ...]:
    """The mutes that begin with one of these ids, or hold for such a finding, lifted; ConfigError where none does."""
    wanted = [name for name in names if name]
    with store.write() as writer:
        every = _standing(read_rows(writer.frame("find_mutes", end_ns=_EVER_NS), Mute))
        holding = [one for one in every if one.until_ns > made_at_ns]
        found = [
            one
            for one in holding
            if any(known.startswith(name) for name in wanted for known in (one.mute_id, one.cluster_id))
        ]
        if found:
            rows = [replace(one, is_lifted=True, made_at_ns=made_at_ns) for one in found]
            writer.execute("insert_mutes", relation=frame_of(rows, MUTE_SCHEMA))
    if not found:
        listed = ", ".join(one.mute_id for one in holding[:8]) or "none holds"
        raise ConfigError(
            f"There is no mute `{' '.join(wanted)[:80]}`; known: {listed}. Take an id from `logtriage mute --list`."
        )
    return tuple(found)


def _standing(rows: Iterable[Mute]) -> list[Mute]:
    """Mutes that were not lifted, in the order in which they were made; rows in order of time."""
    last = {one.mute_id: one for one in rows}
    return [one for one in last.values() if not one.is_lifted]


def _with_aliases(names: Iterable[str], aliases: dict[str, tuple[str, ...]]) -> Iterable[str]:
    for name in names:
        yield name
        yield from aliases.get(name, ())
