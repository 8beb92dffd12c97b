"""Builds Findings for tests: a quiet window, one incident with a symptom, rivals of it; no store, no clock."""

from typing import Any

from classifiers.findings import (
    Absence,
    Attribution,
    Change,
    Cluster,
    Coverage,
    Drift,
    DriftSide,
    EventCount,
    Evidence,
    Findings,
    Hypothesis,
    Incident,
    Known,
    Latency,
    Onset,
    RevisionCount,
    Storm,
    VanishedKey,
    Why,
)
from collector.records import Revision
from collector.replacing import replace
from collector.window import NS_PER_S, Window

DAY_NS = 86_400 * NS_PER_S
END_NS = 1_789_430_400 * NS_PER_S  # 2026-09-15T00:00:00Z
WINDOW = Window(END_NS - DAY_NS, END_NS)
HOUR_NS = 3600 * NS_PER_S
ONSET_NS = END_NS - 4 * HOUR_NS


def coverage(**changes: Any) -> Coverage:
    """1,000 entries read once, 25 twice, 2 dead; 40 of them problems."""
    return replace(
        Coverage(
            entries=1000, problem_entries=40, noise_entries=60, quiet_entries=900, spans=12, services=3,
            complete_until_ns=END_NS - 3 * 60 * NS_PER_S,
            ledger_read=1027, ledger_stored=1000, ledger_duplicates=25, ledger_dead=2,
            dead_reasons=(("no timestamp", 2),), blind_spots=("3 revisions without traffic", "memory not collected"),
        ),
        **changes,
    )  # fmt: skip


def attribution(**changes: Any) -> Attribution:
    """shop-00008-bad dropped PAYMENT_KEY and changed its image; likely."""
    return replace(
        Attribution(
            service="shop",
            revision="shop-00008-bad",
            good_revision="shop-00007-abc",
            change=Change("env_removed", "PAYMENT_KEY", before="secret payment-key:7"),
            also_changed=(Change("image", "image", before="sha256:aa", after="sha256:bb"),),
            confidence=0.83,
            evidence=(
                Evidence(
                    "measured", "0 of 118 requests failed on shop-00007-abc, 94 of 96 on shop-00008-bad",
                    query="count_failures_by_revision", entry_ids=("e1", "e2"), revisions=("shop-00008-bad",),
                ),
                Evidence("unknown", "side-by-side test impossible: 0 overlapping requests"),
            ),
        ),
        **changes,
    )  # fmt: skip


def cluster(**changes: Any) -> Cluster:
    """94 refused payments of shop since 20:00, blamed on shop-00008-bad."""
    return replace(
        Cluster(
            id="c-pay", title="payment refused (403)", project="acme-test", service="shop",
            signature_ids=("s1", "s2"), insert_ids=tuple(f"e{n}" for n in range(1, 31)), trace_ids=("a" * 32,),
            occurrences=96, units=94, first_ns=ONSET_NS, last_ns=END_NS - HOUR_NS,
            onset=Onset(ONSET_NS, ONSET_NS - NS_PER_S, ONSET_NS, 0.0, 94 / 96, "requests"),
            severity=17, role="root", caused_by=None, explained_share=None, attribution=attribution(),
            hypotheses=(
                Hypothesis("revision", 0.83, "shop-00008-bad dropped PAYMENT_KEY"),
                Hypothesis("dependency", 0.12, "the payment provider refuses all callers",
                           (Evidence("inferred", "no other service calls it", query="rule:lone-caller"),)),
            ),
            cause="revision", state="ongoing", priority="P0", origin="both", fault="configuration", test_share=0.5,
            per_revision=(
                RevisionCount("shop", "shop-00007-abc", 0, 118, ONSET_NS - 3 * HOUR_NS, ONSET_NS - HOUR_NS),
                RevisionCount("shop", "shop-00008-bad", 94, 96, ONSET_NS, END_NS - 2 * HOUR_NS),
                RevisionCount("shop", "shop-00009-new", 3, None, END_NS - 2 * HOUR_NS, END_NS - HOUR_NS),
            ),
            sample="HTTPException: 403: payment refused\n  at pay (pay.py)",
            evidence=(Evidence("measured", "96 entries with the same exception and frames", query="top_clusters"),),
            origin_counts=(("tests", 45), ("unknown", 4), ("users", 45)),
            known=Known(
                "payment-refused", "shop-own", "Payment provider refuses the shop",
                "The provider does not accept the key that this shop shows.", "The key's version in both revisions.",
            ),
        ),
        **changes,
    )  # fmt: skip


def whys() -> tuple[Why, ...]:
    """The chain of the refused payments: counted, blamed, changed; how it was deployed is not known."""
    return (
        Why(
            "symptom", "shop: 94 of 96 requests failed since 2026-09-14T20:00:00Z; before that 0 of 118.", "measured",
            (Evidence("measured", "94 of 96 requests failed", "find_failures", ("e1", "e2"), ("a" * 32,)),),
            ("requests of that time that the store lacks",),
        ),
        Why(
            "revision", "94 of 96 requests failed on shop-00008-bad. Likely: shop-00008-bad brought it.", "measured",
            (Evidence("measured", "94 of 96 on shop-00008-bad", "count_exposure", revisions=("shop-00008-bad",)),),
            ("a failure of this on shop-00007-abc", "30 requests in a row on shop-00008-bad without one"),
        ),
        Why(
            "change", "PAYMENT_KEY (secret payment-key:7) is gone in shop-00008-bad.", "measured",
            (Evidence("measured", "PAYMENT_KEY is gone", "find_facts", revisions=("shop-00008-bad",)),),
            ("a revision with PAYMENT_KEY as it was before that fails all the same",),
        ),
        Why("entry", "How shop-00008-bad was deployed is not known. The audit log of that time would tell.", "unknown"),
    )  # fmt: skip


