"""The receiver: opens what config.yaml says, and says where it listens; `close` drains."""

from types import TracebackType
from typing import Self

from collector.normalise.redact import Redactor
from collector.receiver.config import Address, ReceiveConfig, check_open
from collector.receiver.grpc_server import GrpcServer
from collector.receiver.http_server import HttpServer
from collector.receiver.intake import PACE_S, Counts, Intake
from collector.receiver.tokens import read_token
from collector.store import Store

__all__ = ["Receiver"]


class Receiver:
    """Takes spans from the start of its life to `close`. ConfigError when it cannot listen, StoreError as the store.

    Used in a `with` block. What is answered is stored; `close` stores and answers what has come in by then;
    each protocol lets requests that have begun end for `drain_s`.
    """

    def __init__(
        self, config: ReceiveConfig, store: Store, redactor: Redactor, *, pace_s: float = PACE_S, drain_s: float = 15.0
    ) -> None:
        token = read_token()
        check_open(config, token=token)
        self._servers: list[HttpServer | GrpcServer] = []
        self.http: Address | None = None
        self.grpc: Address | None = None
        self._intake = Intake(store, redactor, queue_bytes=config.queue_bytes, pace_s=pace_s)
        try:
            if config.http is not None:
                http = HttpServer(Address.parse(config.http), self._intake, config, token=token, drain_s=drain_s)
                self._servers.append(http)
                self.http = http.address
            if config.grpc is not None:
                grpc = GrpcServer(Address.parse(config.grpc), self._intake, config, token=token, drain_s=drain_s)
                self._servers.append(grpc)
                self.grpc = grpc.address
        except BaseException:
            self.close()
            raise

    def counts(self) -> Counts:
        """What has come in so far, and what waits."""
        return self._intake.counts()

    def close(self) -> None:
        """Listens no longer, answers all that has come in, ends the run in the ledger."""
        while self._servers:
            self._servers.pop().close()
        self._intake.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
