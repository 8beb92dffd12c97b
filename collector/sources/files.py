"""Files and folders as a source: every kind that `logtriage import` reads, found by content.

What comes in: paths. What goes out: raw batches, and the list of files that were passed over with the reason.

    lines      LogEntry or OTLP JSON, one a line
    objects    the same and `gcloud run ... describe` JSON, in arrays, pretty-printed or one after the other
    wrapped    client dumps and REST answers, objects that hold the records in a list
    tests      JUnit XML of test runs
    messages   serialised OTLP behind its length, as the Collector's file exporter writes it

Each of them also as .gz and .zst, and texts in UTF-16. A file named directly that is none of these is an error; one in
a folder is listed and passed over.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
from msgspec import Struct

from collector.errors import NormaliseError, SourceError
from collector.records import IMPORTED, RAW_SCHEMA, RawBatch
from collector.sources.blocks import Cut, Dead, cut_lines
from collector.sources.junit import cut_tests
from collector.sources.messages import cut_messages
from collector.sources.objects import cut_objects
from collector.sources.shapes import HEAD_BYTES, Shape, kind_of, recognise
from collector.sources.streams import ByteStream, open_stream

__all__ = ["FoundFiles", "InputFile", "SkippedFile", "find_files", "read_files", "read_paths"]

STDIN = "-"


class InputFile(Struct, frozen=True):
    """A file that can be read, its size in bytes (0 for a pipe), and its stream where it cannot be opened twice."""

    location: str
    size: int
    shape: Shape
    stream: ByteStream | None = None


class SkippedFile(Struct, frozen=True):
    """A file of a folder that is not read, and why, as a clause: `is a binary file`."""

    location: str
    reason: str


class FoundFiles(Struct, frozen=True):
    """What the given paths hold, in the order of the paths, within a folder by name."""

    files: tuple[InputFile, ...]
    skipped: tuple[SkippedFile, ...]


def find_files(paths: Iterable[str | Path]) -> FoundFiles:
    """Looks into every file of the paths before anything is read; `-` is the standard input.

    SourceError: a path is missing, unreadable, no file, or a folder without anything to read. NormaliseError: a file
    named directly is empty or of an unknown kind; the message says what to export instead.
    """
    files: list[InputFile] = []
    skipped: list[SkippedFile] = []
    seen: set[str] = set()
    for path in map(Path, paths):
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a folder on the way may not be entered
            inside = _look_into_folder(path, skipped, seen)
            if not inside and not any(_is_below(path, file.location) for file in files):
                raise SourceError(_nothing_in(path, skipped))
            files += inside
        elif os.path.realpath(path) not in seen or str(path) == STDIN:
            files.append(_named_file(path))
            seen.add(os.path.realpath(path))
    return FoundFiles(tuple(files), tuple(skipped))


def read_files(found: FoundFiles, *, source: str = IMPORTED) -> Iterator[RawBatch]:
    """The records of the files, batch by batch; memory is bounded whatever the size of a file or record.

    `progress` is the share of all files' bytes that is read, packed bytes for .gz; None with a pipe among them. Dead
    letters' excerpts are not yet redacted and longer than what is kept.
    """
    total = sum(file.size for file in found.files)
    has_pipe = any(file.stream for file in found.files)
    done = 0
    for file in found.files:
        stream = file.stream or open_stream(Path(file.location), location=file.location)
        try:
            for cut in _cuts(stream, file.shape):
                progress = None if has_pipe or not total else min(1.0, (done + stream.bytes_read) / total)
                yield RawBatch(
                    source=source,
                    location=file.location,
                    kind=cut.kind,
                    records=cut.records,
                    dead=cut.dead_frame(file.location),
                    progress=progress,
                )
        finally:
            stream.close()
        done += file.size


def read_paths(paths: Iterable[str | Path], *, source: str = IMPORTED) -> Iterator[RawBatch]:
    """`find_files` and `read_files` in one, for callers who need no list of skipped files."""
    return read_files(find_files(paths), source=source)


def _cuts(stream: ByteStream, shape: Shape) -> Iterator[Cut]:
    """The cuts of one stream; an input that breaks off ends in a dead letter that says so."""
    line = 1
    for cut in _cutter(stream, shape):
        line = cut.next_line
        yield cut
    if stream.problem:
        yield Cut("entries", pl.DataFrame(schema=RAW_SCHEMA), (Dead(line, stream.problem, ""),))


def _cutter(stream: ByteStream, shape: Shape) -> Iterator[Cut]:
    """The cuts of a stream of that shape."""
    if shape.layout == "lines":
        return cut_lines(stream)
    if shape.layout == "messages":
        return cut_messages(stream)
    if shape.layout == "tests":
        return cut_tests(stream)
    return cut_objects(stream, kind_of=kind_of, is_wrapped=shape.layout == "wrapped")


def _named_file(path: Path) -> InputFile:
    file = _look_into(path)
    shape = file.shape
    if shape.layout == "empty":
        raise NormaliseError(f"`{file.location}` is empty. Check the command that wrote it.")
    if shape.layout == "unknown":
        raise NormaliseError(f"`{file.location}` {shape.problem}. {shape.advice}")
    return file


def _look_into(path: Path) -> InputFile:
    """The file with its shape; SourceError when it cannot be read."""
    location = str(path)
    if location == STDIN:
        stream = ByteStream(open(0, "rb", closefd=False), location="standard input")  # noqa: SIM115 - closed by read_files
        return InputFile("standard input", 0, _shape(stream), stream)
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise SourceError(f"There is no file or folder `{location}`. Check the path.") from error
    except OSError as error:
        raise SourceError(f"`{location}` cannot be read: {error.strerror}. Check its permissions.") from error
    if stat.S_ISFIFO(status.st_mode):
        stream = open_stream(path, location=location)
        return InputFile(location, 0, _shape(stream), stream)
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"`{location}` is a device, not a file. Give a file, a folder, or - for the standard input.")
    stream = open_stream(path, location=location)
    try:
        return InputFile(location, status.st_size, _shape(stream))
    finally:
        stream.close()


def _shape(stream: ByteStream) -> Shape:
    head = stream.peek(HEAD_BYTES + 1)
    if stream.problem and not head.strip():
        return Shape("unknown", f"cannot be read, {stream.problem}", "Get the file again.")
    return recognise(head[:HEAD_BYTES], is_whole=len(head) <= HEAD_BYTES)


def _look_into_folder(folder: Path, skipped: list[SkippedFile], seen: set[str]) -> list[InputFile]:
    """The readable files below a folder, by name; the others go to `skipped`. Links to folders are not followed."""
    files: list[InputFile] = []
    for path in _paths_below(folder, skipped):
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        if not path.is_file():
            skipped.append(SkippedFile(str(path), "is no regular file"))
            continue
        try:
            file = _look_into(path)
        except SourceError as error:
            skipped.append(SkippedFile(str(path), str(error)))
            continue
        if file.shape.layout == "empty":
            skipped.append(SkippedFile(file.location, "is empty"))
        elif file.shape.layout == "unknown":
            skipped.append(SkippedFile(file.location, f"{file.shape.problem}. {file.shape.advice}"))
        else:
            files.append(file)
    return files


def _paths_below(folder: Path, skipped: list[SkippedFile]) -> list[Path]:
    """All files of a folder and its folders, sorted; a folder that may not be opened goes to `skipped`."""

    def cannot_open(error: OSError) -> None:
        skipped.append(SkippedFile(str(error.filename), f"cannot be opened: {error.strerror}"))

    return sorted(Path(base) / name for base, _, names in os.walk(folder, onerror=cannot_open) for name in names)


def _nothing_in(folder: Path, skipped: list[SkippedFile]) -> str:
    inside = [file for file in skipped if _is_below(folder, file.location)]
    if not inside:
        return f"The folder `{folder}` holds no file. Check the path."
    first = inside[0]
    if first.location == str(folder):
        return f"The folder `{folder}` {first.reason}. Grant read permission on it."
    return (
        f"The folder `{folder}` holds no file that logtriage reads; {len(inside)} skipped, the first because "
        f"`{first.location}` {first.reason.rstrip('.')}. Check the path."
    )


def _is_below(folder: Path, location: str) -> bool:
    return Path(location).is_relative_to(folder)
