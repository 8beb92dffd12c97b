"""Checks of Google: who asks, with which permissions, how much of the quota is left, and whether the clock is right."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from collector.normalise.untrusted import at, items, mapping, text, whole
from collector.sources.google_api import GoogleSourceConfig
from logtriage.config import Config
from logtriage.errors import LogtriageError, SourceUnavailable
from logtriage.escape import plain
from logtriage.setup.check_settings import closed_to_others
from logtriage.setup.checks import Check, of_error
from logtriage.setup.endpoints import Endpoints
from logtriage.setup.google_rest import GoogleRest
from logtriage.setup.login import Login, find_login
from logtriage.setup.permissions import NEEDS, OPTIONAL, Need, ask_granted, grants, missing
from logtriage.wording import join_words

__all__ = ["GoogleLook", "look_at_google"]

_TOKEN_URL = "https://cloudresourcemanager.googleapis.com/"  # noqa: S105 - an address
_MONITORING = "monitoring.googleapis.com"
_USED_MINUTES = 15
_BUSY = 0.8  # of a quota, from which others may keep us waiting
_SOON_S = 300
_SKEW_WARN_S, _SKEW_FAIL_S = 2.0, 60.0


class GoogleLook(Struct, frozen=True):
    """What was found; `is_offline`: nobody answered."""

    checks: tuple[Check, ...]
    is_offline: bool = False


def look_at_google(config: Config, endpoints: Endpoints) -> GoogleLook:
    """Nothing where no source of Google needs a login."""
    sources = [one for one in config.sources if isinstance(one, GoogleSourceConfig)]
    if not sources or (all(one.insecure for one in sources) and not endpoints.rest):
        return GoogleLook(())
    try:
        login = find_login()
        login.headers("GET", _TOKEN_URL)
    except LogtriageError as error:
        return GoogleLook((of_error("credentials", error),), is_offline=isinstance(error, SourceUnavailable))
    rest = GoogleRest(login, endpoints)
    checks = [*_credentials(login)]
    is_offline = False
    for project, kinds in sorted(_projects(sources).items()):
        try:
            granted = ask_granted(rest, project, (*NEEDS, *OPTIONAL))
        except LogtriageError as error:
            is_offline = is_offline or (isinstance(error, SourceUnavailable) and rest.skew_s is None)
            checks.append(of_error("permissions", error, "fail" if is_offline else "warn"))
            continue
        needs = [one for one in NEEDS if one.kind in kinds and one.permission != "run.locations.list"]
        checks += _permissions(needs, granted, project, login)
        if "cloud_logging" in kinds:
            checks.append(_quota(rest, project, sources, may_ask=OPTIONAL[0].permission in granted))
    checks += _clock(rest)
    return GoogleLook(tuple(checks), is_offline)


def _credentials(login: Login) -> Iterator[Check]:
    path = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    opened = closed_to_others("credentials", Path(path)) if path and Path(path).is_file() else None
    if opened is not None:
        yield opened
    told, left_s = f"logged in as {login.shown}", login.good_for_s
    if left_s is not None and left_s < _SOON_S:
        yield Check(
            "credentials", "warn", f"{told}; the token ends in {max(round(left_s / 60), 0)} min",
            "Run `gcloud auth application-default login`.",
        )  # fmt: skip
        return
    if left_s is not None:
        told += f"; the token is good for {round(left_s / 60)} min and renewed by itself"
    if login.is_person and not login.quota_project:
        yield Check(
            "credentials", "warn", f"{told}; the credentials name no quota project",
            "Run `gcloud auth application-default set-quota-project PROJECT`.",
        )  # fmt: skip
        return
    yield Check("credentials", "ok", told)


def _projects(sources: Sequence[GoogleSourceConfig]) -> dict[str, set[str]]:
    """Kinds of source by project; a view needs no permission on its project."""
    found: dict[str, set[str]] = {}
    for one in sources:
        told = one.model_dump()
        names = list(told.get("projects") or ())
        names += [
            path.split("/")[1]
            for path in told.get("resources") or ()
            if path.startswith("projects/") and "/views/" not in path
        ]
        for name in names:
            found.setdefault(name, set()).add(one.kind)
    return found


def _permissions(needs: Sequence[Need], granted: frozenset[str], project: str, login: Login) -> Iterator[Check]:
    lacking = missing(needs, granted)
    if not lacking:
        yield Check("permissions", "ok", f"`{project}`: {join_words((one.what_for for one in needs), 4)} may be read")
    for of_role, command in grants(lacking, project=project, member=login.member):
        names = join_words((f"`{one.permission}`" for one in of_role), 4)
        yield Check("permissions", "fail", f"`{project}`: the account lacks {names}", f"Run `{command}`.")


def _quota(rest: GoogleRest, project: str, sources: Sequence[GoogleSourceConfig], *, may_ask: bool) -> Check:
    """How many reads a minute all together make, where Monitoring may be asked."""
    of_ours = [one.model_dump() for one in sources if one.kind == "cloud_logging"]
    limit = min(int(one["reads_per_min"]) for one in of_ours)
    allowed = f"`{project}`: at most {limit} reads of logs a minute (reads_per_min)"
    if not may_ask:
        return Check(
            "quota", "ok", f"{allowed}; what others use `{OPTIONAL[0].permission}` would tell ({OPTIONAL[0].role})"
        )
    try:
        used = _most_reads(rest, project)
    except LogtriageError as error:
        return of_error("quota", error, "warn")
    told = f"{allowed}; all who read them made {used} in the busiest of the last {_USED_MINUTES} minutes"
    if used >= _BUSY * limit:
        return Check(
            "quota", "warn", told, "See who else reads these logs, or lower reads_per_min so that both get through."
        )
    return Check("quota", "ok", told)


def _most_reads(rest: GoogleRest, project: str) -> int:
    """Of the last minutes the one with most reads; what is counted late is not in it yet."""
    now = datetime.now(UTC)
    answer = rest.get(
        _MONITORING,
        f"v3/projects/{project}/timeSeries",
        {
            "filter": 'metric.type="serviceruntime.googleapis.com/quota/rate/net_usage" AND '
            'resource.labels.service="logging.googleapis.com"',
            "interval.startTime": (now - timedelta(minutes=_USED_MINUTES)).isoformat(),
            "interval.endTime": now.isoformat(),
            "aggregation.alignmentPeriod": "60s",
            "aggregation.perSeriesAligner": "ALIGN_SUM",
        },
    )
    return max((_points(one) for one in items(mapping(answer).get("timeSeries")) if _is_of_reads(one)), default=0)


def _is_of_reads(series: Any) -> bool:
    return "read" in text(at(series, "metric", "labels", "quota_metric")).lower()


def _points(series: Any) -> int:
    values = (whole(at(one, "value", "int64Value")) for one in items(series.get("points")))
    return max((one for one in values if one is not None), default=0)


def _clock(rest: GoogleRest) -> Iterator[Check]:
    """The clock of this machine against the dates of Google's answers."""
    if rest.skew_s is None:
        return
    off_s = abs(rest.skew_s) - rest.uncertain_s
    side = "ahead of" if rest.skew_s > 0 else "behind"
    told = f"this machine is about {plain(round(abs(rest.skew_s)), 20)} s {side} Google's clock"
    todo = "Let it be set by itself: `timedatectl set-ntp true`."
    if off_s >= _SKEW_FAIL_S:
        yield Check("clock", "fail", told, todo)
    elif off_s >= _SKEW_WARN_S:
        yield Check("clock", "warn", told, todo)
    else:
        yield Check("clock", "ok", f"with Google's to {max(1, round(rest.uncertain_s + abs(rest.skew_s)))} s")
