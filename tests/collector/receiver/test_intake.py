"""The group commit: acknowledged means stored, each span once, bounded, and no request spoils another."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from collector.config import StoreConfig
from collector.normalise.redact import Redactor
from collector.receiver.answers import Refusal
from collector.receiver.budget import Budget, Share
from collector.receiver.intake import Intake
from collector.records import Ledger
from collector.store import Store
from tests.support.otlp import message, request, span
from tests.support.receiving import proto, receiving


def _intake(folder: Path, *, pace_s: float) -> tuple[Intake, Store]:
    store = Store(StoreConfig(path=folder / "s.duckdb", write_wait_s=10))
    return Intake(store, Redactor(b"k" * 16), queue_bytes=10_000, pace_s=pace_s), store


def test_requests_that_wait_share_one_commit_and_one_batch(tmp_path: Path) -> None:
    intake, store = _intake(tmp_path, pace_s=0.3)
    first = intake.offer("span_messages", "here", proto(1), share=Share(intake.budget))
    first.result(20)
    waiting = [intake.offer("span_messages", "here", proto(n), share=Share(intake.budget)) for n in range(2, 8)]

    assert [one.result(20).rejected for one in waiting] == [0] * 6
    intake.close()

    with store.read() as reader:
        batches = reader.sql("select stored from batches order by batch_id")["stored"].to_list()
        runs = reader.sql("select kind, source, outcome from runs").rows()
    assert sum(batches) == 7
    assert len(batches) < 7
    assert runs == [("receive", "otlp", "complete")]


def test_what_is_sent_again_is_stored_once_and_acknowledged(tmp_path: Path) -> None:
    with receiving(tmp_path) as here:
        codes = [here.post(proto(first, 3)).status_code for first in (1, 1, 2)]

        assert codes == [200, 200, 200]
        assert here.span_ids() == [f"{n:016x}" for n in range(1, 5)]
        assert here.receiver.counts().ledger == Ledger(read=9, stored=4, duplicates=5, dead=0)


def test_a_span_twice_in_one_body_and_children_before_parents_are_stored_once_each(tmp_path: Path) -> None:
    child, parent = span(spanId="00000000000000c1", parentSpanId="00000000000000a1"), span(spanId="00000000000000a1")
    late = {**parent, "spanId": "00000000000000a0", "startTimeUnixNano": "5"}

    with receiving(tmp_path, grpc=None) as here:
        answers = [here.post(message(request(*some))) for some in ((child, child), (late, parent), (parent, child))]

        assert [one.status_code for one in answers] == [200] * 3
        assert {one.content for one in answers} == {b""}
        assert here.span_ids() == ["00000000000000a0", "00000000000000a1", "00000000000000c1"]


def test_spans_know_when_they_were_received(tmp_path: Path) -> None:
    intake, store = _intake(tmp_path, pace_s=0)
    intake._clock_ns = lambda: 42
    intake.offer("span_messages", "here", proto(1), share=Share(intake.budget)).result(20)
    intake.close()

    with store.read() as reader:
        assert reader.sql("select received_at_ns from spans")["received_at_ns"].to_list() == [42]


def test_closing_stores_what_waits_and_refuses_what_comes_after(tmp_path: Path) -> None:
    intake, store = _intake(tmp_path, pace_s=5.0)
    waiting = [intake.offer("span_messages", "here", proto(n), share=Share(intake.budget)) for n in range(1, 6)]
    intake.close()

    assert all(one.result(0).rejected == 0 for one in waiting)
    with pytest.raises(Refusal, match="stopping") as refusal:
        intake.offer("span_messages", "here", proto(9), share=Share(intake.budget))
    assert refusal.value.retry_s == 1.0
    with store.read() as reader:
        assert reader.sql("select count(*) n from spans")["n"].to_list() == [5]


def test_a_full_queue_is_429_and_a_success_on_retry(tmp_path: Path) -> None:
    with receiving(tmp_path, grpc=None, max_body_mib=0.01, queue_mib=0.02) as here:
        share = Share(here.receiver._intake.budget)
        assert share.take(round(0.02 * 2**20))

        refused = here.post(proto(1))
        untold = here.client.post(
            here.url, content=iter([proto(1)]), headers={"content-type": "application/x-protobuf"}
        )
        share.release()
        again = here.post(proto(1))

        assert (refused.status_code, untold.status_code, again.status_code) == (429, 429, 200)
        assert refused.headers["retry-after"] == "1"
        assert here.span_ids() == [f"{1:016x}"]
        assert here.receiver.counts().waiting_bytes == 0


def test_a_store_that_cannot_be_written_now_is_503_and_nothing_is_lost(tmp_path: Path) -> None:
    with receiving(tmp_path, grpc=None) as here:
        here.receiver._intake._store._config = here.store._config.model_copy(update={"write_wait_s": 0.2})
        with here.store.read():
            refused = here.post(proto(1))
            health = here.client.get(f"http://{here.receiver.http}/healthz")
        again = here.post(proto(1))

        assert (refused.status_code, health.status_code, again.status_code) == (503, 503, 200)
        assert "retry-after" in refused.headers
        assert here.client.get(f"http://{here.receiver.http}/healthz").status_code == 200


def test_somebody_who_reads_for_long_makes_it_refuse_nothing(tmp_path: Path) -> None:
    with receiving(tmp_path, grpc=None) as here:
        first = here.post(proto(1))
        here.receiver._intake._store._config = here.store._config.model_copy(update={"write_wait_s": 0.2})
        with here.store.read_aside() as reader:
            codes = [here.post(proto(n)).status_code for n in (2, 3)]
            seen = reader.sql("select count(*) from spans").item()

        assert (first.status_code, codes, seen) == (200, [200, 200], 1)
        assert len(here.span_ids()) == 3


def test_a_request_that_our_own_code_fails_on_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad = proto(66)
    normalise = Intake._normalise

    def failing(self: Intake, requests: list[Any]) -> Any:
        if any(one.raw == bad for one in requests):
            raise ZeroDivisionError("with a secret")
        return normalise(self, requests)

    monkeypatch.setattr(Intake, "_normalise", failing)  # a fault that nobody knows of yet
    with receiving(tmp_path, grpc=None) as here, ThreadPoolExecutor(6) as pool:
        bodies = [proto(1), bad, proto(2), bad, proto(3)]
        codes = [one.status_code for one in pool.map(here.post, bodies)]

        assert codes == [200, 500, 200, 500, 200]
        assert here.span_ids() == [f"{n:016x}" for n in (1, 2, 3)]
        assert here.receiver.counts().ledger.dead == 2
    assert "internal ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text


def test_readers_and_writers_get_their_turn_beside_a_busy_receiver(tmp_path: Path) -> None:
    with receiving(tmp_path, grpc=None) as here, ThreadPoolExecutor(4) as pool:
        is_over = threading.Event()

        def send(first: int) -> int:
            sent = 0
            while not is_over.is_set():
                assert here.post(proto(first + sent, 20)).status_code == 200
                sent += 20
            return sent

        busy = [pool.submit(send, first) for first in (10**6, 2 * 10**6, 3 * 10**6)]
        seen = [len(here.span_ids()) for _ in range(5)]
        is_over.set()
        sent = sum(one.result(30) for one in busy)

        assert seen == sorted(seen)
        assert len(here.span_ids()) == sent


def test_a_share_is_given_back_once_however_often_that_is_said() -> None:
    budget = Budget(10)
    share, other = Share(budget), Share(budget)

    assert share.take(6)
    assert share.take(4)
    assert not other.take(1)
    share.release()
    share.release()
    assert budget.taken == 0
    assert other.take(10)
