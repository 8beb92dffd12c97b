"""Commands that keep the store small and safe: prune, backup, restore."""

import re
import sys
import time
from pathlib import Path

from collector.backup import back_up, key_of, restore
from collector.place import is_there
from collector.stopping import Stop
from collector.store import Store
from collector.window import format_ns, parse_duration_ns, parse_instant_ns
from logtriage.config import Config, load_config
from logtriage.daemon.lock import hold_daemon_lock
from logtriage.errors import ConfigError, StoreError
from logtriage.keeping import Kept, counted_from_ns, keep, preview, pruned_words, short_history_words, size_words
from logtriage.output import show

__all__ = ["act_backup", "act_prune", "act_restore"]

_SIZE = re.compile(r"\A\s*(\d+(?:\.\d+)?)\s*([KMGT]i?B?|B)\s*\Z", re.IGNORECASE)
_UNITS = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def act_prune(
    config: Path | None, db: Path | None, *, older_than: str | None, max_size: str | None, is_dry: bool
) -> None:
    """Takes away what is too old or does not fit, or says what would go."""
    loaded = _with_size(load_config(config, db=db), max_size)
    now_ns = time.time_ns()
    from_ns = counted_from_ns(loaded, now_ns=now_ns)
    before_ns = None if older_than is None else parse_instant_ns(older_than, name="--older-than", now_ns=from_ns)
    if from_ns < now_ns and (older_than is None or parse_duration_ns(older_than.strip()) is not None):
        sys.stderr.write(
            f"ages count back from {format_ns(from_ns, digits=0)}, a day after the newest record: the clock is further "
            "ahead. To prune by another time write it out (--older-than 2026-09-14T20:00:00Z).\n"
        )
    warning = short_history_words(loaded) if older_than is None else ""
    if warning:
        sys.stderr.write(f"{warning}\n")
    if is_dry:
        show(f"{_told(preview(loaded, before_ns=before_ns, now_ns=now_ns), 'would be pruned')}\n")
        return
    kept = keep(loaded, before_ns=before_ns, now_ns=now_ns, stop=Stop())
    show(f"{_told(kept, 'pruned')}\n")


def act_backup(config: Path | None, db: Path | None, *, file: Path) -> None:
    """A checked copy of the store, which may be in use."""
    loaded = load_config(config, db=db)
    done = back_up(Store(loaded.store), file)
    told = f"{file}: {done.records:,} records, {done.size / 2**20:,.1f} MiB, checked\n"
    if done.has_key:
        told += f"{key_of(file)}: the key of its hashes. It is a secret: keep both where only you can read them\n"
    show(told)


def act_restore(config: Path | None, db: Path | None, *, file: Path, is_forced: bool) -> None:
    """A backup in the place of the store, which is kept beside it."""
    loaded = load_config(config, db=db)
    store = Store(loaded.store)
    if is_there(store.path) and not is_forced:
        raise StoreError(
            f"There is a database at `{store.path}`. `--force` puts the backup in its place and keeps it beside it."
        )
    with hold_daemon_lock(store.path):
        done = restore(store, file, stamp=format_ns(time.time_ns()).replace(":", "").replace("-", ""))
    told = f"{store.path}: {done.records:,} records of {file}, {done.size / 2**20:,.1f} MiB, checked\n"
    if done.aside is not None:
        told += f"{done.aside}: the database of before. Remove it when you need it no more\n"
    if not done.has_key and not key_of(store.path).exists():
        told += f"there is no key beside {file}: accounts and values that come from now on match none of before\n"
    show(f"{told}what came since is read again by `logtriage collect`, from where the backup stood\n")


def _told(kept: Kept, done: str) -> str:
    """A line for age, one for size, one for the file."""
    lines = [f"{pruned_words(kept.aged)} {done} by age" if kept.aged.records else f"nothing {done} by age"]
    if kept.oversize.records:
        lines.append(f"{pruned_words(kept.oversize)} {done} by size")
    if kept.compacted is not None and kept.taken.records and not kept.compacted.is_done:
        lines.append(f"not compacted: {kept.compacted.why_not}")
    return "\n".join([*lines, size_words(kept)])


def _with_size(config: Config, text: str | None) -> Config:
    """The settings with --max-size in place of retention.max_size_gib."""
    if text is None:
        return config
    found = _SIZE.match(text)
    if found is None or not float(found[1]):
        raise ConfigError(f"--max-size is `{text}`; it should be a size. Write 5GiB or 800MiB.")
    size = float(found[1]) * _UNITS[found[2][0].lower()]
    retention = config.retention.model_copy(update={"max_size_gib": size / 2**30})
    return config.model_copy(update={"retention": retention})
