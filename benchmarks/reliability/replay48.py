"""Hours of a staging system replayed at many times their speed into a running daemon, with a reader every second.

    python -m benchmarks.reliability.replay48 [--hours 48] [--speed 100] [--scenario secret_lost] [--seed 1] [--scale 1]

The demo's generator makes the system. Its entries appear in a Cloud Logging on loopback when they arrive there, its
spans are posted to the daemon's OTLP receiver (HTTP) when they end; the daemon is a process of its own, and so is each
reader: report, show and query in turn. Daemon and readers live by a clock that goes as quick as the replay, so that
events are as old as in life; what they wait for (turns at the file, deadlines, its schedule) goes by the real one, so
`schedule` is given divided by the speed. That makes the load what it would be at that many times the traffic, with a
daemon that works as often, per second, as its real schedule would have it per simulated minute.

Told are the lag (newest stored event behind the replay's clock), memory over time, times of answers, the sums of all
that was sent, and the last report against the truth; a line now and then while it goes on. SIGINT and SIGTERM end it
early: what was measured until then is told all the same. Exit code 1 where a sum does not hold or an answer failed.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.reliability.checks import rows_of
from benchmarks.reliability.replay_figures import Figures, held
from benchmarks.reliability.replayed import Body, Replayed, replayed
from tests.support.logging_server import LoggingServer

__all__ = ["main", "replay"]

_S = 1_000_000_000
_NEWEST = "select max(at_ns) as n from entries where service <> 'logtriage'"
_TICK_S = 0.2
_LOOK_S = 5.0  # between two looks at memory and lag
_READY_S = 90.0
_STOP_S = 60.0
_EXPORTERS = 8  # that post at a time
_ATTEMPTS = 300  # of one post
_TOLD_S = 15.0  # between two lines of progress
_DRAIN_S = 240.0  # for the daemon to store what was sent, after the last event


@dataclass(frozen=True, slots=True)
class Pace:
    """The replay's clock: at real since_ns it was start_ns."""

    start_ns: int
    since_ns: int
    speed: float

    def now_ns(self) -> int:
        """Its time."""
        return self.start_ns + int((time.time_ns() - self.since_ns) * self.speed)

    def command(self, *words: str) -> list[str]:
        """The command line by this clock."""
        module = [sys.executable, "-m", "benchmarks.reliability.accelerated"]
        return [*module, str(self.start_ns), str(self.since_ns), str(self.speed), *words]


def main(given: Sequence[str] | None = None) -> int:
    """All figures as lines."""
    parser = argparse.ArgumentParser(description="Hours replayed into a running daemon.")
    parser.add_argument("--hours", type=float, default=48.0)
    parser.add_argument("--speed", type=float, default=100.0)
    parser.add_argument("--scenario", default="secret_lost")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--cycle-minutes", type=float, default=15.0, help="of the daemon, simulated (default 15)")
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args(given)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        made = replayed(options.scenario, seed=options.seed, scale=options.scale, hours=options.hours)
        print(f"{len(made.entries):,} entries and {made.spans:,} spans of {options.hours:g} h, "
              f"{options.speed:g} times as quick", flush=True)  # fmt: skip
        figures = replay(made, Path(name), speed=options.speed, cycle_min=options.cycle_minutes)
    return int(bool(figures.faults))


def replay(made: Replayed, folder: Path, *, speed: float, cycle_min: float) -> Figures:
    """The whole of it; prints what it measures, also of a part when it is interrupted."""
    figures = Figures()
    with LoggingServer() as server:
        config = _config(server.endpoint, made.project, speed, cycle_min * 60 / speed)
        (folder / "config.yaml").write_text(config, encoding="utf-8")
        pace = Pace(made.start_ns, time.time_ns(), speed)
        with (folder / "daemon.log").open("wb") as log:
            daemon = subprocess.Popen(
                pace.command("daemon"), cwd=folder, stdout=log, stderr=log, env=_surroundings(), start_new_session=True
            )
        try:
            with _to_be_told(figures):
                url = _listening(folder / "daemon.log", daemon)
                # the hours begin when the daemon listens: what it did before, it did in the time before them
                _play(made, pace, server, url, daemon, folder, figures)
            _stop(daemon, figures)
        finally:
            if daemon.poll() is None:
                daemon.kill()
                daemon.wait()
    figures.tell_sums(folder / "store.duckdb", (folder / "daemon.log").read_text(encoding="utf-8"))
    figures.tell_times()
    _tell_verdict(made, folder, figures)
    figures.tell_faults()
    return figures


