"""Signing anew: what a change of the rules makes of history. A store that older rules signed in, pairs of ids out.

Law 5: a change of rules is replayed over history with a preview and never silently. The ids of before stay valid: they
are stored as aliases of those that took their place.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from msgspec import Struct

from classifiers.signatures import RULES
from classifiers.signing import sign_new
from collector.config import StoreConfig
from collector.errors import StoreError
from collector.store import Reader, Store

__all__ = ["Resigned", "read_stale", "sign_anew", "trial"]

_WAL = ".wal"
_ROOM = 2  # times the size of the database: for its copy, and what is written into that


class Resigned(Struct, frozen=True):
    """What signing anew changes, or has changed. pairs: rows of count_replaced_signatures."""

    rules_before: tuple[int, ...]
    rules: int
    records: int
    pairs: pl.DataFrame

    @property
    def kept(self) -> pl.DataFrame:
        """Pairs of ids that take each other's place one for one."""
        return self._both.filter(~self._is_merged, ~self._is_split)

    @property
    def merged(self) -> pl.DataFrame:
        """Pairs of ids of before that fall together with others."""
        return self._both.filter(self._is_merged)

    @property
    def split(self) -> pl.DataFrame:
        """Pairs of ids of before that fall apart."""
        return self._both.filter(self._is_split)

    @property
    def gone(self) -> int:
        """Entries that had a signature and have none any more."""
        return int(self.pairs.filter(pl.col("new_id").is_null())["entries"].sum())

    @property
    def fresh(self) -> int:
        """Entries that have a signature and had none."""
        return int(self.pairs.filter(pl.col("old_id").is_null())["entries"].sum())

    @property
    def _both(self) -> pl.DataFrame:
        return self.pairs.drop_nulls().sort("old_id", "new_id")

    @property
    def _is_merged(self) -> pl.Expr:
        return pl.col("old_id").n_unique().over("new_id") > 1

    @property
    def _is_split(self) -> pl.Expr:
        return pl.col("new_id").n_unique().over("old_id") > 1


def read_stale(reader: Reader) -> pl.DataFrame:
    """Batches that only older rules signed: batch_id, stored, signed_rules."""
    return reader.frame("find_stale_batches", rules=RULES)


def sign_anew(store: Store) -> Resigned | None:
    """Signs what is not signed by the rules of now; what older rules said makes way, and its ids become aliases.

    None when nothing was signed by older rules. A run that is cut off in between is finished by the next one.
    """
    if not store.path.exists():
        return None
    with store.read() as reader:
        stale = read_stale(reader)
    sign_new(store)
    with store.read() as reader:
        older = reader.frame("find_older_rules", rules=RULES)
        is_whole = not reader.frame("find_unsigned_batches", rules=RULES).height
    if not older.height or not is_whole:  # not whole: another process is at it, and settles what it leaves
        return None
    with store.write() as writer:
        pairs = writer.frame("count_replaced_signatures", rules=RULES)
        moved = pairs.drop_nulls()
        if moved.height:
            writer.execute("insert_signature_aliases", relation=moved.select("old_id", "new_id"), rules=RULES)
        writer.execute("delete_older_occurrences", rules=RULES)
    return _resigned(stale, pairs)


@contextlib.contextmanager
def trial(store: Store, config: StoreConfig) -> Iterator[Store]:
    """A store to try sign_anew on: a copy beside the database, which is taken away at the end.

    Where nothing was signed by older rules there is nothing to try, and it is the store itself.
    """
    with store.read() as reader:
        is_stale = read_stale(reader).height > 0
    if not is_stale:
        yield store
        return
    _check_room(store.path)
    with tempfile.TemporaryDirectory(prefix=f".{store.path.name}.", dir=store.path.parent) as folder:
        copy = Path(folder) / store.path.name
        with store.read():  # nobody writes meanwhile
            for ending in ("", _WAL):
                part = store.path.with_name(store.path.name + ending)
                if part.exists():
                    shutil.copyfile(part, copy.with_name(copy.name + ending))
        yield Store(config.model_copy(update={"path": copy}))


def _resigned(stale: pl.DataFrame, pairs: pl.DataFrame) -> Resigned:
    rules = tuple(sorted(int(one) for one in stale["signed_rules"].unique()))
    return Resigned(rules, RULES, int(stale["stored"].sum()), pairs)


def _check_room(path: Path) -> None:
    needed = path.stat().st_size * _ROOM
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise StoreError(
            f"The preview is tried on a copy of `{path}` and needs {needed >> 20:,} MiB beside it, {free >> 20:,} are "
            "free. Make room, or run `logtriage regroup` without --preview."
        )
