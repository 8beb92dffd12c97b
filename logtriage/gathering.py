"""What fills the store: files, one pull of the sources, what the receiver takes. Parts of the flow of pipeline.py."""

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from collector.errors import LogtriageError, SourceError, StoreError
from collector.records import Ledger, RawBatch
from collector.replacing import replace
from collector.stopping import Stopped
from collector.store import Store
from logtriage.config import Config
from logtriage.parts import part
from logtriage.progress import Progress
from logtriage.redacting import redactor_of
from logtriage.time_left import TimeLeft

if TYPE_CHECKING:
    from classifiers.resigning import Resigned
    from collector.normalise.redact import Redactor
    from collector.receiver.receiver import Receiver

__all__ = [
    "CollectResult",
    "FileResult",
    "ImportResult",
    "SourceResult",
    "collect",
    "import_paths",
    "open_store",
    "receiving",
]

LOG = logging.getLogger(__name__)
_BEAT_S = 60.0  # between two looks at what a receiver stored
_RECEIVE_WAIT_S = 10.0  # for the database, before a client is told to come back
_DRAIN_S = 15.0  # for requests that have begun when it is closed
_NICENESS = 5  # of what stores: a third of the share of a process at 0


class FileResult(Struct, frozen=True):
    """What became of one file's records."""

    location: str
    kind: str
    ledger: Ledger
    note: str = ""


class ImportResult(Struct, frozen=True):
    """What became of every file named; `skipped` are files of folders that were not read, with the reason.

    `resigned`: what became of the signatures of older rules, where there were any.
    """

    files: tuple[FileResult, ...]
    skipped: tuple[tuple[str, str], ...]
    resigned: "Resigned | None" = None

    @property
    def total(self) -> Ledger:
        """Sums over all files."""
        return sum((file.ledger for file in self.files), Ledger())


class SourceResult(Struct, frozen=True):
    """What one source gave; `outcome` is a clause for people."""

    name: str
    ledger: Ledger
    outcome: str
    is_ok: bool
    has_more: bool = False  # only a part of what is due was read


class CollectResult(Struct, frozen=True):
    """What every configured source gave."""

    sources: tuple[SourceResult, ...]
    resigned: "Resigned | None" = None


def import_paths(config: Config, paths: Sequence[Path], *, progress: Progress) -> ImportResult:
    """Files and folders into the store, signed. Nothing is read when a path cannot be read at all."""
    from collector.collect import collect as collect_batches  # noqa: PLC0415 - a report collects nothing
    from collector.sources.files import find_files, read_files  # noqa: PLC0415 - as above

    found = find_files(paths)
    _let_others_first()
    store, redactor = open_store(config)
    ledgers: dict[str, Ledger] = {file.location: Ledger() for file in found.files}
    kinds: dict[str, set[str]] = {file.location: set() for file in found.files}

    def stored(raw: RawBatch, ledger: Ledger) -> None:
        ledgers[raw.location] += ledger
        kinds[raw.location].add(raw.kind)
        progress.advance(raw.location, raw.progress)

    run_id = store.begin_run("import", "files")
    progress.start(len(found.files))
    with _closing(store, run_id, progress):
        collect_batches(read_files(found), store=store, redactor=redactor, run_id=run_id, stored=stored)
    resigned = _sign(store)
    files = tuple(FileResult(place, ", ".join(sorted(kinds[place])), ledger) for place, ledger in ledgers.items())
    skipped = tuple((file.location, file.reason) for file in found.skipped)
    return ImportResult(files=files, skipped=skipped, resigned=resigned)


def collect(
    config: Config, *, since_ns: int | None, now_ns: int, progress: Progress, longest_ns: int | None = None,
    only: frozenset[str] | None = None,
) -> CollectResult:  # fmt: skip
    """One pull of all configured sources, or of `only` some. One that fails is told in its result; the others go on.

    `longest_ns`: of a source's time no more than that is read beyond its cursor; what is left is told as `has_more`.
    Raises Stopped between two batches when the wish that is heeded was made; what was read until then is stored.
    """
    from collector.clock_ahead import righted_cursor  # noqa: PLC0415 - a report collects nothing
    from collector.collect import collect as collect_batches  # noqa: PLC0415 - as above
    from collector.source_troubles import looks_at  # noqa: PLC0415 - as above
    from collector.sources.base import build_sources, process_settings  # noqa: PLC0415 - as above
    from collector.troubles import Trouble, note_troubles  # noqa: PLC0415 - as above

    _let_others_first()
    store, redactor = open_store(config)
    results, looks = [], list[Trouble]()
    for source_config in config.sources:
        if only is not None and source_config.name not in only:
            continue
        cuts: list[bool] = []
        settings = replace(process_settings(), longest_ns=longest_ns, cut_short=partial(cuts.append, True))
        (source,) = build_sources([source_config], settings)
        run_id = store.begin_run("collect", source.name)
        cursor, clock_look = righted_cursor(store, source.name, now_ns=now_ns)
        looks += clock_look
        batches = source.pull(since_ns=since_ns, until_ns=now_ns, cursor=cursor)
        counted = _Counted(source.name, progress, TimeLeft(getattr(source_config, "reads_per_min", None)))
        progress.start(None)
        try:
            with part("pull", source=source.name) as told, _closing(store, run_id, progress):
                counted.tell = told.tell
                collect_batches(
                    counted.reading(batches), store=store, redactor=redactor, run_id=run_id, stored=counted.stored
                )
            results.append(SourceResult(source.name, counted.ledger, "complete", is_ok=True, has_more=bool(cuts)))
            looks += looks_at(source.name, None, now_ns=now_ns)
        except SourceError as error:
            results.append(SourceResult(source.name, counted.ledger, str(error), is_ok=False))
            looks += looks_at(source.name, error, now_ns=now_ns, redact=redactor.text)
    note_troubles(store, looks)
    with part("sign"):
        return CollectResult(tuple(results), _sign(store))


