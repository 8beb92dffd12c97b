"""Channels on the way out of the outbox: what is kept of one that cannot be opened."""

from pathlib import Path

import pytest

from logtriage.config import Config, load_config
from logtriage.digest_config import DigestConfig
from logtriage.digesting import chosen_channels, opened
from logtriage.errors import ConfigError
from tests.support.days import count
from tests.support.telling_messages import NOW_NS, make_store


def _config(path: Path, *channels: dict[str, str]) -> Config:
    loaded = load_config(None, db=path)
    return loaded.model_copy(update={"digest": DigestConfig.model_validate({"channels": channels})})


def test_only_a_channel_of_the_settings_is_blind_without_its_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was tried by its name alone is not looked at again: its trouble would never end."""
    monkeypatch.delenv("LOGTRIAGE_WEBHOOK_URL", raising=False)
    store = make_store(tmp_path, is_made=True)
    noted = []

    for config in (_config(store.path), _config(store.path, {"kind": "webhook"})):
        (channel,) = chosen_channels(config, ["webhook"])
        with pytest.raises(ConfigError, match="LOGTRIAGE_WEBHOOK_URL"):
            opened(config, channel, now_ns=NOW_NS)
        noted.append(count(store, "troubles"))

    assert noted == [0, 1]