@contextlib.contextmanager
def _to_be_told(figures: Figures) -> Iterator[None]:
    """Within it SIGINT and SIGTERM end the replay; after it they are not heeded until all figures are told."""
    try:
        yield
    except KeyboardInterrupt:
        figures.is_interrupted = True
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _config(endpoint: str, project: str, speed: float, cycle_s: float) -> str:
    return (
        "store: {path: store.duckdb}\n"
        "sources:\n"
        f"  - {{kind: cloud_logging, name: logs, resources: [projects/{project}], endpoint: '{endpoint}',\n"
        f"     insecure: true, reads_per_min: {round(60 * speed)}, backfill_s: 7200}}\n"
        "receive: {http: '127.0.0.1:0'}\n"
        f"schedule: {{collect: {max(1.0, cycle_s):.1f}s, verify: {max(1.0, cycle_s):.1f}s}}\n"
    )


def _surroundings() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LOGTRIAGE_")}
    return kept | {"PYTHONPATH": path}


def _listening(log: Path, daemon: "subprocess.Popen[bytes]") -> str:
    until = time.monotonic() + _READY_S
    while time.monotonic() < until and daemon.poll() is None:
        for word in log.read_text(encoding="utf-8").split():
            if word.startswith("http://127.0.0.1:") and word.endswith("/v1/traces"):
                return word
        time.sleep(0.05)
    raise TimeoutError(f"the daemon does not listen: {log.read_text(encoding='utf-8')[-1000:]}")


def _play(  # noqa: PLR0913, PLR0917 - all that takes part
    made: Replayed, pace: Pace, server: LoggingServer, url: str, daemon: "subprocess.Popen[bytes]", folder: Path,
    figures: Figures,
) -> None:  # fmt: skip
    """Events come when they are due; the reader and the look at the daemon run beside."""
    is_over = threading.Event()
    beside = [
        threading.Thread(target=_read, args=(pace, folder, figures, is_over)),
        threading.Thread(target=_watch, args=(pace, folder, daemon, figures, is_over)),
    ]
    for one in beside:
        one.start()
    try:
        entries, bodies = iter(made.entries), iter(made.bodies)
        entry, body = next(entries, None), next(bodies, None)
        with (
            httpx.Client(timeout=60, headers={"content-type": "application/json"}) as client,
            ThreadPoolExecutor(_EXPORTERS) as exporters,  # one that waits for its answer does not keep the others
        ):
            try:  # an entry arrives when it is put there: a second of this machine late is minutes of the replay
                while (entry or body) and daemon.poll() is None:
                    now_ns = pace.now_ns()
                    while entry and entry.received_ns <= now_ns:
                        server.add_bytes(entry.content, project=made.project, key=entry.key, received_ns=now_ns)
                        figures.sent.add(entry.key)
                        entry = next(entries, None)
                    while body and body.ended_ns <= now_ns:
                        exporters.submit(_post, client, url, body, figures)
                        body = next(bodies, None)
                    time.sleep(_TICK_S)
            except KeyboardInterrupt:
                figures.is_interrupted = True
                exporters.shutdown(cancel_futures=True)
                raise
        _drain(folder / "store.duckdb", daemon, figures)
    finally:
        is_over.set()
        for one in beside:
            one.join()
    if daemon.poll() is not None:
        figures.faults.append(f"the daemon ended with {daemon.returncode}")


def _drain(db: Path, daemon: "subprocess.Popen[bytes]", figures: Figures) -> None:
    """Waits until all that was sent is stored, or for as long as that may take."""
    begun = time.monotonic()
    while (gone_s := time.monotonic() - begun) < _DRAIN_S and daemon.poll() is None:
        if held(db, "entries") >= len(figures.sent) and held(db, "spans") >= figures.spans:
            figures.drained_s = gone_s
            return
        time.sleep(1.0)


