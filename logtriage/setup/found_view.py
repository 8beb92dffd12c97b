"""What `logtriage init` found, as lines for a terminal. No I/O."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.text import Text

from classifiers.findings import VanishedKey
from classifiers.service_names import location_of
from collector.window import NS_PER_S
from logtriage.escape import plain
from logtriage.lines import Line
from logtriage.setup.permissions import grants
from logtriage.setup.starting import Found
from logtriage.terminal import Page
from logtriage.vanished_view import by_deploy, drop_words, key_note, present_words, restore_line
from logtriage.wording import Near, clock, join_words, plural, short_revision, span_words

__all__ = ["draw_found", "draw_written"]

_DEPLOYS_SHOWN = 6
_REGIONS_SHOWN = 4
_PER_MIN = 60


def draw_found(found: Found, *, now_ns: int, width: int) -> Text:
    """What will be read, what is lacking, and the keys that vanished between revisions."""
    page = Page(width)
    if found.project is not None:
        page.row(f"{plain(found.project.id, 100)}  ({found.project.found_in})", "bold")
    if found.login is not None:
        page.row(f"as {found.login.shown}")
    page.gap()
    _label(page, "READS", _reads(found))
    if found.lacking is not None and not found.lacking:
        _label(page, "MAY", ["read all of it"])
    _lacks(page, found)
    _label(page, "NOT YET", [plain(text, 500) for text in found.not_found], "yellow")
    if found.revisions is not None:
        _gone(page, found.revisions.vanished, now_ns)
    return page.text


def draw_written(path: Path, found: Found, width: int) -> Text:
    """Where the settings are, and what to type next."""
    page = Page(width)
    page.gap()
    page.line(Line("WROTE", plain(path, 400)))
    option = "" if path.name == "config.yaml" and path.parent == Path() else f" --config {plain(path, 400)}"
    lines = [f"logtriage {verb}{option}" for verb in ("collect", "report", "digest --dry-run", "doctor")]
    if found.project is None:
        lines = [f"edit {plain(path, 400)}", *lines]
    for number, line in enumerate(lines):
        page.line(Line("" if number else "NEXT", line, line))
    return page.text


def _label(page: Page, label: str, texts: Sequence[str], style: str = "") -> None:
    for number, text in enumerate(texts):
        page.line(Line("" if number else label, text), style)


def _reads(found: Found) -> list[str]:
    return [*_services(found), *_logs(found), *_traces(found)]


def _services(found: Found) -> Iterator[str]:
    services = found.services
    if services is None:
        return
    if not services.count:
        yield "no service of Cloud Run was found"
    else:
        kept = f"; {plural(found.revisions.count, 'revision')} kept" if found.revisions is not None else ""
        yield f"{plural(services.count, 'service')} in {join_words(services.by_location, _REGIONS_SHOWN)}{kept}"
    if services.unreachable:
        yield f"not answered: {join_words(services.unreachable, _REGIONS_SHOWN)}"


def _logs(found: Found) -> Iterator[str]:
    logs = found.logs
    if logs is None:
        return
    there = [name for name, is_there in logs.kinds.items() if is_there]
    absent = [name for name, is_there in logs.kinds.items() if not is_there]
    if there:
        yield f"{join_words(there, 4)}: there"
    if "request logs" in absent:
        yield "no request logs in the last day: rates are then counted by traces or minutes; is there an exclusion?"
    if "audit logs" in absent:
        yield "no audit logs of Cloud Run in 30 days: who deployed what is told by its Admin API alone"
    about = "" if logs.volume.is_counted else "about "
    yield (
        f"{about}{logs.volume.entries:,} entries of the last 24 h: {plural(logs.volume.calls, 'read')} at {_PER_MIN} a "
        f"minute (the project's quota), {_time(logs.volume.seconds)}"
    )


def _traces(found: Found) -> Iterator[str]:
    traces = found.traces
    if traces is None:
        return
    if not traces.is_there:
        yield "no traces in Cloud Trace in the last day; services may send OTLP to `logtriage receive`"
    elif not traces.a_day:
        yield "traces: few"
    else:
        yield f"traces: at least {traces.a_day:,} a day, 100 a read at 12 a minute, {_time(traces.seconds)}"


def _time(seconds: float) -> str:
    return "under a minute" if seconds < _PER_MIN else f"about {span_words(round(seconds) * NS_PER_S)}"


def _lacks(page: Page, found: Found) -> None:
    """Each role that is lacking with the command that grants it; the command stands alone, to be copied."""
    if not found.lacking or found.project is None or found.login is None:
        return
    commands = grants(found.lacking, project=found.project.id, member=found.login.member)
    for number, (needs, command) in enumerate(commands):
        lacking = join_words((one.permission for one in needs), 4)
        page.line(
            Line("" if number else "LACKS", f"{lacking}: no {join_words((one.what_for for one in needs), 4)}"), "yellow"
        )
        page.line(Line("", command, command))


def _gone(page: Page, vanished: Sequence[VanishedKey], now_ns: int) -> None:
    """Keys that vanished: those that are gone still first, then those that came back; newest deploys first."""
    if not vanished:
        page.line(Line("GONE", "no key vanished between the revisions that are kept"))
        return
    deploys = sorted(by_deploy(vanished), key=lambda keys: all(one.restored_in for one in keys))
    for number, keys in enumerate(deploys[:_DEPLOYS_SHOWN]):
        first = keys[0]
        when = clock(first.at_ns, Near.day_of(now_ns))
        notes = dict.fromkeys("; ".join(filter(None, (present_words(one), key_note(one)))) for one in keys)
        where = f" ({first.location})" if first.location and not location_of(first.service) else ""
        text = (
            f"{plain(first.service, 80)}{where} {short_revision(first.revision, first.service)} {when} drops "
            f"{drop_words(keys)}: {'; '.join(notes)}"
        )
        page.line(Line("" if number else "GONE", text), "yellow")
        command = "" if all(one.restored_in for one in keys) else restore_line(keys)
        if command:
            page.line(Line("", command, command))
    if len(deploys) > _DEPLOYS_SHOWN:
        page.line(
            Line("", f"{plural(len(deploys) - _DEPLOYS_SHOWN, 'earlier deploy')} dropped keys: `logtriage revisions`")
        )
