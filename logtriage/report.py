"""Findings into the view that every format lays out: all sorting, grouping, rounding and choice of words. No I/O."""

from classifiers.findings import Absence, Cluster, Findings, Latency
from classifiers.service_names import plain_name
from collector.replacing import replace
from logtriage.absence_view import absence_rows
from logtriage.better_view import better_rows
from logtriage.blind_view import blind_rows
from logtriage.coverage_view import complete_words, counts_words, ledger_words
from logtriage.drift_view import drift_rows
from logtriage.errors import ConfigError
from logtriage.escape import plain
from logtriage.followed_view import waiting_rows
from logtriage.headline import verdict_words, wrong_now
from logtriage.incident_view import view_incident
from logtriage.latency_view import latency_rows
from logtriage.lookup import Lookup
from logtriage.mute_view import mute_rows
from logtriage.record_view import SETTLE, record_lines
from logtriage.report_config import ReportConfig
from logtriage.report_view import OtherRow, ReportView
from logtriage.suites_view import suite_rows
from logtriage.vanished_view import vanished_rows
from logtriage.wording import Near, clock, count, day_clock, plural

__all__ = ["build_report", "only_service"]


_OTHER_TITLE = 60  # characters of a title that stands in one row


def build_report(findings: Findings, config: ReportConfig, *, recall: str = "") -> ReportView:
    """The view of a report; `recall` is the text of the options with which `logtriage show` sees the same window."""
    lookup = Lookup(findings)
    near = lookup.near
    ordered = sorted(findings.incidents, key=lambda incident: incident.number)
    viewed = (
        view_incident(incident, lookup, is_brief=at >= config.full_incidents, console=config.console_url)
        for at, incident in enumerate(ordered)
    )
    incidents = tuple(view for view in viewed if view is not None)
    missing = tuple(one for one in findings.absent_events if lookup.incident_of(one.id) is None)
    others = tuple(one for one in findings.other_events if lookup.incident_of(one.id) is None)
    slower = tuple(one for one in findings.latency if lookup.incident_of(one.id) is None)
    standing = _standing(findings.standing, config.standing_shown, near)
    start, end = findings.window.start_ns, findings.window.end_ns
    named = "NUMBER" if incidents else "ID" if slower or missing else ""
    return ReportView(
        project=", ".join(plain(name, 60) for name in findings.projects) or "no project",
        window=f"{day_clock(start)} -> {clock(end, Near.day_of(start))} UTC",
        complete=complete_words(findings),
        verdict=verdict_words(findings),
        ledger=ledger_words(findings),
        counts=counts_words(findings),
        incidents=incidents,
        warnings=tuple(OtherRow(*row) for row in vanished_rows(findings.vanished_keys, lookup)),
        drifts=tuple(OtherRow(*row) for row in drift_rows(findings.drifts, lookup)),
        absent=tuple(OtherRow(*row) for row in absence_rows(missing, others, lookup)),
        slower=tuple(OtherRow(*row) for row in latency_rows(slower, lookup)),
        tests=tuple(OtherRow(*row) for row in suite_rows(findings, lookup)),
        standing=standing,
        better=tuple(OtherRow(*row) for row in better_rows(lookup)),
        waiting=tuple(OtherRow(*row) for row in waiting_rows(lookup)),
        muted=tuple(OtherRow(*row) for row in mute_rows(findings, near)),
        dead=tuple(OtherRow(plain(reason, 200), count(many)) for reason, many in findings.coverage.dead_reasons),
        blindness=tuple(OtherRow(*row) for row in blind_rows(findings, near)),
        blind=tuple(plain(spot, 300) for spot in findings.coverage.blind_spots),
        record=record_lines(findings.record, has_incidents=bool(incidents)),
        settle=f"{SETTLE}{recall}" if incidents and not findings.record.settled else "",
        rules=tuple(plain(warning, 400) for warning in findings.warnings),
        is_wrong=bool(wrong_now(findings)),
        more=f"logtriage show {named}{recall}" if named else "",
    )


def only_service(findings: Findings, service: str) -> Findings:
    """Findings of one service: its clusters, and the whole of each incident that touches it; counts stay as they are.

    Raises ConfigError that lists the services when none has that name.
    """
    lookup = Lookup(findings)
    if lookup.services() and not any(_is_service(one, service) for one in lookup.services()):
        raise ConfigError(
            f"--service is `{plain(service, 80)}`, which this window does not know; it knows: "
            f"{', '.join(lookup.services())}. Correct the spelling or widen --since."
        )
    every: tuple[Cluster | Latency | Absence, ...] = (*findings.clusters, *findings.absent_events, *findings.latency)
    touched = {one.id for one in every if _is_service(one.service, service)}
    touched |= {one.id for one in findings.latency if any(_is_service(of.service, service) for of in one.callers)}
    kept = tuple(incident for incident in findings.incidents if touched & {incident.root, *incident.symptoms})
    wanted = touched.union(*({incident.root, *incident.symptoms} for incident in kept))
    numbers = {incident.number for incident in kept}
    return replace(
        findings,
        clusters=tuple(cluster for cluster in findings.clusters if cluster.id in wanted),
        incidents=kept,
        standing=tuple(cluster for cluster in findings.standing if _is_service(cluster.service, service)),
        muted=tuple(cluster for cluster in findings.muted if _is_service(cluster.service, service)),
        muted_silent=tuple(one for one in findings.muted_silent if _is_service(one.service, service)),
        mutes=tuple(one for one in findings.mutes if _is_service(one.service, service)),
        absent_events=tuple(one for one in findings.absent_events if one.id in wanted),
        other_events=tuple(
            one for one in findings.other_events if one.id in wanted or _is_service(one.service, service)
        ),
        latency=tuple(one for one in findings.latency if one.id in wanted),
        vanished_keys=tuple(key for key in findings.vanished_keys if _is_service(key.service, service)),
        tracked=tuple(one for one in findings.tracked if _is_service(one.service, service) or one.number in numbers),
        drifts=tuple(one for one in findings.drifts if any(_is_service(side.service, service) for side in one.sides)),
    )


def _is_service(name: str, wanted: str) -> bool:
    """Whether a service is the one asked for: by the name that tells its location, or in all its locations."""
    return wanted in (name, plain_name(name))


def _standing(clusters: tuple[Cluster, ...], shown: int, near: Near) -> tuple[OtherRow, ...]:
    ordered = sorted(clusters, key=lambda cluster: (-cluster.units, cluster.id))
    rows = tuple(_other(cluster, near) for cluster in ordered[:shown])
    left = ordered[shown:]
    if not left:
        return rows
    return (*rows, OtherRow(f"{len(left):,} more", plural(sum(one.occurrences for one in left), "failure")))


def _other(cluster: Cluster, near: Near) -> OtherRow:
    title = f"{plain(cluster.service, 80) or 'no service'}: {plain(cluster.title, _OTHER_TITLE)}"
    seen = f"{plural(cluster.occurrences, 'occurrence')}, last {clock(cluster.last_ns, near)}"
    return OtherRow(title, f"{seen} ({plain(cluster.id, 100)})")