@contextlib.contextmanager
def receiving(config: Config, *, beat_s: float = _BEAT_S, drain_s: float = _DRAIN_S) -> "Iterator[Receiver]":
    """Takes spans as section `receive` says while the block runs; leaving it drains, requests for `drain_s` at most.

    On a slow beat, and at the end, what came in is treated as after an import.
    """
    from collector.receiver.receiver import Receiver  # noqa: PLC0415 - a report receives nothing

    _let_others_first()
    _, redactor = open_store(config)
    wait_s = min(config.store.write_wait_s, _RECEIVE_WAIT_S)
    store = Store(config.store.model_copy(update={"write_wait_s": wait_s}))
    is_over = threading.Event()
    receiver = Receiver(config.receive, store, redactor, drain_s=drain_s)
    beat = threading.Thread(target=_follow, args=(receiver, store, is_over, beat_s), name="receive-beat")
    beat.start()
    try:
        yield receiver
    finally:
        try:
            receiver.close()
        finally:
            is_over.set()
            beat.join()


def _follow(receiver: "Receiver", store: Store, is_over: threading.Event, beat_s: float) -> None:
    """After spans have come in, what `import_paths` does after it has stored; once more when the receiver is closed."""
    seen = 0
    while not is_over.wait(beat_s) or receiver.counts().ledger.stored > seen:
        stored = receiver.counts().ledger.stored
        if stored > seen:
            try:
                resigned = _sign(store)
                seen = stored
                if resigned is not None:
                    LOG.info("history was signed anew by the rules of now; ids of before still resolve")
            except LogtriageError as error:
                LOG.warning("signing failed: %s", error)
        if is_over.is_set():
            return


def _let_others_first() -> None:
    """Readers get the processor first: when it is busy, a report waits for it longer than for the file.

    Called before the threads start that do the work; they take over the priority.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


def open_store(config: Config) -> "tuple[Store, Redactor]":
    """The store, and the redactor with its key, made where there is none; StoreError where no database can be."""
    store = Store(config.store)
    store.check_place()  # before a key is made beside what is no place for a database
    return store, redactor_of(config)


@contextlib.contextmanager
def _closing(store: Store, run_id: int, progress: Progress) -> Iterator[None]:
    """Ends a run in the ledger, however it ends, and checks its sums."""
    outcome = "interrupted"
    try:
        yield
        outcome = "complete"
    except Stopped:
        raise
    except LogtriageError as error:
        outcome = f"failed: {error}"
        raise
    finally:
        progress.done()
        if outcome == "complete":
            store.end_run(run_id, outcome=outcome)
        else:
            with contextlib.suppress(StoreError):  # the store may be what failed; the first error is the one to tell
                store.end_run(run_id, outcome=outcome)


class _Counted(Struct):
    """Sums of one source as its batches are stored; tells the progress as they are read."""

    name: str
    progress: Progress
    time_left: TimeLeft
    ledger: Ledger = field(default_factory=Ledger)
    read: int = 0
    tell: Callable[..., None] = lambda **_: None  # whoever counts

    def reading(self, batches: Iterable[RawBatch]) -> Iterator[RawBatch]:
        """The batches as they are. While a pull waits for its quota, batches wait to be stored: nothing moves there."""
        for raw in batches:
            self.read += raw.records.height + raw.dead.height
            left_s = self.time_left.after(raw.progress)
            self.progress.advance(f"{self.name}: {self.read:,} records", raw.progress, left_s)
            yield raw

    def stored(self, _raw: RawBatch, ledger: Ledger) -> None:
        """One batch, or a part of one, is safe in the database."""
        self.ledger += ledger
        sums = self.ledger
        self.tell(read=sums.read, stored=sums.stored, duplicates=sums.duplicates, dead=sums.dead)


def _sign(store: Store) -> "Resigned | None":
    from classifiers.resigning import sign_anew  # noqa: PLC0415 - keeps `--help` quick

    return sign_anew(store)
