"""What keeps logtriage itself from seeing or telling: that it did not run, its jobs, channels, clock, disk. No I/O."""

import polars as pl

from classifiers.blind import BlindKind, Blindness, lasted, two_parts
from collector.window import NS_PER_S, Window

__all__ = ["broken_times", "dead_letters", "failing_jobs", "idle_times", "refusing_channels", "watched_troubles"]

_MINUTE_NS = 60 * NS_PER_S
_IDLE_PACES = 3  # times the usual time between two runs
_IDLE_NS = 10 * _MINUTE_NS  # ... and at least this, that no job runs before that is told
_FAILED_RUNS = 3  # of a job in a row
_TOLD_ELSEWHERE = frozenset({"collect", "digest"})  # their failures are those of sources and channels
_REFUSED_NS = 30 * _MINUTE_NS  # that a channel refuses before that is told
_FORGOTTEN_NS = 3 * 10 * _MINUTE_NS  # looks come at least each ten minutes while a trouble lasts
_FORGOTTEN_CHANNEL_NS = 25 * 60 * _MINUTE_NS  # ... of a channel with each digest, which may be daily
_TOLD_ONCE = frozenset({"store"})  # by whoever finds the loss: it lasts until it is mended
_APART_NS = 2 * _MINUTE_NS  # that a record may arrive after it is stored
_AHEAD_NS = 10 * _MINUTE_NS  # that a record may tell a time after its arrival
_DEAD_SHARE = 0.2  # of what was read, in the window
_DEAD_TIMES = 4  # ... and times the share of before
_DEAD = 50  # ... and so many
_SAID = 300
_LOOKED_AT: tuple[BlindKind, ...] = ("receiver", "clock", "disk", "store", "channel", "settings")
_TODO = {
    "receiver": "look at `store.write_wait_s` and the disk; raise `receive.queue_mib` where bursts are larger",
    "clock": "set the clock of this machine by NTP",
    "disk": "free some space, or keep less (section `retention`)",
    "store": "run `logtriage doctor --store`",
    "settings": "correct config.yaml; the old settings stay until then",
    "channel": "correct the channel in config.yaml, then `logtriage digest --to` it",
}


def idle_times(idle: pl.DataFrame, last_work_ns: int | None, window: Window) -> list[Blindness]:
    """Times in which the daemon did not run, though it ran before. Rows of find_idle_times."""
    found = []
    for from_ns, until_ns, usual_ns in idle.select("from_ns", "until_ns", "usual_ns").rows():
        if usual_ns is None:
            continue
        begin_ns = from_ns if until_ns is not None else max(from_ns, last_work_ns or 0)  # a long job is no idle one
        end_ns = window.end_ns if until_ns is None else until_ns
        if end_ns - begin_ns <= max(_IDLE_NS, _IDLE_PACES * usual_ns):
            continue
        told = f"logtriage itself {'does' if until_ns is None else 'did'} not run (stopped, crashed or suspended)"
        after = "" if until_ns is None else "; sources that are pulled are read from where they were left"
        one = Blindness(
            "stopped", "", begin_ns, until_ns, f"{told}{after}",
            "start `logtriage daemon`, and look at its log for why it ended" if until_ns is None else "",
            hides=until_ns is None,
        )  # fmt: skip
        if one.overlaps(window.start_ns, window.end_ns):
            found.append(one)
    return found


def failing_jobs(spells: pl.DataFrame, window: Window) -> list[Blindness]:
    """Jobs whose last runs all failed. Rows of find_job_spells."""
    last = spells.sort("began_ns").group_by("job", maintain_order=True).last()
    return [
        Blindness(
            "job", row["job"], row["began_ns"], None,
            f"job {row['job']} failed {row['runs']} times in a row: {row['detail'][:_SAID].rstrip('.')}",
            "see the log of the daemon", hides=row["job"] == "classify",
        )
        for row in last.sort("job").iter_rows(named=True)
        if row["outcome"] == "failed" and row["runs"] >= _FAILED_RUNS and row["job"] not in _TOLD_ELSEWHERE
        and row["began_ns"] < window.end_ns
    ]  # fmt: skip


def refusing_channels(spells: pl.DataFrame, window: Window) -> list[Blindness]:
    """Channels that take no message: nobody is told there. Rows of find_delivery_spells."""
    found = []
    rows = list(spells.iter_rows(named=True))
    for at, row in enumerate(rows):
        after = rows[at + 1] if at + 1 < len(rows) and rows[at + 1]["channel"] == row["channel"] else None
        until_ns = after["began_ns"] if after else None
        is_long = (window.end_ns if until_ns is None else until_ns) - row["began_ns"] >= _REFUSED_NS
        if row["is_done"] or not is_long or (until_ns is None and not row["waiting"]):
            continue
        what, todo = two_parts(row["detail"][:_SAID])
        verb = "refuses what it is sent" if row["outcome"] == "refused" else "cannot be reached"
        waits = f"; {row['waiting']} {'message waits' if row['waiting'] == 1 else 'messages wait'}"
        now = f"channel {row['channel']} {verb}{waits}{f' ({what})' if what else ''}"
        then = f"channel {row['channel']} took no message; what waited was sent since"
        one = Blindness(
            "channel", row["channel"], row["began_ns"], until_ns, then if after else now,
            "" if after else todo or _TODO["channel"], hides=False,
        )  # fmt: skip
        if one.overlaps(window.start_ns, window.end_ns):
            found.append(one)
    return found


