"""Failures beside exposure of each revision, of the failure that a claim about a revision means."""

from msgspec import Struct

from classifiers.claims.matching import Ground, Target, of_clusters, targets_of
from classifiers.claims.records import Answer, Claim, Mark
from classifiers.claims.rows import Rows, Scope
from classifiers.order import in_deploy_order
from collector.records import Revision

__all__ = ["CLEAN", "SEEN", "Count", "counts_of", "targets_for", "told_of"]

SEEN = 10  # exposed units from which a zero is told as good
CLEAN = 20  # exposed units from which a zero refutes that it fails


class Count(Struct, frozen=True):
    """Failures beside what was asked (else logged) on one revision."""

    revision: str
    failures: int
    exposed: int
    rows: Rows

    @property
    def rate(self) -> float:
        """Share that failed; 0 where nothing was asked."""
        return self.failures / self.exposed if self.exposed else 0.0

    @property
    def told(self) -> str:
        """`shop-00008-bad: 94 of 96`."""
        return f"{self.revision}: {self.failures:,} of {self.exposed:,}"


def targets_for(claim: Claim, revision: Revision, ground: Ground) -> list[Target]:
    """The failure that is meant: the named one, else the main one of the text, else the only one of the service."""
    found = [one for one in targets_of(claim.subject, ground) if "path" not in one.asked or "low" in one.asked]
    if found:
        return found
    if ground.main and _is_of(ground.main, revision, ground):
        return [ground.main]
    own = [
        one
        for one in ground.problems
        if one.service == revision.service or (one.attribution and one.attribution.service == revision.service)
    ]
    roots = [one for one in own if one.role == "root"]
    return [of_clusters([one]) for one in (roots if len(roots) == 1 else own if len(own) == 1 else [])]


def _is_of(target: Target, revision: Revision, ground: Ground) -> bool:
    """It is logged by the service of the revision, or attributed to it."""
    rows = target.rows(ground, Scope(ground.window, (revision.service,)))
    return not rows.frame.is_empty() or any(
        one.attribution and one.attribution.service == revision.service for one in target.clusters
    )


def counts_of(target: Target, service: str, ground: Ground) -> list[Count]:
    """Failures and exposure of each revision of a service that was seen in the window, in the order of deploying."""
    scope = Scope(ground.window, (service,))
    rows, every = target.rows(ground, scope), ground.exposure(scope)
    counts = []
    for one in in_deploy_order(ground.revisions):
        if one.service != service:
            continue
        asked = every.of((), (one.revision,))
        exposed = asked.sum("requests") or asked.sum("entries")
        own = rows.of((), (one.revision,))
        if exposed or own.sum("requests"):
            counts.append(Count(one.revision, own.sum("requests"), max(exposed, own.sum("requests")), own))
    return counts


def told_of(mark: Mark, told: str, target: Target, own: Count | None) -> Answer:
    """The answer with the rows of one revision."""
    rows = own.rows if own else None
    ids, traces, query = (rows.ids(), rows.ids("traces"), rows.query) if rows else ((), (), "")
    return Answer(mark, f"{told}", target.told, query, ids, traces, (own.revision,) if own else ())