def symptom(**changes: Any) -> Cluster:
    """Slow orders of desk that the refused payments explain."""
    return cluster(
        **(
            {
                "id": "c-slow", "title": "order took too long", "service": "desk", "role": "symptom",
                "caused_by": "c-pay", "explained_share": 0.9, "units": 50, "occurrences": 50, "priority": "P2",
                "insert_ids": ("f1", "f2"), "signature_ids": ("s3",), "per_revision": (), "hypotheses": (),
                "onset": Onset(ONSET_NS + NS_PER_S, ONSET_NS, ONSET_NS + NS_PER_S, None, None, "traces"),
                "evidence": (), "sample": "order 12 took 5000 ms", "known": None,
            }
            | changes
        )
    )  # fmt: skip


def dependency(**changes: Any) -> Cluster:
    """A cache that fails on all revisions: no revision is blamed."""
    return cluster(
        **(
            {
                "id": "c-cache", "title": "cache 10.0.0.9:6379 time-out", "attribution": None, "cause": "dependency",
                "fault": "dependency", "origin": "users", "test_share": 0.0, "priority": "P2", "units": 12,
                "origin_counts": (("users", 12),),
                "storm": Storm(ONSET_NS, ONSET_NS + HOUR_NS, 3, 12, 5, 0.25, (14.6, 30.2), False, 12.0),
                "insert_ids": ("g1",), "signature_ids": ("s4",), "known": None,
                "hypotheses": (
                    Hypothesis("dependency", 0.72, "all revisions fail alike",
                               (Evidence("measured", "2 revisions failed", "count_exposure"),)),
                ),
                "per_revision": (
                    RevisionCount("shop", "shop-00007-abc", 5, 118, ONSET_NS, ONSET_NS + HOUR_NS),
                    RevisionCount("shop", "shop-00008-bad", 7, 96, ONSET_NS, END_NS - HOUR_NS),
                ),
            }
            | changes
        )
    )  # fmt: skip


def revision(name: str, created_ns: int, **changes: Any) -> Revision:
    """A revision of shop."""
    return replace(
        Revision("acme-test", "shop", name, created_ns, created_ns, None, created_ns, None, created_ns, 100, None),
        **changes,
    )


def findings(**changes: Any) -> Findings:
    """One incident with a symptom, a dependency beside it, and one entry in each other list."""
    return replace(
        Findings(
            window=WINDOW, now_ns=END_NS, projects=("acme-test",),
            clusters=(cluster(), symptom(), dependency()),
            incidents=(
                Incident(1, "c-pay", ("c-slow",), "P0", "payment refused (403)", is_ongoing=True, whys=whys()),
                Incident(2, "c-cache", (), "P2", "cache time-out", is_ongoing=True),
            ),
            standing=(cluster(id="c-old", title="session middleware missing", state="standing", attribution=None),),
            absent_events=(
                Absence(
                    "order.confirmed", "desk", None, attribution(), trigger="POST /orders",
                    before=EventCount(400, 392), since=EventCount(60, 0),
                    onset=Onset(ONSET_NS, ONSET_NS - NS_PER_S, ONSET_NS, 0.02, 1.0, "traces"), priority="P1",
                ),
            ),
            latency=(
                Latency(
                    "desk", "find_order", None, id="l-find", before=410, since=96, median_before_ns=12_000_000,
                    median_since_ns=480_000_000, tail_before_ns=30_000_000, tail_since_ns=1_900_000_000, slower=0.93,
                    onset=Onset(ONSET_NS, ONSET_NS - NS_PER_S, ONSET_NS, 0.01, 0.9, "traces"),
                ),
            ),
            vanished_keys=(VanishedKey("shop", "shop-00008-bad", "shop-00007-abc", "OLD_KEY", 7, ONSET_NS, False),),
            revisions=(
                revision("shop-00007-abc", ONSET_NS - 5 * HOUR_NS),
                revision("shop-00008-bad", ONSET_NS - 60 * NS_PER_S),
                revision("shop-00009-new", END_NS - 3 * HOUR_NS),
            ),
            coverage=coverage(),
            drifts=(
                Drift(
                    "acme-test", "JWT_SECRET", "parted",
                    (
                        DriftSide("desk", "desk-00002-bbb", "secret jwt:3"),
                        DriftSide("shop", "shop-00009-new", "secret jwt:4"),
                    ),
                    END_NS - 3 * HOUR_NS, "shop", "shop-00009-new", "they held the same until shop shop-00009-new",
                    is_telling=True, cluster_ids=("c-pay",),
                ),
            ),
        ),
        **changes,
    )  # fmt: skip


def quiet_findings(**changes: Any) -> Findings:
    """A window with entries and nothing wrong."""
    calm = {
        "clusters": (), "incidents": (), "standing": (), "absent_events": (), "latency": (), "vanished_keys": (),
        "drifts": (),
        "coverage": coverage(problem_entries=0, noise_entries=0, quiet_entries=1000, blind_spots=()),
    }  # fmt: skip
    return findings(**(calm | changes))


def empty_findings() -> Findings:
    """A store that holds nothing."""
    nothing = coverage(
        entries=0, problem_entries=0, noise_entries=0, quiet_entries=0, spans=0, services=0, complete_until_ns=None,
        ledger_read=0, ledger_stored=0, ledger_duplicates=0, ledger_dead=0, dead_reasons=(), blind_spots=(),
    )  # fmt: skip
    return quiet_findings(projects=(), revisions=(), coverage=nothing)
