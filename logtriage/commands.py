"""What to do first, as commands to copy: restore a key, roll traffic back, prove it, look. No I/O.

A command holds names only, never a value; what is not known stands in capitals for a person to fill in.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from classifiers.changes import difference
from classifiers.findings import Absence, Attribution, Change, Cluster, Latency
from classifiers.service_names import location_of, plain_name
from logtriage.escape import plain
from logtriage.lookup import Lookup
from logtriage.wording import clock, plural, short_revision

__all__ = ["BLAMED", "Command", "commands_for", "compare_line", "first_step", "run_target", "setting_options"]

BLAMED = 0.5  # from this confidence on a revision is blamed
# Kinds of change that a person can undo by setting one key.
_KEYS = {"env_removed", "env_changed", "secret_ref_changed"}
_SECRET = re.compile(r"secret[ :]+([A-Za-z0-9_/-]+)[:@]([A-Za-z0-9]+)")
_ALL = 100  # percent of the traffic
_WITHOUT_REVISION = {
    "dependency": "look at the dependency; no revision to roll back",
    "traffic": "look at what sends it; no revision to roll back",
    "secret_rotation": "look at the secret's versions: every instance that starts reads the newest",
    "certificate": "renew the certificate",
    "client": "look at the callers; this service answers what it is asked",
    "test_harness": "mend the test harness",
}


@dataclass(frozen=True, slots=True)
class Command:
    """A step in words and the line to copy."""

    why: str
    line: str


def first_step(cluster: Cluster, name: str, lookup: Lookup) -> str:
    """One line: what to do first, and where its commands are; `name` is what `logtriage show` is given."""
    blamed = cluster.attribution
    if blamed is None or blamed.confidence < BLAMED:
        is_setting = cluster.cause == "dependency" and cluster.fault == "configuration"
        step = "take the change back" if is_setting else _WITHOUT_REVISION.get(cluster.cause, "read the evidence")
        return f"{step}: logtriage show {name}"
    if cluster.state == "resolved":
        pair = [_told(one, blamed, lookup) for one in (blamed.good_revision, blamed.revision) if one]
        see = f"diff {' '.join(pair)}" if blamed.good_revision else f"show {name}"
        return f"nothing to undo, it is over{_ended(cluster, blamed, lookup)}: logtriage {see}"
    drops = _dropped(blamed, lookup) if _can_go_back(blamed, lookup) else ""
    cost = f" (roll-back drops {drops})" if drops else ""
    change = blamed.change
    if change is not None and change.type in _KEYS:
        verb = "restore" if change.type == "env_removed" else "set back"
        return f"{verb} {plain(change.name, 60)}: logtriage show {name}{cost}"
    if blamed.good_revision:
        good, bad = (_told(name, blamed, lookup) for name in (blamed.good_revision, blamed.revision))
        return f"compare: logtriage diff {good} {bad}{cost}"
    return f"read the evidence: logtriage show {name}"


def commands_for(cluster: Cluster | Latency | Absence, lookup: Lookup) -> tuple[Command, ...]:
    """Steps for a blamed revision, the cheapest first; none when no revision is blamed.

    Of what is over there is nothing to undo, and traffic is sent back only where that can help.
    """
    blamed = cluster.attribution
    if blamed is None or blamed.confidence < BLAMED:
        return ()
    commands = []
    change = blamed.change
    is_over = cluster.state == "resolved" if isinstance(cluster, Cluster) else not cluster.is_ongoing
    target = run_target(blamed.service, cluster.project, blamed.location)
    if change is not None and change.type in _KEYS and not is_over:
        setting = _setting(change)
        verb = "Restore" if change.type == "env_removed" else "Set back"
        commands.append(Command(f"{verb} {plain(change.name, 60)}", f"gcloud run services update {target} {setting}"))
        commands.append(
            Command(
                "Prove it: a tagged revision without traffic, with only that change reverted; then one request to it",
                f"gcloud run services update {target} --no-traffic --tag=prove {setting}",
            )
        )
    if blamed.good_revision:
        good, bad = (_told(name, blamed, lookup) for name in (blamed.good_revision, blamed.revision))
        if not is_over and _can_go_back(blamed, lookup):
            drops = _dropped(blamed, lookup)
            cost = f"; this drops {drops}" if drops else ""
            commands.append(
                Command(
                    f"Roll traffic back to {short_revision(blamed.good_revision, blamed.service)}{cost}",
                    f"gcloud run services update-traffic {target} --to-revisions={_quoted(blamed.good_revision)}=100",
                )
            )
        commands.append(Command("See all that changed", f"logtriage diff {good} {bad}"))
    return tuple(commands)


def compare_line(blamed: Attribution, lookup: Lookup) -> str:
    """The line that shows all that changed in a blamed revision; "" where nothing stands to compare it with."""
    if blamed.good_revision is None:
        return ""
    good, bad = (_told(name, blamed, lookup) for name in (blamed.good_revision, blamed.revision))
    return f"logtriage diff {good} {bad}"


def run_target(service: str, project: str, location: str) -> str:
    """What gcloud run is told of a service: its name, project and region; what is not known in capitals."""
    named = f"{_quoted(plain_name(service))} --project={_quoted(project or 'PROJECT')}"
    return f"{named} --region={_quoted(location or location_of(service) or 'REGION')}"


def setting_options(changes: Sequence[Change]) -> str:
    """The options of gcloud that set keys of the main container as they were; secrets and values each in one option."""
    told: dict[str, list[str]] = {}
    for change in changes:
        option, value = _option(change, _quoted(change.name))
        told.setdefault(option, []).append(value)
    return " ".join(f"{option}={','.join(values)}" for option, values in sorted(told.items()))


def _setting(change: Change) -> str:
    """The option of gcloud that sets a key as it was, with the secret's name and version where they are known."""
    container, _, name = change.name.rpartition("/")  # CONTAINER/KEY for a sidecar's
    target = f"--container={_quoted(container)} " if container else ""
    return target + "=".join(_option(change, _quoted(name)))


