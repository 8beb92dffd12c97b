"""Known signatures told of clusters: findings in, the same findings with names for the failures that are known out."""

import polars as pl

from classifiers.config import KnownConfig
from classifiers.findings import Cluster, Findings, Known
from classifiers.known_matching import Matcher, Named, subject_of
from classifiers.known_samples import faults_of
from classifiers.known_signatures import Family, bundled_families, own_families
from collector.errors import ConfigError
from collector.replacing import replace

__all__ = ["with_known"]


def with_known(findings: Findings, leads: pl.DataFrame, config: KnownConfig) -> Findings:
    """The findings, each cluster with the known signature that its leading signature is; nothing else changes.

    `leads` has the columns cluster_id, kind, title and parts. Raises ConfigError for a mistake in the user's own files.
    """
    told = (*findings.clusters, *findings.standing, *findings.muted, *findings.noise)
    own = _proved(own_families(config))
    if not told:
        return findings
    rows = leads.filter(pl.col("cluster_id").is_in([one.id for one in told])).select(
        "cluster_id", "kind", "title", "parts"
    )
    matches = Matcher(bundled_families(), own).matching([subject_of(*row) for row in rows.drop("cluster_id").rows()])
    known = {name: _known(found[0]) for name, found in zip(rows["cluster_id"], matches, strict=True) if found}

    def named(clusters: tuple[Cluster, ...]) -> tuple[Cluster, ...]:
        return tuple(replace(one, known=known.get(one.id)) for one in clusters)

    return replace(
        findings,
        clusters=named(findings.clusters),
        standing=named(findings.standing),
        muted=named(findings.muted),
        noise=named(findings.noise),
    )


def _proved(own: tuple[Family, ...]) -> tuple[Family, ...]:
    """The user's families, when their samples bear out their rules."""
    faults = faults_of(own) if own else []
    if faults:
        raise ConfigError("\n".join(faults))
    return own


def _known(named: Named) -> Known:
    one = named.signature
    return Known(one.name, named.family, one.title, one.meaning, one.look)
