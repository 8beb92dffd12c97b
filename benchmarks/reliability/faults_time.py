"""Faults of time: a clock that is set, a machine that slept, days that are longer or shorter, a day that seldom is."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.reliability.checks import rows_of
from benchmarks.reliability.children import Limits, run
from benchmarks.reliability.faults_api import pulled, serving
from benchmarks.reliability.faults_disk import one_line
from collector.window import NS_PER_S
from logtriage.daemon.cron import parse_cron
from tests.support.log_entries import make_entries

__all__ = ["TIME"]

_DAY_NS = 86_400_000_000_000
_LATE = 10  # entries that come while the clock is wrong
_VIENNA = ZoneInfo("Europe/Vienna")


def _clock(shift_ns: int, folder: Path) -> tuple[str, list[str]]:
    """A pull by a wrong clock, then one by the right clock: all is there, once."""
    with serving(folder):
        code, said = run(["collect"], folder=folder, limits=Limits(at_ns=time.time_ns() + shift_ns))
        told = one_line(said)
        found = [f"exit code {code}: {told}"] if code not in {0, 1} or "Traceback" in said else []
        return told, found + pulled(folder)


def _set_back(folder: Path) -> tuple[str, list[str]]:
    return _clock(-_DAY_NS, folder)


def _set_forward(folder: Path) -> tuple[str, list[str]]:
    """Two pulls by a clock that is ahead: what came after each of them is there by the first pull of the right one."""
    with serving(folder) as server:
        found = []
        for _ in range(2):
            code, said = run(["collect"], folder=folder, limits=Limits(at_ns=time.time_ns() + _DAY_NS))
            found += [f"exit code {code}: {one_line(said)}"] if code or "Traceback" in said else []
            now_ns = time.time_ns()
            server.add(make_entries(_LATE, seed=now_ns % 1000, start_ns=now_ns - 5 * NS_PER_S, end_ns=now_ns))
        found += pulled(folder, more=2 * _LATE)
        told = rows_of(folder / "s.duckdb", "select detail from troubles where kind = 'clock' and not is_over")
        return " ".join(told["detail"]), found + ([] if told.height else ["the wrong clock is not told"])


def _suspended(folder: Path) -> tuple[str, list[str]]:
    """A pull a day ago, by its clock, and nothing since: one pull now gets all of that day."""
    with serving(folder):
        run(["collect"], folder=folder, limits=Limits(at_ns=time.time_ns() - _DAY_NS))
        before = rows_of(folder / "s.duckdb", "select count(*) as n from entries")["n"][0]
        return f"{before} entries before, the rest in one pull after", pulled(folder)


def _due(line: str, after: datetime, times: int) -> list[datetime]:
    cron, found = parse_cron(line), [after]
    for _ in range(times):
        due = cron.next_after(found[-1], _VIENNA)
        if due is None:
            break
        found.append(due)
    return found[1:]


def _scheduled(line: str, after: datetime, wanted: list[str]) -> tuple[str, list[str]]:
    told = [one.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ") for one in _due(line, after, len(wanted))]
    return f"`{line}` in Europe/Vienna: {', '.join(told)}", [] if told == wanted else [f"wanted {', '.join(wanted)}"]


def _spring(folder: Path) -> tuple[str, list[str]]:
    del folder
    begun = datetime(2026, 3, 28, 3, tzinfo=_VIENNA)
    return _scheduled("30 2 * * *", begun, ["2026-03-29 01:30Z", "2026-03-30 00:30Z"])


def _autumn(folder: Path) -> tuple[str, list[str]]:
    del folder
    begun = datetime(2026, 10, 24, 3, tzinfo=_VIENNA)
    return _scheduled("30 2 * * *", begun, ["2026-10-25 00:30Z", "2026-10-26 01:30Z"])


def _leap_day(folder: Path) -> tuple[str, list[str]]:
    del folder
    begun = datetime(2026, 3, 1, tzinfo=_VIENNA) - timedelta(days=1)
    return _scheduled("0 12 29 2 *", begun, ["2028-02-29 11:00Z", "2032-02-29 11:00Z"])


TIME = {
    "clock a day back": _set_back,
    "clock a day forward": _set_forward,
    "suspended for a day": _suspended,
    "clocks go forward": _spring,
    "clocks go back": _autumn,
    "leap day": _leap_day,
}