def _option(change: Change, key: str) -> tuple[str, str]:
    secret = _SECRET.search(change.before or "")
    if secret:
        return "--update-secrets", f"{key}={secret.group(1)}:{secret.group(2)}"
    if change.type == "secret_ref_changed" or "secret" in (change.before or ""):
        return "--update-secrets", f"{key}=SECRET:VERSION"
    return "--update-env-vars", f"{key}=VALUE"


def _ended(cluster: Cluster, blamed: Attribution, lookup: Lookup) -> str:
    """` since 00901-xyz took the traffic (20:06)`, where that is when it ended."""
    found = lookup.ended_by(blamed.service, blamed.revision, cluster.last_ns)
    if found is None:
        return ""
    one, at_ns = found
    took = "took the traffic again" if at_ns in one.rolled_back_ns else "took the traffic"
    return f" since {short_revision(one.revision, one.service)} {took} ({clock(at_ns, lookup.near)})"


def _can_go_back(blamed: Attribution, lookup: Lookup) -> bool:
    """Whether the good revision is still there, has not all of the traffic already, and is no twin of the blamed one.

    One of which nothing is known is taken to be there.
    """
    good, bad = (lookup.revision(blamed.service, name or "") for name in (blamed.good_revision, blamed.revision))
    if blamed.good_revision is None or (good and good.deleted_ns is not None):
        return False
    if good and good.periods and good.periods[-1].to_ns is None and good.periods[-1].percent == _ALL:
        return False
    return not (good and bad and difference(good, bad).label == "nothing" and not _is_traffic(blamed))


def _is_traffic(blamed: Attribution) -> bool:
    return blamed.change is not None and blamed.change.type == "traffic"


def _dropped(blamed: Attribution, lookup: Lookup) -> str:
    if not blamed.good_revision:
        return ""
    later = lookup.revisions_after(blamed.service, blamed.good_revision)
    return plural(later, "revision") if later else ""


def _told(revision: str, blamed: Attribution, lookup: Lookup) -> str:
    """The revision as `logtriage diff` finds it: with its location where another one has its name."""
    location = location_of(blamed.service)
    named = sum(one.revision == revision for one in lookup.findings.revisions)
    return _quoted(f"{location}/{revision}" if location and named > 1 else revision)


def _quoted(name: str) -> str:
    return shlex.quote(plain(name, 200))
