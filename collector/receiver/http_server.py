"""The HTTP server of the receiver: the application, and the threads that inflate and look at bodies."""

from concurrent.futures import ThreadPoolExecutor

from collector.receiver.bounded_http import BoundedServer
from collector.receiver.config import Address, ReceiveConfig
from collector.receiver.http_app import HttpApp
from collector.receiver.intake import Intake

__all__ = ["HttpServer"]

_WORKERS = 2


class HttpServer:
    """Listens from the start of its life to `close`, which lets requests that have begun end."""

    def __init__(
        self, address: Address, intake: Intake, config: ReceiveConfig, *, token: str | None, drain_s: float = 15.0
    ) -> None:
        self._work = ThreadPoolExecutor(_WORKERS, thread_name_prefix="receive-body")
        try:
            self._server = BoundedServer(
                address,
                HttpApp(intake, config, token, self._work),
                name="receive-http",
                option="--http, receive.http",
                max_connections=config.max_connections,
                drain_s=round(drain_s),
            )
        except BaseException:
            self._work.shutdown()
            raise

    @property
    def address(self) -> Address:
        """Where it listens, with the port that it got."""
        return self._server.address

    def close(self) -> None:
        """Listens no longer; waits for the requests that have begun."""
        self._server.close()
        self._work.shutdown()
