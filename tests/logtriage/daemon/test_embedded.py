"""The receiver beside the jobs: it follows the settings, and a place that is taken costs nothing."""

import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from collector.config import StoreConfig
from collector.normalise.redact_config import RedactConfig
from collector.receiver.config import TOKEN_VARIABLE, ReceiveConfig
from logtriage.config import Config
from logtriage.daemon.embedded import Embedded
from logtriage.errors import LogtriageError
from tests.support.receiving import PROTOBUF, proto


def _config(folder: Path, **receive: object) -> Config:
    return Config(store=StoreConfig(path=folder / "d.duckdb"), receive=ReceiveConfig.model_validate(receive))


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    with contextlib.closing(Embedded()) as made:
        yield made


def _place(log: pytest.LogCaptureFixture) -> str:
    """Where it said last that it listens."""
    return str(re.findall(r"http://\S+", log.text)[-1])


def _is_taken(url: str, first: int) -> bool:
    return httpx.post(url, content=proto(first), headers={"content-type": PROTOBUF}, timeout=300).is_success


def test_it_follows_the_settings_and_the_same_ones_touch_nothing(
    tmp_path: Path, embedded: Embedded, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    config = _config(tmp_path, http="127.0.0.1:0")
    embedded.use(config)
    first = _place(caplog)
    assert _is_taken(first, 1)

    embedded.use(config.model_copy())
    same = embedded.counts()
    assert same is not None
    assert same.ledger.stored == 1
    assert _place(caplog) == first

    embedded.use(_config(tmp_path, http="127.0.0.1:0", request_s=20))
    assert _is_taken(_place(caplog), 2)
    with pytest.raises(httpx.TransportError):
        _is_taken(first, 3)

    embedded.use(_config(tmp_path))
    assert embedded.counts() is None


def test_where_the_new_place_is_taken_it_goes_on_at_the_old_one(
    tmp_path: Path, embedded: Embedded, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    embedded.use(_config(tmp_path, http="127.0.0.1:0"))
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        with pytest.raises(LogtriageError, match=str(held.getsockname()[1])):
            embedded.use(_config(tmp_path, http=f"127.0.0.1:{held.getsockname()[1]}"))

    assert _is_taken(_place(caplog), 1)
    assert embedded.counts() is not None


def test_what_could_not_be_opened_again_is_opened_by_the_same_settings_later(
    tmp_path: Path, embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its token it may not listen beyond this machine."""
    monkeypatch.setenv(TOKEN_VARIABLE, "t" * 32)
    config = _config(tmp_path, http="0.0.0.0:0")
    embedded.use(config)
    monkeypatch.delenv(TOKEN_VARIABLE)
    with pytest.raises(LogtriageError):
        embedded.use(_config(tmp_path, http="0.0.0.0:0", request_s=20))
    assert embedded.counts() is None

    monkeypatch.setenv(TOKEN_VARIABLE, "t" * 32)
    embedded.use(config)

    assert embedded.counts() is not None


def test_other_rules_of_redaction_hold_for_what_comes_in_next(
    tmp_path: Path, embedded: Embedded, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    config = _config(tmp_path, http="127.0.0.1:0")
    embedded.use(config)
    receiver = embedded._receiver

    embedded.use(config.model_copy(update={"redact": RedactConfig(keep=("build-of-tuesday",))}))

    assert embedded._receiver is not receiver
    assert _is_taken(_place(caplog), 1)
