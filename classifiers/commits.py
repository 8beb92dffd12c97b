"""The commits between two revisions: from which to which, and a link that a browser opens."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from classifiers.findings import Attribution, Cluster, Evidence
from classifiers.service_names import plain_name
from collector.records import Revision
from collector.replacing import replace

__all__ = ["COMMITS", "compare_link", "repository_of", "with_commits"]

COMMITS = "commits_between"  # the rule that evidence of commits is told by
_SHORT = 12  # digits of a commit: enough for every host, short enough for a line


def repository_of(revision: Revision, repositories: Mapping[str, str]) -> str:
    """The web address of the code, "" where it is not known: what the revision tells, else the first name that fits.

    `repositories` maps names of services, `*` and `?` in them allowed, to addresses.
    """
    told = str((revision.config or {}).get("repository") or "")
    fitting = (address for name, address in repositories.items() if fnmatchcase(plain_name(revision.service), name))
    return told or next(fitting, "")


def compare_link(before: Revision, after: Revision, repositories: Mapping[str, str]) -> str | None:
    """Where the commits from one revision to the next can be read; None where that is not known.

    GitHub and GitLab have such pages, told by their host's name. None too where both run the same commit, or code of
    different repositories.
    """
    home = repository_of(after, repositories)
    is_same_home = home == repository_of(before, repositories)
    if not home or not is_same_home or not before.commit or not after.commit or _is_same(before.commit, after.commit):
        return None
    host = home.partition("://")[2].partition("/")[0].lower()
    for word, path in (("github", "/compare/"), ("gitlab", "/-/compare/")):
        if word in host:
            return f"{home}{path}{before.commit[:_SHORT]}...{after.commit[:_SHORT]}"
    return None


def with_commits(
    clusters: Iterable[Cluster], revisions: Iterable[Revision], repositories: Mapping[str, str]
) -> tuple[Cluster, ...]:
    """Clusters whose attribution tells from which commit to which its revision went, as far as that is known."""
    known = {(one.project, one.service, one.revision): one for one in revisions if one.commit}
    told = []
    for cluster in clusters:
        blamed = cluster.attribution
        evidence = _evidence(cluster.project, blamed, known, repositories) if blamed else None
        if blamed and evidence:
            told.append(replace(cluster, attribution=replace(blamed, evidence=(*blamed.evidence, evidence))))
        else:
            told.append(cluster)
    return tuple(told)


def _evidence(
    project: str,
    blamed: Attribution,
    known: Mapping[tuple[str, str, str], Revision],
    repositories: Mapping[str, str],
) -> Evidence | None:
    before = known.get((project, blamed.service, blamed.good_revision or ""))
    after = known.get((project, blamed.service, blamed.revision))
    if before is None or after is None or _is_same(before.commit, after.commit):
        return None
    link = compare_link(before, after, repositories)
    told = f"from commit {before.commit[:_SHORT]} to {after.commit[:_SHORT]}" + (f": {link}" if link else "")
    return Evidence("inferred", told, COMMITS, revisions=(before.revision, after.revision))


def _is_same(one: str, other: str) -> bool:
    """Whether both are one commit, in full or cut short."""
    return one.startswith(other) or other.startswith(one)
