"""The page of `logtriage revisions`: what happened to each service, in the order of time."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from classifiers.changes import Difference
from classifiers.deploys import Deploy
from classifiers.ledger import RollBack
from classifiers.platform_changes import PlatformChange
from classifiers.routing import Target
from classifiers.service_names import plain_name
from collector.records import Served
from collector.window import NS_PER_S
from logtriage.escape import plain
from logtriage.ledger_rows import Deployed, LedgerRows, ServiceRows
from logtriage.wording import change_mark, join_words, plural, short_revision, span_words

__all__ = ["LedgerRow", "LedgerView", "ServiceLedger", "view_ledger"]

_CHANGES_SHOWN = 4
_NAMES_SHOWN = 3
_TARGETS = 6
_PERIODS_SHOWN = 4
_REASON = 300  # characters of what the platform said
_COMMIT = 12
_ACCOUNT = ".gserviceaccount.com"
_DAY, _YEAR = len("2026-05-04"), len("2026")


class LedgerRow(Struct, frozen=True):
    """One thing that happened. `mark` is empty for a revision that got ready; `link` is never broken."""

    at: str
    mark: str
    text: str
    details: tuple[str, ...] = ()
    link: str = ""

    @property
    def inline(self) -> str:
        """The text for formats that fold spaces: what three spaces part in columns, commas part here."""
        return _inline(self.text)

    @property
    def inline_details(self) -> tuple[str, ...]:
        """The details in the same form."""
        return tuple(_inline(text) for text in self.details)


class ServiceLedger(Struct, frozen=True):
    """One service: its rows by time, oldest first."""

    heading: str
    counts: str
    rows: tuple[LedgerRow, ...]

    @property
    def inline(self) -> str:
        """The heading for formats that fold spaces."""
        return _inline(self.heading)


class LedgerView(Struct, frozen=True):
    """The context of revisions.md.j2 and of the terminal's page. Texts are plain, times UTC."""

    title: str
    services: tuple[ServiceLedger, ...]
    changes: tuple[LedgerRow, ...]
    notes: tuple[str, ...]


def _inline(text: str) -> str:
    return text.replace("   ", ", ")


def view_ledger(rows: LedgerRows, *, service: str | None = None, is_cut: bool = False) -> LedgerView:
    """The page; with one service the changes that concern no service alone stand among its rows."""
    shared = [one for one in rows.changes if one.kind != "other"]
    left = len(rows.changes) - len(shared)
    is_one = service is not None and len(rows.services) == 1
    services = tuple(_service(one, shared if is_one else []) for one in rows.services)
    revisions = sum(not row.is_failed for one in rows.services for row in one.deployed)
    since = " since then" if is_cut else ""
    notes = [f"{plural(left, 'other audited call')} not listed: --format json has them"] if left else []
    if not rows.services:
        of = f" of `{plain(service, 80)}`" if service else ""
        hint = "" if is_cut else ": import audit entries, requests or `gcloud run ... describe` files, or collect them"
        notes = [f"No revision{of} is known{since}{hint}.", *notes]
    return LedgerView(
        title=f"{plural(revisions, 'revision')} of {plural(len(services), 'service')}{since}, times UTC",
        services=services,
        changes=() if is_one else tuple(_change(one) for one in shared),
        notes=tuple(notes),
    )


def _service(one: ServiceRows, shared: list[PlatformChange]) -> ServiceLedger:
    rows: list[tuple[int, int, LedgerRow]] = []
    rows += [(at_ns, 0, _deployed(row)) for at_ns, row in zip(_places(one.deployed), one.deployed, strict=True)]
    told_with = {name for row in one.roll_backs for name in row.asked_by}
    asked = (row for row in one.deploys if row.makes_revision or told_with.isdisjoint(row.insert_ids))
    rows += [(row.at_ns, 1, told) for row in asked if (told := _request(row))]
    rows += [(row.at_ns, 2, _roll_back(row)) for row in one.roll_backs]
    rows += [(row.at_ns, 3, _change(row)) for row in (*one.changes, *shared)]
    rows.sort(key=lambda row: row[:2])
    places = dict.fromkeys(row.revision.location for row in one.deployed if row.revision.location)
    where = ", ".join(plain(part, 60) for part in (one.project, *places) if part)
    return ServiceLedger(
        heading=f"{plain(plain_name(one.service), 80)}   {where}".rstrip(),
        counts=_counts(one),
        rows=tuple(row for _, _, row in rows),
    )


def _places(deployed: Sequence[Deployed]) -> list[int]:
    """Instants by which revisions stand in the order of deploying, also one whose creation is not known."""
    places: list[int] = []
    for row in reversed(deployed):
        is_known = row.revision.created_ns is not None or not places
        places.append(row.at_ns if is_known else min(row.at_ns, places[-1]))
    return places[::-1]


