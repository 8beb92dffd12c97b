"""How often failures that nothing mended are called VERIFIED, and how long a real fix waits to be.

    python -m benchmarks.silence [--runs 200] [--seed 1]

Each process fails on and on by a course of its own: steady, in bursts, on a timer, by day, with pauses of any length.
After some days a deploy comes that mends nothing; looks follow every hour until it fails again. A look that says
VERIFIED before is false. The same processes with a fix that works tell how long the verdict takes. The third table has
no deploy at all: looks every hour over a fortnight, false where any of them says VERIFIED.
"""

import argparse
from bisect import bisect_left
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from classifiers.storms import find_period
from classifiers.verification.silence_proof import Seen, prove_silence

HOUR_NS = 3_600_000_000_000
BUSY = 40.0  # attempts an hour, by day twice as many and by night none
DAYS = 3
WATCHED = 14  # days without any change
LOOKS = 24 * 14  # after which a run ends unproven
LEAST_PERIOD_S = 5.0
Times = NDArray[np.float64]
Process = Callable[[np.random.Generator, float], Times]


def _steady(rate: float) -> Process:
    return lambda random, long: np.cumsum(random.exponential(1 / rate, int(2 * rate * long) + 50))


def _bursts(pause: Callable[[np.random.Generator], float], many: int = 15, width: float = 0.1) -> Process:
    def made(random: np.random.Generator, long: float) -> Times:
        at, parts = pause(random) * random.random(), []
        while at < long:
            parts.append(at + np.sort(random.uniform(0, width, 1 + random.poisson(many))))
            at += width + pause(random)
        return np.concatenate(parts) if parts else np.array([])

    return made


def _timer(period: float, share: float) -> Process:
    def made(random: np.random.Generator, long: float) -> Times:
        beats = np.arange(period * random.random(), long, period)
        return np.sort(beats[random.random(beats.size) < share] + random.uniform(0, 0.01, 1))

    return made


def _by_day(rate: float) -> Process:
    def made(random: np.random.Generator, long: float) -> Times:
        every = np.cumsum(random.exponential(1 / rate, int(2 * rate * long) + 50))
        return every[(every % 24 >= 8) & (every % 24 < 20)]

    return made


PROCESSES: dict[str, Process] = {
    "steady, 2 an hour": _steady(2.0),
    "steady, one in 5 h": _steady(0.2),
    "bursts, every 3 h": _bursts(lambda random: random.exponential(3.0)),
    "bursts, every 12 h": _bursts(lambda random: random.exponential(12.0)),
    "bursts, lognormal": _bursts(lambda random: 3 * float(np.exp(random.normal(0, 1)))),
    "bursts, Pareto 1.5": _bursts(lambda random: 1 + 1.5 * float(random.pareto(1.5))),
    "timer, hourly": _timer(1.0, 1.0),
    "timer, hourly, half": _timer(1.0, 0.5),
    "timer, nightly": _bursts(lambda _: 23.8, width=0.2),
    "by day, 2 an hour": _by_day(2.0),
}


def attempts(at_h: Times | float, *, is_by_day: bool) -> Times:
    """Attempts that had come until these hours."""
    hours = np.asarray(at_h, dtype=np.float64)
    if not is_by_day:
        return hours * BUSY
    return (hours // 24 * 12 + np.clip(hours % 24 - 8, 0, 12)) * 2 * BUSY


def is_verified(old: Times, moment: float, now: float, *, how: str | None, is_by_day: bool) -> bool:
    """What a look says at `now`, of failures until a moment and none since."""

    def passed(start: float, end: float) -> float:
        return float(attempts(end, is_by_day=is_by_day) - attempts(start, is_by_day=is_by_day))

    last = float(old[-1])
    asked = Seen(attempts(old, is_by_day=is_by_day), 0.0, passed(last, moment), passed(moment, now))
    told = Seen(old * HOUR_NS, 0.0, (moment - last) * HOUR_NS, (now - moment) * HOUR_NS)
    period = find_period((old * HOUR_NS).astype(np.int64))
    period_ns = sum(period) / 2 * 1e9 if period and period[0] >= LEAST_PERIOD_S else None
    proof = prove_silence(asked, told, period_ns=period_ns, how=how, is_of_revision=False, is_counted=True)
    is_long = proof.needed_ns is None or told.since >= proof.needed_ns
    return proof.chance <= proof.level and is_long and proof.needed is not None and asked.since >= proof.needed


def run(name: str, random: np.random.Generator) -> tuple[bool, float | None] | None:
    """Whether a deploy that mends nothing is verified, and the hours until one that mends is; None too few failures."""
    is_by_day = name.startswith("by day")
    moment = 24 * DAYS * random.uniform(0.7, 1.0)
    every = PROCESSES[name](random, 24.0 * DAYS + LOOKS)
    old, new = every[every < moment], every[every >= moment]
    if old.size < 2 or not new.size:
        return None

    def is_told(look: int) -> bool:
        return is_verified(old, moment, moment + look, how="deploy", is_by_day=is_by_day)

    waits = bisect_left(range(1, LOOKS), True, key=is_told) + 1  # more silence never proves less
    return moment + waits < min(float(new[0]), moment + LOOKS), float(waits) if waits < LOOKS else None


def watched(name: str, random: np.random.Generator) -> bool:
    """Whether any hourly look of a fortnight says VERIFIED though it goes on and nothing was changed."""
    is_by_day = name.startswith("by day")
    every = PROCESSES[name](random, 24.0 * 30)
    looks = np.arange(24.0, 24.0 * (1 + WATCHED))
    known = np.searchsorted(every, looks)
    last_looks = looks[np.flatnonzero(np.diff(known, append=-1))]  # before the next failure
    return any(
        is_verified(every[every < now], float(every[every < now][-1]), float(now), how=None, is_by_day=is_by_day)
        for now in last_looks
        if (every < now).sum() >= 2 and every[-1] >= now
    )


def main() -> None:
    """Both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(
        f"{'nothing mended, a deploy':<24} {'false':>12} {'a real fix waits, hours: 10 %, half, 90 %':>44} {'never':>6}"
    )
    whole = [0, 0]
    for name in PROCESSES:
        random = np.random.default_rng([given.seed, len(name), *name.encode()])
        found = [one for one in (run(name, random) for _ in range(given.runs)) if one is not None]
        waits = [hours for _, hours in found if hours is not None]
        false = sum(is_false for is_false, _ in found)
        whole = [whole[0] + false, whole[1] + len(found)]
        told = ", ".join(f"{one:.0f}" for one in np.quantile(waits, [0.1, 0.5, 0.9])) if waits else "-"
        print(f"{name:<24} {f'{false}/{len(found)}':>12} {told:>44} {len(found) - len(waits):>6}")
    print(f"{'all':<24} {f'{whole[0]}/{whole[1]}':>12} = {whole[0] / max(whole[1], 1):.1%}")
    print(f"nothing changed, looked at every hour for {WATCHED} days")
    for name in PROCESSES:
        random = np.random.default_rng([given.seed, 2, len(name), *name.encode()])
        many = max(given.runs // 2, 1)
        print(f"{name:<24} {f'{sum(watched(name, random) for _ in range(many))}/{many}':>12}")


if __name__ == "__main__":
    main()
