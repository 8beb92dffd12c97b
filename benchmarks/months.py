"""A store as a daemon leaves it after months, and how long quiet work takes on it: before and after a prune.

    python benchmarks/months.py [--days 180] [--each-s 3600] [--sources 3] [--folder DIR]

Runs and batches of every pull, rows of jobs and looks; all that they brought was taken away by retention but for the
last thirty days, which is how a quiet system looks. One incident goes on all the while, whose figures a channel is
told with each look. One JSON line: rows of tables, seconds of each act, used MiB of the file.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from collector.compaction import compact
from collector.config import StoreConfig
from collector.retention import DAY_NS, prune_by_age
from collector.stopping import Stop
from collector.store import Store
from collector.window import Window
from logtriage import pipeline
from logtriage.config import Config

_TABLES = (
    "runs",
    "batches",
    "batch_rows",
    "signed",
    "event_batches",
    "job_runs",
    "digest_looks",
    "outbox",
    "deliveries",
)
_S = 1_000_000_000
_WORDS = 400  # of a message on a large incident: 13 kB with its body


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Quiet work on a store of months.")
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--each-s", type=int, default=3600)
    parser.add_argument("--sources", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        path, now_ns = Path(folder) / "s.duckdb", time.time_ns()
        store = Store(StoreConfig(path=path))
        store.end_run(store.begin_run("import", "files"), outcome="complete")
        _fill(path, asked, now_ns)
        before = _measure(store, now_ns)
        prune_s = _seconds(lambda: prune_by_age(store, now_ns - 30 * DAY_NS, now_ns=now_ns, stop=Stop()))
        compact(store, stop=Stop(), least_share=0.0)
        after = _measure(store, now_ns)
    told = {"benchmark": "months", "days": asked.days, "each_s": asked.each_s, "prune_s": prune_s}
    print(json.dumps(told | {"before": before, "after": after}))


def _fill(path: Path, asked: argparse.Namespace, now_ns: int) -> None:
    """Rows of every pull, all pruned; of every cycle three runs of jobs and one look."""
    begun_ns, cycles = now_ns - asked.days * DAY_NS, asked.days * 86_400 // asked.each_s
    given = {"begun": begun_ns, "step": asked.each_s * _S, "pulls": cycles * asked.sources, "of": asked.sources}
    pull = "from (select i + 2 as id, $begun + (i // $of) * $step as t, i from range($pulls) as r(i))"
    with duckdb.connect(path) as connection:
        connection.execute(
            "insert into runs select id, 'collect', 'logs ' || (i % $of), t, t + 1, 'complete' " + pull, given
        )
        connection.execute(
            "insert into batches select id, id, 'logs ' || (i % $of), 'logs', 20, 20, 0, 0, t, t, t, t " + pull, given
        )
        connection.execute("insert into batch_rows select batch_id, 20, 0, 0, 0, 0, 20, 0, 0, 0 from batches")
        connection.execute("insert into signed select batch_id, (select 1) from batches")
        connection.execute("insert into event_batches select batch_id, 1 from batches")
        connection.execute(
            "insert into job_runs select unnest(['collect', 'classify', 'digest']), t, t + 1, 'done', '' "
            "from (select $begun + i * $step as t from range($cycles) as r(i))",
            {"begun": begun_ns, "step": given["step"], "cycles": cycles},
        )
        connection.execute(
            "insert into digest_looks select 'hook', $begun + i * $step from range($cycles) as r(i)",
            {"begun": begun_ns, "step": given["step"], "cycles": cycles},
        )
        connection.execute(
            "insert into outbox select 'd' || i, 'hook', 'long', 'long:new', i, if(i = 0, 'open', 'edit'), '', '{}', "
            "'', false, '', array_to_string([md5(i || ' ' || word) for word in range($words)], ' '), "
            "$begun + i * $step "
            "from range($cycles) as r(i)",
            {"begun": begun_ns, "step": given["step"], "cycles": cycles, "words": _WORDS},
        )
        connection.execute(
            "insert into deliveries select 'd' || i, 'hook', 'long', step, 1, outcome, if(outcome = 'done', step, ''), "
            "'', '', $begun + i * $step + n from range($cycles) as r(i) cross join "
            "(values ('edit', 'sending', 1), ('edit', 'done', 2), ('', 'done', 3)) as steps(step, outcome, n)",
            {"begun": begun_ns, "step": given["step"], "cycles": cycles},
        )


def _measure(store: Store, now_ns: int) -> dict[str, object]:
    window = Window(now_ns - DAY_NS, now_ns)
    config = Config(store=StoreConfig(path=store.path))
    report_s = _seconds(lambda: pipeline.analyse(config, window=window, now_ns=now_ns))
    run_s = _seconds(lambda: store.end_run(store.begin_run("collect", "logs 0"), outcome="complete"))
    with store.read() as reader:
        ledger_s = _seconds(lambda: reader.frame("count_ledger"))
        read = int(reader.frame("count_ledger")["read"].sum())
        rows = {table: int(reader.sql(f"select count(*) from {table}").item()) for table in _TABLES}
        free = int(reader.frame("find_database_size")["free_bytes"][0])
    mib = round((store.path.stat().st_size - free) / 2**20, 1)
    return {"report_s": report_s, "run_s": run_s, "ledger_s": ledger_s, "read": read, "mib": mib, "rows": rows}


def _seconds(act: Callable[[], object]) -> float:
    begun_s = time.perf_counter()
    act()
    return round(time.perf_counter() - begun_s, 2)


if __name__ == "__main__":
    main()