def _counts(one: ServiceRows) -> str:
    failed = sum(row.is_failed for row in one.deployed) + sum(row.outcome == "failed" for row in one.deploys)
    doubled = sum(bool(row.revision.doubles) for row in one.deployed)
    doubled += sum(row.repeats is not None and row.outcome != "failed" for row in one.deploys)
    told = [plural(sum(not row.is_failed for row in one.deployed), "revision")]
    told += [plural(failed, "failed deploy")] if failed else []
    told += [plural(doubled, "doubled deploy")] if doubled else []
    told += [plural(len(one.roll_backs), "roll-back")] if one.roll_backs else []
    tagged = [f"{plain(tag, 40)} on {short_revision(name, one.service)}" for tag, name in one.tagged]
    told += [f"{'tags' if len(tagged) > 1 else 'tag'} {', '.join(tagged)} (nothing else known)"] if tagged else []
    return ", ".join(told)


def _deployed(row: Deployed) -> LedgerRow:
    """A revision: its name, state, who, traffic, and what is different in it."""
    one = row.revision
    mark = "FAILED" if row.is_failed else "DOUBLED" if one.doubles else ""
    parts = [short_revision(one.revision, one.service), _state(row), _who(one.actor, one.tool)]
    details = [] if row.is_failed else [_traffic(row)]
    details += [_changes(row), *_notes(row)]
    return LedgerRow(
        at=_clock(row.at_ns) if row.at_ns else "time not known",
        mark=mark,
        text="   ".join(part for part in parts if part),
        details=tuple(text for text in details if text),
        link=row.link or "",
    )


def _state(row: Deployed) -> str:
    one = row.revision
    if row.is_failed:
        return f"never got ready: {plain(one.failure, _REASON) or 'the reason is not told'}"
    if one.ready_ns is None:
        return ""
    if one.created_ns is None or one.ready_ns < one.created_ns:
        return "ready then" if one.ready_ns == row.at_ns else f"ready {_near_clock(one.ready_ns, row.at_ns)}"
    return f"ready after {span_words(one.ready_ns - one.created_ns)}"


def _who(actor: str, tool: str) -> str:
    """`by deployer (gcloud)`: an account of a service without its domain."""
    name = actor.partition("@")[0] if actor.endswith(_ACCOUNT) else actor
    by = f"by {plain(name, 60)}" if name else ""
    return f"{by} ({plain(tool, 30)})" if by and tool else by or (f"with {plain(tool, 30)}" if tool else "")


def _traffic(row: Deployed) -> str:
    """`traffic 10:00 -> 10:11 10 %, 10:11 -> on 100 %; pinned; tag blue`."""
    one = row.revision
    shown = [_period(period, row.at_ns) for period in one.periods[-_PERIODS_SHOWN:]]
    left = len(one.periods) - len(shown)
    told = f"{left} periods before, " if left else ""
    words = [f"traffic {told}{', '.join(shown)}" if shown else "no traffic known"]
    words += ["pinned by name"] if one.is_pinned else []
    tags = join_words((plain(tag, 40) for tag in one.tags), _NAMES_SHOWN)
    words += [f"{'tags' if len(one.tags) > 1 else 'tag'} {tags}"] if tags else []
    words += [plural(one.requests, "request")] if one.requests else []
    return "; ".join(words)


def _period(period: Served, near_ns: int) -> str:
    start = _near_clock(period.from_ns, near_ns)
    end = "on" if period.to_ns is None else _near_clock(period.to_ns, period.from_ns)
    end += " at the latest" if period.ends_by else ""
    return f"{start} -> {end} {'by its requests' if period.percent is None else f'{period.percent} %'}"


def _changes(row: Deployed) -> str:
    """`config only: - KEY   ~ memory   commit 9f8e7d6c5b4a`."""
    one = row.revision
    commit = f"commit {plain(one.commit, 40)[:_COMMIT]}" if one.commit else ""
    build = f"build {plain(one.build, 40)}" if one.build and not commit else ""
    if row.before is None and row.is_first:
        told = "the first revision known of this service: nothing to compare it with"
    elif row.before is None:
        told = "no revision of this service is known to have been there before it"
    else:
        told = _marks(row.difference, short_revision(row.before.revision, row.before.service))
    return "   ".join(part for part in (told, commit or build) if part)


def _marks(found: Difference | None, before: str) -> str:
    if found is None:
        return ""
    marks = [change_mark(change) for change in found.changes[:_CHANGES_SHOWN]]
    marks += [f"{len(found.changes) - _CHANGES_SHOWN} more"] if len(found.changes) > _CHANGES_SHOWN else []
    if found.label == "nothing":
        return f"nothing changed from {before}"
    if found.label == "not known":
        what = join_words((plain(name, 40) for name in found.unknown), _NAMES_SHOWN) or "configuration"
        rest = f"what changed from {before} is not known ({what})"
        return f"{'   '.join(marks)}   beside that {rest}" if marks else rest
    open_ends = f"   not known: {join_words((plain(name, 40) for name in found.unknown), _NAMES_SHOWN)}"
    return f"{found.label}: {'   '.join(marks)}{open_ends if found.unknown else ''}"


