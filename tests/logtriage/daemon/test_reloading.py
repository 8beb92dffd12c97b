"""Settings that are read anew are used by all that runs beside the jobs, or by none of it."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.config import StoreConfig
from collector.receiver.config import ReceiveConfig
from logtriage.config import Config
from logtriage.daemon.embedded import Embedded
from logtriage.daemon.reloading import use_all
from logtriage.errors import ConfigError, LogtriageError
from logtriage.telemetry.config import TelemetryConfig
from logtriage.telemetry.held import HeldTelemetry


def _config(folder: Path, receive: dict[str, Any], **telemetry: Any) -> Config:
    return Config(
        store=StoreConfig(path=folder / "d.duckdb"),
        receive=ReceiveConfig.model_validate(receive),
        telemetry=TelemetryConfig(watch_itself=False, **telemetry),
    )


@pytest.fixture
def both() -> Iterator[tuple[HeldTelemetry, Embedded]]:
    with contextlib.closing(Embedded()) as embedded, contextlib.closing(HeldTelemetry()) as telemetry:
        yield telemetry, embedded


def _health(telemetry: HeldTelemetry) -> str:
    assert telemetry._open is not None
    return f"http://{telemetry._open.address}/livez"


def test_what_telemetry_refuses_leaves_the_receiver_as_it_was(
    tmp_path: Path, both: tuple[HeldTelemetry, Embedded]
) -> None:
    telemetry, embedded = both
    current = _config(tmp_path, {"http": "127.0.0.1:0"}, health="127.0.0.1:0")
    use_all(both, current, current)
    receiver = embedded.counts

    with pytest.raises(ConfigError, match="beyond_this_machine"):
        use_all(both, _config(tmp_path, {}, health="0.0.0.0:0"), current)

    assert receiver() is not None  # it would listen no more by the new ones
    assert httpx.get(_health(telemetry)).json() == {"status": "ok"}


def test_what_the_receiver_refuses_leaves_telemetry_as_it_was(
    tmp_path: Path, both: tuple[HeldTelemetry, Embedded]
) -> None:
    telemetry, embedded = both
    current = _config(tmp_path, {"http": "127.0.0.1:0"}, health="127.0.0.1:0")
    use_all(both, current, current)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(LogtriageError):
            use_all(both, _config(tmp_path, {"http": place}), current)

    assert embedded.counts() is not None
    assert httpx.get(_health(telemetry)).json() == {"status": "ok"}  # by the new ones nobody could ask
