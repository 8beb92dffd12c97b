"""A server that speaks Cloud Logging, and a clock that only steps."""

from collections.abc import Iterator

import pytest

from tests.support.logging_server import LoggingServer
from tests.support.source_settings import SteppedClock


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def server() -> Iterator[LoggingServer]:
    with LoggingServer() as running:
        yield running
