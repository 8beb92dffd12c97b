"""A receiver on free ports of loopback, over a database of its own, and requests to it."""

import contextlib
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import polars as pl

from collector.config import StoreConfig
from collector.normalise.redact import Redactor
from collector.receiver.config import ReceiveConfig
from collector.receiver.receiver import Receiver
from collector.store import Store
from tests.support.otlp import Json, message, request, span

__all__ = ["JSON", "PROTOBUF", "Receiving", "numbered", "proto", "receiving", "wait_until"]

JSON, PROTOBUF = "application/json", "application/x-protobuf"


@dataclass(frozen=True)
class Receiving:
    """A receiver that listens, its store, and a client."""

    receiver: Receiver
    store: Store
    client: httpx.Client

    @property
    def url(self) -> str:
        """Where traces are posted to."""
        return f"http://{self.receiver.http}/v1/traces"

    def post(self, body: bytes, content_type: str = PROTOBUF, **headers: str) -> httpx.Response:
        """The answer to a body; underscores in names of headers are dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(self.url, content=body, headers={"content-type": content_type, **named})

    def rows(self, sql: str) -> pl.DataFrame:
        """Rows of a query over what is stored."""
        with self.store.read() as reader:
            return reader.sql(sql)

    def span_ids(self) -> list[str]:
        """Ids of all spans that are stored, sorted."""
        return sorted(self.rows("select span from spans")["span"].to_list())


@contextlib.contextmanager
def receiving(folder: Path, **settings: Any) -> Iterator[Receiving]:
    """Listens with those keys of section `receive` while the block runs."""
    store = Store(StoreConfig(path=folder / "received.duckdb", write_wait_s=10))
    config = ReceiveConfig(**{"http": "127.0.0.1:0", "grpc": "127.0.0.1:0"} | settings)
    with Receiver(config, store, Redactor(b"k" * 16), pace_s=0) as receiver, httpx.Client(timeout=300) as client:
        yield Receiving(receiver, store, client)


def numbered(first: int, count: int = 1) -> Json:
    """A request of spans whose ids are the numbers from `first` on."""
    return request(*(span(spanId=f"{number:016x}") for number in range(first, first + count)))


def wait_until(is_true: Any, *, within_s: float = 300.0) -> None:
    """Waits for something that happens elsewhere."""
    until = time.monotonic() + within_s
    for _ in itertools.count():
        if is_true():
            return
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


def proto(first: int, count: int = 1) -> bytes:
    """The message of `numbered`."""
    return message(numbered(first, count))
