"""What an analysis reads: every row it needs of the window and of the baseline before it, as small frames."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import polars as pl
from msgspec import Struct

from classifiers.callers import CALLER_SCHEMA, Callers, top_agents, top_clients
from classifiers.config import HistoryConfig, OriginsConfig
from classifiers.exposure import MINUTE_NS, SPAN_EXPOSURE_SCHEMA, Exposure, Timeline
from classifiers.gathering import gather, holding
from classifiers.itself import OWN_SERVICE
from classifiers.ledger import ChangeLedger, fold_ledger, fold_revisions
from classifiers.naming import read_names
from classifiers.order import deploy_order
from classifiers.origin import lay_origins, origin_params
from classifiers.platform_changes import PlatformChange, fold_platform_changes
from classifiers.regions import read_placed_facts
from classifiers.regroup import Outcome, regroup, warnings
from classifiers.request_names import RequestNames, read_request_names
from classifiers.routing import Routing
from classifiers.rules import Rule
from classifiers.signatures import RULES
from classifiers.spans_by_revision import lay_spans_by_revision
from classifiers.traces import Traces
from collector.records import Revision
from collector.store import Reader
from collector.window import Window

__all__ = [
    "History",
    "read_entries",
    "read_history",
    "read_ledger",
    "read_revisions",
    "read_samples",
    "read_served",
]

_HOUR_NS = 3_600_000_000_000
_FAR_FUTURE_NS = 2**62


class History(Struct, frozen=True, dict=True):
    """Rows of [start_ns, end_ns): failures with their cluster, leads, traces, exposure, facts and revisions.

    members: CLUSTER_SCHEMA after the rules of config.yaml; outcomes: what those did; warnings: sentences about rules
    that do not do what they say.

    changes: of the platform, in the baseline or later; instances: rows of count_instance_requests, none where no secret
    changed; callers: rows of count_caller_requests of those who met failures.

    start_ns is the first stored entry, or the beginning of the baseline when that is later; end_ns is behind the last
    one before the end of the window. What lies beyond is not known, however wide the window is.
    """

    window: Window
    start_ns: int
    end_ns: int
    failures: pl.DataFrame
    leads: pl.DataFrame
    members: pl.DataFrame
    outcomes: tuple[Outcome, ...]
    warnings: tuple[str, ...]
    traces: Traces
    failed_traces: dict[str, set[str]]
    calls: pl.DataFrame
    exposure: Exposure
    revisions: tuple[Revision, ...]
    routings: tuple[Routing, ...]
    facts: pl.DataFrame
    changes: tuple[PlatformChange, ...]
    instances: pl.DataFrame
    callers: pl.DataFrame
    projects: tuple[str, ...]
    wanted_ns: int = 0  # where the baseline would begin, were all of it stored

    @cached_property
    def senders(self) -> Callers:
        """Who sent what failed, made once for all that is weighed."""
        return Callers(self.callers, self.traces.requests)

    def deployed(self, project: str, service: str) -> tuple[Revision, ...]:
        """The revisions of a service, first deployed first, put in order once."""
        key = (project, service)
        if key not in self._deployed:
            self._deployed[key] = deploy_order(self.revisions, service, project=project)
        return self._deployed[key]

    @cached_property
    def _deployed(self) -> dict[tuple[str, str], tuple[Revision, ...]]:
        return {}

    def failed(self, project: str, service: str, signature_ids: tuple[str, ...]) -> pl.DataFrame:
        """When signatures failed in a service, made once for each asked: revision, at_ns, failures, in order."""
        key = (project, service, signature_ids)
        if key not in self._failed:
            rows = self.rows_of(*key).select("revision", at_ns="last_ns", failures="occurrences")
            self._failed[key] = rows.sort("at_ns", "revision")
        return self._failed[key]

    def rows_of(self, project: str, service: str, signature_ids: tuple[str, ...]) -> pl.DataFrame:
        """The failures of signatures in a service, those of one after those of another."""
        return self.failures[[at for one in signature_ids for at in self._places.get((project, service, one), ())]]

    @cached_property
    def _places(self) -> dict[tuple[str, str, str], list[int]]:
        """By project, service and signature, which of the failures are theirs."""
        told = self.failures.with_row_index("at").group_by("project", "service", "signature_id").agg("at")
        return {(project, service, signature): at for project, service, signature, at in told.iter_rows()}

    @cached_property
    def _failed(self) -> dict[tuple[str, str, tuple[str, ...]], pl.DataFrame]:
        return {}


def read_history(
    reader: Reader, *, window: Window, config: HistoryConfig, rules: Sequence[Rule] = (),
    origins: OriginsConfig | None = None,
) -> History:  # fmt: skip
    """The history of a window; only what had happened and had been received before its end.

    What is being stored counts for this reader from when it was looked through: its requests would pass, else.
    """
    waiting = reader.frame("find_waiting_batches").filter(~pl.col("is_arriving"))["batch_id"]
    if waiting.len():
        reader.lay("create_looked_rows", batch_ids=waiting.to_list())
    bounds = reader.frame("find_bounds", end_ns=window.end_ns).row(0, named=True)
    earliest = window.start_ns - int(config.baseline_days * 24 * _HOUR_NS)
    is_empty = bounds["first_ns"] is None
    start = window.start_ns if is_empty else max(earliest, bounds["first_ns"])
    end = window.end_ns if is_empty else max(bounds["last_ns"], start) + 1
    span = {"start_ns": start, "end_ns": window.end_ns}
    facts, seen = read_placed_facts(reader, end_ns=window.end_ns)
    lay_spans_by_revision(reader, **span)
    spans_stored = int(reader.frame("count_spans", **span, own_service=OWN_SERVICE)["spans"][0])
    lay_origins(reader, config=origins or OriginsConfig(), **span)
    failures = reader.frame("find_failures", rules=RULES, **span)
    if spans_stored:
        failures = pl.concat([failures, reader.frame("find_span_failures", rules=RULES, **span)])
    grouped = _clustered(reader, failures, rules, end_ns=window.end_ns)
    failures = grouped.failures
    traces = failures.select(pl.coalesce("trace", "borrowed")).to_series().drop_nulls().unique().sort().to_list()
    timeline = Timeline.over(start, end)
    bins = {"first_minute": timeline.start_ns // MINUTE_NS, "bin_minutes": timeline.bin_minutes}
    names = read_request_names(reader)
    requests = names.exposed(reader.frame("count_exposure", **span, **bins))
    minutes = reader.frame("count_instance_minutes", **span, **bins)
    ledger = fold_ledger(facts, seen)
    changes = tuple(one for one in fold_platform_changes(facts) if one.at_ns >= start)
    asked = reader.frame("find_trace_requests", traces=traces, **span)
    spans = _span_exposure(reader, span) if spans_stored else SPAN_EXPOSURE_SCHEMA.to_frame()
    asked_in = _asked_in_spans(reader, traces, spans, span)
    failed: dict[str, set[str]] = {}
    for service, trace in reader.frame("find_failed_traces", **span).rows():
        failed.setdefault(service, set()).add(trace)
    return History(
        window=window,
        start_ns=start,
        end_ns=end,
        failures=failures,
        leads=grouped.leads,
        members=grouped.members,
        outcomes=grouped.outcomes,
        warnings=grouped.warnings,
        traces=Traces(
            pl.concat([asked, *asked_in], how="diagonal"), reader.frame("find_trace_spans", traces=traces, **span)
        ),
        failed_traces=failed,
        calls=reader.frame("count_calls", **span),
        exposure=Exposure(requests, minutes, timeline, spans),
        revisions=ledger.revisions,
        routings=ledger.routings,
        facts=facts,
        changes=changes,
        instances=_instances(reader, failures, changes, span),
        callers=_callers(reader, asked, names, timeline, span),
        projects=tuple(name for name in bounds["projects"] or [] if name),
        wanted_ns=earliest,
    )


def _span_exposure(reader: Reader, span: Mapping[str, int]) -> pl.DataFrame:
    """What spans tell of services that log no requests."""
    return reader.frame("count_span_exposure", **span, **origin_params())


def _asked_in_spans(
    reader: Reader, traces: Sequence[str], spans: pl.DataFrame, span: Mapping[str, int]
) -> list[pl.DataFrame]:
    """The failed traces as they entered these services; rows of find_trace_requests."""
    places = spans.select("project", "service").unique().sort(pl.all())
    if not places.height:
        return []
    services, projects = places["service"].to_list(), places["project"].to_list()
    variable_parts = origin_params()["variable_parts"]
    told = reader.frame(
        "find_entry_spans", traces=traces, services=services, projects=projects, variable_parts=variable_parts, **span
    )
    return [told]


def read_revisions(reader: Reader, *, end_ns: int = _FAR_FUTURE_NS) -> tuple[Revision, ...]:
    """The change ledger before an instant: every revision, by project and service in the order of deploying."""
    return fold_revisions(*read_placed_facts(reader, end_ns=end_ns))


def read_served(reader: Reader, *, end_ns: int) -> tuple[tuple[Revision, ...], tuple[Routing, ...]]:
    """The change ledger before an instant, and the traffic as facts tell of it."""
    ledger = fold_ledger(*read_placed_facts(reader, end_ns=end_ns))
    return ledger.revisions, ledger.routings


def read_ledger(reader: Reader) -> tuple[ChangeLedger, tuple[PlatformChange, ...]]:
    """All that is known of deploys, traffic and changes that are no deploy."""
    facts, seen = read_placed_facts(reader, end_ns=_FAR_FUTURE_NS)
    return fold_ledger(facts, seen), fold_platform_changes(facts)


def read_entries(reader: Reader, window: Window, signature_ids: Sequence[str]) -> pl.DataFrame:
    """Entries of signatures inside the window, by time: signature_id, project, service, at_ns, trace, insert_id."""
    ids = sorted(set(signature_ids))
    return reader.frame("find_cluster_entries", start_ns=window.start_ns, end_ns=window.end_ns, signature_ids=ids)


def read_samples(reader: Reader, window: Window, signature_ids: Sequence[str]) -> pl.DataFrame:
    """The first entry of each signature and service inside the window, in full."""
    ids = sorted(set(signature_ids))
    return reader.frame("find_samples", start_ns=window.start_ns, end_ns=window.end_ns, signature_ids=ids)


def _instances(
    reader: Reader, failures: pl.DataFrame, changes: Sequence[PlatformChange], span: dict[str, int]
) -> pl.DataFrame:
    """Instances of the services that failed, where a secret changed: else nobody asks when they started."""
    is_asked = any(one.kind == "secret_version" for one in changes)
    services = failures["service"].unique().sort().to_list() if is_asked else []
    return reader.frame("count_instance_requests", services=services, **span)


def _callers(
    reader: Reader, asked: pl.DataFrame, names: RequestNames, timeline: Timeline, span: dict[str, int]
) -> pl.DataFrame:
    """What those callers sent who met most failures; nothing is read where there are none."""
    clients, agents = top_clients(asked), top_agents(asked)
    if not clients and not agents:
        return CALLER_SCHEMA.to_frame()
    bins = timeline.bin_minutes
    counts = reader.frame("count_caller_requests", clients=clients, agents=agents, bin_minutes=bins, **span)
    return names.called(counts)


class _Grouped(Struct, frozen=True):
    """Failures with their cluster, and the clusters."""

    failures: pl.DataFrame
    leads: pl.DataFrame
    members: pl.DataFrame
    outcomes: tuple[Outcome, ...] = ()
    warnings: tuple[str, ...] = ()


def _clustered(reader: Reader, failures: pl.DataFrame, rules: Sequence[Rule], *, end_ns: int) -> _Grouped:
    """Failures with their cluster after the rules, and the leading signature of each cluster."""
    members, signatures = gather(reader, failures, end_ns=end_ns)
    outcomes: tuple[Outcome, ...] = ()
    told: tuple[str, ...] = ()
    if rules:
        regrouped = regroup(members, signatures, rules, read_names(reader, members))
        members, outcomes = regrouped.members, regrouped.outcomes
        told = _warnings(reader, outcomes)
    members = holding(members, failures)
    keys = ["project", "service", "signature_id"]
    leads = (
        members.filter(pl.col("is_lead"))
        .join(signatures.select("signature_id", "title", "kind", "parts"), on="signature_id", how="left")
        .select("cluster_id", "title", "kind", "parts", lead="signature_id")
        .sort("cluster_id")
    )
    placed = failures.join(members.select(*keys, "cluster_id"), on=keys, how="left", maintain_order="left")
    return _Grouped(placed, leads, members, outcomes, told)


def _warnings(reader: Reader, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """About rules that do not do what they say. What does not occur in this history may well be stored."""
    if not any(one.missing or one.is_across or one.undone is not None for one in outcomes):
        return ()
    return tuple(warnings(outcomes, read_names(reader, reader.frame("find_signed_keys", rules=RULES))))