def watched_troubles(spells: pl.DataFrame, last_work_ns: int | None, window: Window) -> list[Blindness]:
    """What the watch of the daemon saw: receiver, clock, disk, store, channel. Rows of find_trouble_spells."""
    found = []
    for row in spells.filter(pl.col("kind").is_in(_LOOKED_AT)).iter_rows(named=True):
        until_ns = row["until_ns"]
        forgotten_ns = _FORGOTTEN_CHANNEL_NS if row["kind"] == "channel" else _FORGOTTEN_NS
        is_left = until_ns is None and (last_work_ns or 0) - row["last_seen_ns"] > forgotten_ns
        if (
            is_left and row["kind"] not in _TOLD_ONCE
        ):  # whoever looked looks no more, and others went on: it was taken out of the settings
            until_ns = row["last_seen_ns"]
        if row["kind"] == "channel" and (until_ns or window.end_ns) - row["since_ns"] < _REFUSED_NS:
            continue
        what, todo = two_parts(row["detail"][:_SAID])
        kind, is_over = row["kind"], until_ns is not None
        after = {"receiver": "; clients that keep what is refused sent it again", "store": ""}.get(kind, "")
        one = Blindness(
            kind, row["subject"], row["since_ns"], until_ns,
            f"{what}, until it was over{after}" if is_over else what, "" if is_over else todo or _TODO[kind],
            hides=not is_over and kind in {"receiver", "clock", "store"},
        )  # fmt: skip
        if one.overlaps(window.start_ns, window.end_ns):
            found.append(one)
    return found


def broken_times(steps: pl.DataFrame, arrivals: pl.DataFrame, window: Window) -> list[Blindness]:
    """A clock that is wrong, as stored rows tell: of this machine, or of those who write entries.

    steps: rows of find_clock_steps.
    """
    found = [
        Blindness(
            "clock", "machine", at_ns, at_ns + 1,
            f"the clock of this machine was set back by {lasted(back_ns)}; times of runs overlap there",
            is_news=False, hides=False,
        )
        for at_ns, back_ns in steps.filter(pl.col("at_ns") >= window.start_ns).rows()
    ]  # fmt: skip
    recent = arrivals.filter(pl.col("stored_at_ns") >= window.start_ns)
    apart = recent.filter(~pl.col("is_received"), pl.col("apart_ns") > _APART_NS)
    if apart.height and _lasts(apart, recent.filter(~pl.col("is_received"))):
        slow = lasted(int(apart["apart_ns"].max()))  # type: ignore[arg-type] # of an integer column
        told = f"the clock of this machine is at least {slow} slow: entries arrive after they are stored"
        since = int(apart["first_stored_ns"].min())  # type: ignore[arg-type] # as above
        found.append(Blindness("clock", "machine is slow", since, None, told, _TODO["clock"]))
    ahead = recent.filter(pl.col("ahead_ns") > _AHEAD_NS)
    for source, own in ahead.partition_by("source", as_dict=True, maintain_order=True).items():
        most = lasted(int(own["ahead_ns"].max()))  # type: ignore[arg-type] # as above
        told = f"records of source {source[0]} tell times up to {most} after they came: clocks of senders are wrong"
        since = int(own["received_at_ns"].min())  # type: ignore[arg-type] # as above
        is_open = _lasts(own, recent.filter(pl.col("source") == source[0]))
        until = None if is_open else int(own["stored_at_ns"].max())  # type: ignore[arg-type] # as above
        todo = "set the clocks of those machines by NTP; what lies ahead of now counts when its time has come"
        found.append(Blindness("clock", source[0], since, until, told, todo, is_news=False, hides=is_open))
    return found


def _lasts(some: pl.DataFrame, every: pl.DataFrame) -> bool:
    """Whether the last of all that came is one of these, or nearly."""
    last, newest = some["stored_at_ns"].max(), every["stored_at_ns"].max()
    return int(newest) - int(last) <= _IDLE_NS  # type: ignore[arg-type] # of integer columns


def dead_letters(arrivals: pl.DataFrame, window: Window) -> list[Blindness]:
    """Sources of which suddenly a large share cannot be read."""
    found = []
    for (source,), own in arrivals.partition_by("source", as_dict=True, maintain_order=True).items():
        is_now = pl.col("stored_at_ns") >= window.start_ns
        now, before = own.filter(is_now), own.filter(~is_now)
        dead, read = int(now["dead"].sum()), int(now["read"].sum())
        share = dead / read if read else 0.0
        usual = int(before["dead"].sum()) / max(int(before["read"].sum()), 1)
        if dead < _DEAD or share < _DEAD_SHARE or share < _DEAD_TIMES * usual:
            continue
        bad = now.filter(pl.col("dead") > _DEAD_SHARE * pl.col("read"))
        told = f"{share:.0%} of what {source} gave since cannot be read: {dead:,} of {read:,} records"
        was = f", {usual:.1%} before" if before.height else ""
        since = int(bad["first_stored_ns"].min() if bad.height else window.start_ns)  # type: ignore[arg-type] # as above
        todo = '`logtriage query "select reason, any_value(excerpt) from dead_letters group by all"` tells why'
        found.append(Blindness("dead", str(source), since, None, f"{told}{was}", todo, is_lost=True))
    return found
