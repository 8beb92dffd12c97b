"""Asking findings of a small system: its one root, and the explanations of it by cause."""

from classifiers.findings import Cluster, Findings, Hypothesis

__all__ = ["explained", "only_root", "statements"]


def only_root(findings: Findings) -> Cluster:
    """The one cluster that nothing else explains."""
    roots = [one for one in findings.clusters if one.role == "root"]
    assert len(roots) == 1, [one.title for one in findings.clusters]
    return roots[0]


def explained(cluster: Cluster, cause: str) -> Hypothesis:
    """The most probable explanation of that cause."""
    return next(one for one in cluster.hypotheses if one.cause == cause)


def statements(hypothesis: Hypothesis) -> str:
    """All that stands for or against an explanation, one line each."""
    return "\n".join(one.statement for one in hypothesis.evidence)
