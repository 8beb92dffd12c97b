"""What is a claim, and when a look at it is worth a new row."""

from typing import Any

import pytest

from classifiers.config import ForecastConfig
from classifiers.findings import (
    Absence,
    Change,
    Cluster,
    EventCount,
    Evidence,
    Hypothesis,
    Incident,
    Latency,
    Onset,
)
from classifiers.forecasts import Forecast, forecast_of, forecasts_of, new_forecasts
from collector.replacing import replace
from tests.support.findings import END_NS, HOUR_NS, ONSET_NS, attribution, cluster, dependency, findings, symptom

CONFIG = ForecastConfig()
MINUTE_NS = 60_000_000_000


def _told(one: Cluster | None = None, *, at_ns: int = END_NS, **changes: Any) -> Forecast:
    return replace(forecast_of(one or cluster(), made_at_ns=at_ns, made_by="daemon"), **changes)


def _new(told: Forecast, *stored: Forecast, settled: tuple[str, ...] = ()) -> tuple[Forecast, ...]:
    return new_forecasts([told], stored, settled, CONFIG)


def test_the_root_of_each_incident_is_claimed_and_no_symptom() -> None:
    told = forecasts_of(findings(clusters=(cluster(), symptom(), dependency())), made_by="daemon")

    assert [(one.cluster_id, one.cause, one.revision, one.confidence) for one in told] == [
        ("c-pay", "revision", "shop-00008-bad", 0.83),
        ("c-cache", "dependency", "", 0.72),
    ]


def test_a_claim_names_what_was_told_and_holds_no_text_of_a_log() -> None:
    told = _told()

    assert (told.change_type, told.change_name, told.also_changed) == ("env_removed", "PAYMENT_KEY", ("image image",))
    assert (told.good_revision, told.basis) == ("shop-00007-abc", "count_failures_by_revision")
    assert told.rivals == '[["revision",0.83],["dependency",0.12]]'
    assert "refused" not in repr(told)


@pytest.mark.parametrize(
    "one",
    [
        cluster(cause="unknown", attribution=attribution(confidence=0.4)),
        dependency(cause="unknown", hypotheses=(Hypothesis("unknown", 0.9, "it fails as often as ever"),)),
        dependency(cause="unknown", hypotheses=()),
        dependency(hypotheses=(Hypothesis("dependency", 0.9, "told without any evidence"),)),
    ],
)
def test_where_nothing_stands_out_nothing_is_claimed(one: Cluster) -> None:
    assert not _told(one).is_claim
    assert forecasts_of(findings(clusters=(replace(one, id="c-pay"),)), made_by="daemon") == ()


def test_an_hourly_look_that_says_the_same_adds_nothing() -> None:
    first = _new(_told())

    assert len(first) == 1
    assert _new(_told(at_ns=END_NS + HOUR_NS, confidence=0.88, units=200), *first) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"confidence": 0.91},  # another word
        {"confidence": 0.72},  # the same word, a tenth less
        {"change_type": "image", "change_name": "image"},
    ],
)
def test_what_is_told_otherwise_is_a_new_row_of_the_same_claim(changes: dict[str, Any]) -> None:
    first = _new(_told())

    second = _new(_told(at_ns=END_NS + HOUR_NS, **changes), *first)

    assert [one.forecast_id for one in second] == [first[0].forecast_id]


def test_another_verdict_on_the_same_onset_is_a_claim_of_its_own_in_the_same_episode() -> None:
    first = _new(_told())

    (rival,) = _new(_told(cause="dependency", revision="", blamed_service=""), *first)

    assert rival.forecast_id != first[0].forecast_id
    assert rival.episode_id == first[0].episode_id


def _moved(minutes: float) -> Cluster:
    at_ns = ONSET_NS + round(minutes * MINUTE_NS)
    return cluster(onset=Onset(at_ns, at_ns, at_ns, 0.0, 0.9, "requests"))


def test_an_onset_that_late_rows_move_a_little_is_the_same_episode() -> None:
    first = _new(_told())

    assert _new(_told(_moved(-8)), *first) == ()


def test_the_same_cause_with_another_onset_is_another_claim() -> None:
    outage: dict[str, Any] = {"cause": "dependency", "revision": "", "blamed_service": ""}
    first = _new(_told(**outage))

    (second,) = _new(_told(_moved(120), **outage), *first)

    assert second.episode_id != first[0].episode_id


def test_one_revision_is_blamed_once_while_the_claim_is_open() -> None:
    first = _new(_told())
    again = _told(_moved(120))

    assert _new(again, *first) == ()
    assert len(_new(again, *first, settled=(first[0].forecast_id,))) == 1


def test_a_cluster_that_another_signature_leads_is_the_same_failure() -> None:
    first = _new(_told(cluster(signature_ids=("s1", "s2", "s3"))))

    assert _new(_told(cluster(id="c-new", signature_ids=("s2", "s3"))), *first) == ()
    assert len(_new(_told(cluster(id="c-new", signature_ids=("s3", "s9"))), *first)) == 1


def test_a_symptom_that_is_over_and_stands_alone_now_is_no_second_claim() -> None:
    first = _new(_told())
    symptom = _told(cluster(id="c-other", signature_ids=("s7",)), state="resolved")

    assert _new(symptom, *first) == ()
    assert len(_new(replace(symptom, state="ongoing"), *first)) == 1
    assert len(_new(replace(symptom, revision="shop-00009-new"), *first)) == 1
    assert len(_new(replace(symptom, project="another"), *first)) == 1


def test_two_failures_of_one_look_are_two_claims() -> None:
    other = cluster(id="c-other", signature_ids=("s7",), attribution=attribution(change=Change("image", "image")))

    told = new_forecasts([_told(), _told(other)], (), (), CONFIG)

    assert len({one.forecast_id for one in told}) == 2


def test_slower_operations_and_missing_events_are_forecast_by_their_own_ids() -> None:
    onset = cluster().onset
    slow = Latency("shop", "GET /", attribution(), id="l-1", project="p", slow=90, onset=onset, cause="revision")
    gone = Absence("paid", "shop", None, attribution(), project="p", since=EventCount(50, 2), onset=onset)
    outside = Hypothesis("dependency", 0.9, "the index answers late", (Evidence("inferred", "so", "rule:it"),))
    found = findings(
        clusters=(), latency=(slow,), absent_events=(gone,),
        incidents=tuple(
            Incident(at, name, (), "P1", "it", is_ongoing=True) for at, name in enumerate((slow.id, gone.id))
        ),
    )  # fmt: skip

    told = forecasts_of(found, made_by="daemon")

    assert [(one.cluster_id, one.signature_ids, one.units, one.cause) for one in told] == [
        ("l-1", ("l-1",), 90, "revision"), (gone.id, (gone.id,), 48, "revision")
    ]  # fmt: skip
    blameless = forecast_of(replace(gone, attribution=None, hypotheses=(outside,)), made_at_ns=1, made_by="settle")
    assert (blameless.cause, blameless.confidence, blameless.revision) == ("dependency", 0.9, "")
    assert not forecast_of(replace(gone, attribution=None), made_at_ns=1, made_by="settle").is_claim