def _notes(row: Deployed) -> Iterator[str]:
    """What is out of the ordinary with a revision."""
    one = row.revision
    if one.doubles:
        yield f"the same request as that of {short_revision(one.doubles, one.service)} moments before"
    elif row.same_as:
        yield f"runs again what {short_revision(row.same_as, one.service)} ran"
    if row.beside:
        names = (short_revision(name, one.service) for name in row.beside)
        yield f"served beside {join_words(names, _NAMES_SHOWN)}"
    if one.created_ns is None and one.ready_ns is None and not row.is_failed:
        by_number = ", its place that of its number" if row.is_early else ""
        yield f"when it was created is not known: the time is that of its first sign{by_number}"
    ahead_ns = (one.created_ns or 0) - (one.first_seen_ns or 0) if one.created_ns and one.first_seen_ns else 0
    if ahead_ns > 0:
        yield f"its first entry is {span_words(ahead_ns)} older than its creation: clocks differ"
    if row.deploy is not None and row.deploy.outcome == "failed" and not row.is_failed:
        yield f"the request that made it failed{_reason(row.deploy)}"
    if one.deleted_ns is not None:
        yield f"deleted {_clock(one.deleted_ns)}"


def _request(deploy: Deploy) -> LedgerRow | None:
    """A request that made no revision."""
    who = _who(deploy.actor, deploy.tool)
    by = f" {who}" if who else ""
    again = (
        f"   the same request as at {_near_clock(deploy.repeats, deploy.at_ns)}" if deploy.repeats is not None else ""
    )
    if deploy.outcome == "failed":
        what = "deploy" if deploy.makes_revision else "change of traffic"
        overtaken = ", another change was under way" if deploy.is_aborted else ""
        mark = "ABORTED" if deploy.is_aborted else "FAILED"
        return LedgerRow(_clock(deploy.at_ns), mark, f"{what}{by}{overtaken}{_reason(deploy)}{again}")
    if not deploy.makes_revision:
        return _moved(deploy, who)
    if again:
        return LedgerRow(_clock(deploy.at_ns), "DOUBLED", f"deploy{by}{again}, no revision of its own")
    return LedgerRow(_clock(deploy.at_ns), "asked", f"deploy{by}, which revision it made is not known")


def _moved(deploy: Deploy, who: str) -> LedgerRow | None:
    """A change of the service's settings, or of its traffic; None where it asked for nothing that is told."""
    if deploy.settings:
        what = f"{join_words((plain(name, 40) for name in deploy.settings), _NAMES_SHOWN)} of the service"
        return LedgerRow(_clock(deploy.at_ns), "change", "   ".join(filter(None, (what, who))))
    is_named = any(one.revision or one.tag for one in deploy.targets)
    if not deploy.targets or not (is_named or "update-traffic" in deploy.command):
        return None
    shares = [f"{one.percent} % to {_target(one, deploy.service)}" for one in deploy.targets if one.percent]
    shares += [f"tag {plain(one.tag, 40)} on {_target(one, deploy.service)}" for one in deploy.targets if one.tag]
    return LedgerRow(_clock(deploy.at_ns), "traffic", "   ".join(filter(None, (join_words(shares, _TARGETS), who))))


def _target(one: Target, service: str) -> str:
    return short_revision(one.revision, service) if one.revision else "the latest revision"


def _reason(deploy: Deploy) -> str:
    code = f"code {deploy.code}" if deploy.code else ""
    told = ", ".join(part for part in (code, plain(deploy.message, _REASON)) if part)
    return f": {told}" if told else ""


def _roll_back(one: RollBack) -> LedgerRow:
    names = (short_revision(name, one.service) for name in (one.revision, one.withdrawn))
    told = "traffic goes to {} again, away from {}".format(*names)
    by = _who(one.actor, one.tool)
    return LedgerRow(_clock(one.at_ns), "ROLL-BACK", f"{told}   {by}" if by else told)


def _change(one: PlatformChange) -> LedgerRow:
    by = _who(one.actor, one.tool) or ("by the platform" if one.is_system else "")
    lasted = f"for {span_words(one.ended_ns - one.at_ns)}" if one.ended_ns and one.ended_ns > one.at_ns else ""
    asked = "asked for, its end is not told" if one.outcome == "requested" and not one.is_system else ""
    return LedgerRow(
        _clock(one.at_ns), "change", "   ".join(part for part in (plain(one.what, 300), by, lasted, asked) if part)
    )


def _clock(at_ns: int) -> str:
    """`2026-05-04 10:00:03`, UTC: two deploys may be seconds apart."""
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _near_clock(at_ns: int, near_ns: int) -> str:
    """`10:00:03` on the day of an instant that stands beside it, else with the day, and with a year that differs."""
    text, near = _clock(at_ns), _clock(near_ns)
    if text[:_DAY] == near[:_DAY]:
        return text[_DAY + 1 :]
    return text[_YEAR + 1 :] if text[:_YEAR] == near[:_YEAR] else text