def _post(client: httpx.Client, url: str, body: Body, figures: Figures) -> None:
    """As exporters do: again while the receiver asks for it."""
    told = "nothing"
    for _ in range(_ATTEMPTS):
        begun = time.monotonic()
        try:
            answer = client.post(url, content=body.content)
        except httpx.HTTPError as error:
            told = type(error).__name__
            break
        if answer.status_code == 200:
            figures.acknowledged(body.fresh, time.monotonic() - begun)
            return
        told = str(answer.status_code)
        if answer.status_code not in {429, 503}:
            break
        figures.sent_again()
        time.sleep(0.2)
    if not figures.is_interrupted:
        figures.faults.append(f"the receiver answered {told}")


def _read(pace: Pace, folder: Path, figures: Figures, is_over: threading.Event) -> None:
    """One reader after the other, a second apart or as soon as the one before has its answer."""
    kinds = (
        ("report", "--since", "1h", "--format", "json"),
        ("query", "select service, count(*) from entries group by 1 order by 1"),
        ("show", "1", "--since", "1h"),
        ("query", "select max(at_ns) from entries"),
    )
    number = 0
    while not is_over.is_set():
        words = kinds[number % len(kinds)]
        number += 1
        begun = time.monotonic()
        done = subprocess.run(
            pace.command(*words), cwd=folder, capture_output=True, text=True, check=False, env=_surroundings()
        )
        taken_s = time.monotonic() - begun
        if not done.returncode:
            figures.answers_s[words[0]].append(taken_s)
        elif words[0] == "show" or "There is no database" in done.stderr:
            figures.empty += 1
        else:
            figures.faults.append(f"{words[0]} failed: {done.stderr.strip()[-300:]}")
        is_over.wait(max(0.0, 1.0 - taken_s))


def _watch(
    pace: Pace, folder: Path, daemon: "subprocess.Popen[bytes]", figures: Figures, is_over: threading.Event
) -> None:
    told_s = time.monotonic()
    while not is_over.wait(_LOOK_S):
        now_ns = pace.now_ns()
        hours = (now_ns - pace.start_ns) / 3600 / _S
        if memory := _memory_mib(daemon.pid):
            figures.memory.append((hours, memory))
        figures.loads.append(os.getloadavg()[0])
        if (folder / "store.duckdb").exists():
            newest = rows_of(folder / "store.duckdb", _NEWEST)["n"][0]
            if newest is not None:
                figures.lags_min.append((now_ns - newest) / 60 / _S)
        if time.monotonic() - told_s >= _TOLD_S:
            told_s = time.monotonic()
            lag = f"lag {figures.lags_min[-1]:.0f} min" if figures.lags_min else "nothing stored"
            answers = sum(len(taken) for taken in figures.answers_s.values())
            print(f"  {hours:5.1f} h: {len(figures.sent):,} entries and {figures.spans:,} spans sent, {lag}, "
                  f"{memory:.0f} MiB, {answers} answers, {len(figures.faults)} faults", flush=True)  # fmt: skip


def _memory_mib(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(found[0]) / 1024 if found else 0.0


def _stop(daemon: "subprocess.Popen[bytes]", figures: Figures) -> None:
    begun = time.monotonic()
    if daemon.poll() is None:
        daemon.send_signal(signal.SIGTERM)
    try:
        code = daemon.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        figures.faults.append(f"the daemon did not end within {_STOP_S:.0f} s of SIGTERM")
        return
    print(f"daemon ended with {code} {time.monotonic() - begun:.1f} s after SIGTERM")
    if code:
        figures.faults.append(f"the daemon ended with {code}")


def _tell_verdict(made: Replayed, folder: Path, figures: Figures) -> None:
    words = ["report", "--since", made.since, "--until", made.until, "--format", "json"]
    command = [sys.executable, "-m", "logtriage.cli", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=_surroundings())
    if done.returncode:
        figures.faults.append(f"the last report failed: {done.stderr.strip()[-300:]}")
        return
    figures.tell_verdict(made, json.loads(done.stdout), is_whole=made.is_whole and not figures.is_interrupted)


if __name__ == "__main__":
    sys.exit(main())
