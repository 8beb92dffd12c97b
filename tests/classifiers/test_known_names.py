"""Known signatures in findings: they name clusters and change nothing else."""

from pathlib import Path

import polars as pl
import pytest

from classifiers import known_names
from classifiers.config import KnownConfig
from classifiers.findings import Findings
from classifiers.known_names import with_known
from classifiers.known_samples import subjects_of
from classifiers.known_signatures import Sample
from classifiers.signatures import sign
from collector.errors import ConfigError
from collector.replacing import replace
from tests.support.findings import cluster, findings
from tests.support.signing import line, lines

OWN = """
about: What goes wrong in the shop.
signatures:
  - name: till-stuck
    title: Till is stuck
    meaning: The till waits for its drawer.
    look: The drawer's cable.
    match: {says: [stuck]}
    samples: [the till is stuck]
"""


def _told(**titles: str) -> tuple[Findings, pl.DataFrame]:
    """Findings with one problem of each id and text, and their leads."""
    signed = sign(lines(*(line(text, at) for at, text in enumerate(titles.values())))).signatures
    leads = pl.concat([sign(lines(line(text))).signatures for text in titles.values()]).with_columns(
        cluster_id=pl.Series(list(titles))
    )
    assert signed.height == leads.height
    made = findings(clusters=tuple(cluster(id=name, known=None) for name in titles), standing=(), muted=(), noise=())
    return made, leads


def _names(told: Findings) -> dict[str, str | None]:
    return {one.id: one.known.name if one.known else None for one in told.clusters}


def test_clusters_get_the_name_of_their_leading_signature(tmp_path: Path) -> None:
    made, leads = _told(a="Error: getaddrinfo ENOTFOUND till.internal", b="the till is stuck again")

    told = with_known(made, leads, KnownConfig().beside(tmp_path))

    assert _names(told) == {"a": "dns-failure", "b": None}
    assert told.clusters[0].known
    assert told.clusters[0].known.family == "network"


def test_old_muted_and_noisy_clusters_are_named_too(tmp_path: Path) -> None:
    made, leads = _told(a="Error: getaddrinfo ENOTFOUND till.internal")
    spread = replace(made, clusters=(), standing=made.clusters, muted=made.clusters, noise=made.clusters)

    told = with_known(spread, leads, KnownConfig().beside(tmp_path))

    assert {one.known.name for one in (*told.standing, *told.muted, *told.noise) if one.known} == {"dns-failure"}


def test_names_are_all_that_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, leads = _told(a="Error: getaddrinfo ENOTFOUND till.internal", b="the till is stuck again")

    told = with_known(made, leads, KnownConfig().beside(tmp_path))
    monkeypatch.setattr(known_names, "bundled_families", tuple)  # as if the folder were empty
    bare = with_known(made, leads, KnownConfig().beside(tmp_path))

    assert bare == made
    assert replace(told, clusters=tuple(replace(one, known=None) for one in told.clusters)) == made


def test_a_users_own_signature_names_what_ours_do_not(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(OWN, encoding="utf-8")
    made, leads = _told(a="the till is stuck: getaddrinfo ENOTFOUND till.internal", b="till is stuck")

    told = with_known(made, leads, KnownConfig(folder=tmp_path))

    assert _names(told) == {"a": "till-stuck", "b": "till-stuck"}


def test_a_users_sample_that_its_rule_misses_is_told(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(OWN.replace("[the till is stuck]", "[the till is jammed]"), encoding="utf-8")
    made, leads = _told(a="till is stuck")

    with pytest.raises(ConfigError, match=r"signature `till-stuck`: samples\[0\] `the till is jammed` is not matched"):
        with_known(made, leads, KnownConfig(folder=tmp_path))


def test_samples_are_seen_as_entries_are() -> None:
    subject = subjects_of([Sample(text="till 7 is stuck since 12:00:01 UTC")])[0]

    assert subject.text == "till <number> is stuck since <time> UTC"
