"""Sending traffic back to the last good revision: whether it can be done, what it drops and brings back. No I/O."""

from classifiers.changes import difference
from classifiers.explained import BLAMED
from classifiers.findings import Attribution, Cluster
from classifiers.lineage import never_worked
from collector.records import Revision
from logtriage.escape import plain
from logtriage.lookup import Lookup
from logtriage.shell import Command, quoted, run_target
from logtriage.wording import change_mark, failures_of, join_words, plural, short_revision

__all__ = ["can_go_back", "dropped_words", "rollback_commands"]

_ALL = 100  # percent of the traffic
_LOST_SHOWN = 4
_BACK_SHOWN = 2


def rollback_commands(blamed: Attribution, project: str, lookup: Lookup) -> list[Command]:
    """How to send the traffic back, with its price; of a good revision that is gone, how to deploy its image again."""
    good = lookup.revision(blamed.service, blamed.good_revision or "")
    target = run_target(blamed.service, project, blamed.location)
    if blamed.good_revision is None:
        return []
    name = short_revision(blamed.good_revision, blamed.service)
    if good is not None and good.deleted_ns is not None:
        image = str((good.config or {}).get("image") or "")
        why = f"{name} is deleted, no traffic can go back to it: deploy its image again, with the configuration of now"
        return [Command(why, f"gcloud run services update {target} --image={quoted(image)}")] if image else []
    if not can_go_back(blamed, lookup):
        return []
    price = "; ".join(filter(None, (_drops(blamed, lookup), _lost(blamed, lookup), _back(blamed, lookup))))
    return [
        Command(
            f"Roll traffic back to {name}{'; ' if price else ''}{price}",
            f"gcloud run services update-traffic {target} --to-revisions={quoted(blamed.good_revision)}=100",
        ),
        Command(
            "After a roll-back deploys take no traffic; once it is mended, give it to the newest again",
            f"gcloud run services update-traffic {target} --to-latest",
        ),
    ]


def can_go_back(blamed: Attribution, lookup: Lookup) -> bool:
    """Whether the good revision is still there, has not all of the traffic already, and is no twin of the blamed one.

    One of which nothing is known is taken to be there.
    """
    good, bad = (lookup.revision(blamed.service, name or "") for name in (blamed.good_revision, blamed.revision))
    if blamed.good_revision is None or (good and good.deleted_ns is not None):
        return False
    if good and good.periods and good.periods[-1].to_ns is None and good.periods[-1].percent == _ALL:
        return False
    is_traffic = blamed.change is not None and blamed.change.type == "traffic"
    return not (good and bad and difference(good, bad).label == "nothing" and not is_traffic)


def dropped_words(blamed: Attribution, lookup: Lookup) -> str:
    """`11 revisions`: those deployed since the good one; "" for none or where it is not known."""
    if not blamed.good_revision:
        return ""
    later = lookup.revisions_after(blamed.service, blamed.good_revision)
    return plural(later, "revision") if later else ""


def _drops(blamed: Attribution, lookup: Lookup) -> str:
    """The revisions that traffic leaves: `this drops 11 revisions (00518-hvb to 00528-abc)`."""
    dropped = dropped_words(blamed, lookup)
    since = _since(blamed, lookup)
    if not dropped or not since:
        return f"this drops {dropped}" if dropped else ""
    names = [short_revision(one.revision, one.service) for one in since]
    return f"this drops {dropped} ({names[0] if len(names) == 1 else f'{names[0]} to {names[-1]}'})"


def _lost(blamed: Attribution, lookup: Lookup) -> str:
    """What else goes back to as it was: all that differs in the newest revision, but for the change that is blamed."""
    good = lookup.revision(blamed.service, blamed.good_revision or "")
    since = _since(blamed, lookup)
    if good is None or not since:
        return ""
    found = difference(good, since[-1])
    if found.label == "not known" and not found.changes:
        return "what else goes back with it is not known"
    marks = [change_mark(change) for change in found.changes if not _is_same(change.name, blamed)]
    return f"undone with it: {join_words(marks, _LOST_SHOWN)}" if marks else ""


def _is_same(name: str, blamed: Attribution) -> bool:
    return blamed.change is not None and blamed.change.name == name


def _back(blamed: Attribution, lookup: Lookup) -> str:
    """Warns of what fails on the good revision: it comes back with it."""
    told = []
    for cluster in lookup.findings.clusters:
        row = next(
            (one for one in cluster.per_revision
             if one.service == blamed.service and one.revision == blamed.good_revision and one.failures),
            None,
        )  # fmt: skip
        if row is not None and cluster.role == "root" and _is_of_another(cluster, blamed):
            told.append(f"{_name(cluster, lookup)} ({failures_of(row)} failed on it)")
    return f"this brings back {join_words(told, _BACK_SHOWN)}" if told else ""


def _is_of_another(cluster: Cluster, blamed: Attribution) -> bool:
    """Whether another revision did it, so that going back can bring it back."""
    own = cluster.attribution
    return own is not None and own.confidence >= BLAMED and own.revision != blamed.revision


def _name(cluster: Cluster, lookup: Lookup) -> str:
    incident = lookup.incident_of(cluster.id)
    return f"#{incident.number}" if incident else plain(cluster.title, 60)


def _since(blamed: Attribution, lookup: Lookup) -> list[Revision]:
    """Revisions of the service deployed after the good one, in that order; failed deploys are none."""
    began = lookup.revision_began_ns(blamed.service, blamed.good_revision or "")
    if began is None:
        return []
    own = [one for one in lookup.findings.revisions if one.service == blamed.service and not never_worked(one)]
    timed = [(at, one.revision, one) for one in own if (at := lookup.revision_began_ns(one.service, one.revision))]
    return [one for at, _, one in sorted(timed, key=lambda row: row[:2]) if at > began]
