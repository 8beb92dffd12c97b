"""Generated incidents through the whole line, scored against their truth: one line a scenario.

    python -m benchmarks.scenarios [NAME ...] [--seeds 1 2 3] [--scale 0.5] [--json] [--keep FOLDER] [--jobs 1]

Each run generates an incident, imports it into a store of its own, analyses the window and compares the findings.
Rates are over required clusters: `root` found, revision `named` whatever the confidence and `blamed` from one half on,
`change` right in type and name, innocent clusters `spared`; then onset within five minutes, state, role, `caused_by` of
symptoms and the flag of test traffic, over what was found. `false` counts blames of the wrong revision or for what no
revision did, wherever they sit, `noise` findings that are none; `onset_s` is the median error, `brier` over all
attributions.
`--keep` leaves truth.json and prediction.json of each run in a folder NAME-SEED.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.scoring import Score, score

_RATES = ("root", "found", "named", "blamed", "change", "spared", "onset", "state", "role", "caused_by", "tests")
_SHORT = {"caused_by": "cause"}


def main() -> None:
    """Runs, prints."""
    told = _arguments()
    runs = [(name, seed, told.scale, told.keep) for name in told.names for seed in told.seeds]
    started = time.monotonic()
    sums: dict[str, Score] = {name: Score() for name in told.names}
    rows: list[dict[str, Any]] = []
    for done, (name, seed, one) in enumerate(_scored(runs, told.jobs), 1):
        sums[name].add(one)
        rows.append({"scenario": name, "seed": seed, **_figures(one)})
        print(f"\r{done}/{len(runs)} {time.monotonic() - started:.0f} s {name} {seed}    ", end="", file=sys.stderr)
    print(file=sys.stderr)
    total = Score()
    for one in sums.values():
        total.add(one)
    if told.json:
        named = {name: _figures(one) for name, one in sums.items()}
        print(json.dumps({"benchmark": "scenarios", "total": _figures(total), "scenarios": named, "runs": rows}))
        return
    print(_line("scenario", [_SHORT.get(name, name) for name in _RATES] + ["false", "noise", "onset_s", "brier"]))
    for name, one in (*sums.items(), ("all", total)):
        figures = _figures(one)
        print(_line(name, [_text(figures[key]) for key in (*_RATES, "false", "noise", "onset_s", "brier")]))


def _arguments() -> argparse.Namespace:
    from logtriage.demo.generate import SCENARIOS  # noqa: PLC0415 - a worker that only starts needs it not

    parser = argparse.ArgumentParser(description="Generated incidents, scored.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios (default: all)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--scale", type=float, default=0.5, help="of the traffic (default 0.5)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path, default=None, help="folder for truth.json and prediction.json of each run")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time (default 1)")
    told = parser.parse_args()
    told.names = told.names or list(SCENARIOS)
    unknown = sorted(set(told.names) - set(SCENARIOS))
    if unknown:
        parser.error(f"unknown scenario `{unknown[0]}`; known: {', '.join(SCENARIOS)}")
    return told


Run = tuple[str, int, float, Path | None]


def _scored(runs: list[Run], jobs: int) -> Iterator[tuple[str, int, Score]]:
    if jobs == 1:
        yield from map(_run, runs)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_run, runs)


def _run(run: Run) -> tuple[str, int, Score]:
    """One incident through the line."""
    from collector.config import StoreConfig  # noqa: PLC0415 - a run imports what it needs
    from collector.window import Window, parse_instant_ns  # noqa: PLC0415
    from logtriage import pipeline  # noqa: PLC0415
    from logtriage.config import Config  # noqa: PLC0415
    from logtriage.demo.generate import generate, write  # noqa: PLC0415
    from logtriage.export import findings_json  # noqa: PLC0415
    from logtriage.progress import NoProgress  # noqa: PLC0415

    name, seed, scale, keep = run
    incident = generate(name, seed=seed, scale=scale)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write(incident, place)
        config = Config(store=StoreConfig(path=place / "store.duckdb"))
        paths = [place / "entries.jsonl", place / "spans.jsonl"]
        pipeline.import_paths(config, paths, progress=NoProgress())
        start, end = (parse_instant_ns(incident.truth["window"][at], name=at, now_ns=0) for at in ("start", "end"))
        findings = findings_json(pipeline.analyse(config, window=Window(start, end), now_ns=end))
    if keep is not None:
        kept = keep / f"{name}-{seed}"
        kept.mkdir(parents=True, exist_ok=True)
        (kept / "truth.json").write_text(json.dumps(incident.truth))
        (kept / "prediction.json").write_text(json.dumps(findings))
    return name, seed, score(incident.truth, findings)


def _figures(one: Score) -> dict[str, Any]:
    figures: dict[str, Any] = {name: one.rate(name) for name in _RATES}
    figures["false"], figures["noise"] = one.false_blames, one.false_problems
    figures["onset_s"] = statistics.median(one.onset_errors_s) if one.onset_errors_s else None
    figures["brier"] = statistics.fmean(one.squares) if one.squares else None
    return figures


def _text(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.2f}"


def _line(name: str, cells: list[str]) -> str:
    return f"{name:<22}" + "".join(f"{cell:>8}" for cell in cells)


if __name__ == "__main__":
    main()
