"""The OTLP receiver that a daemon runs beside its jobs."""

import contextlib
import logging
from typing import TYPE_CHECKING

from logtriage import pipeline
from logtriage.config import Config
from logtriage.errors import LogtriageError
from logtriage.receiving import listening_lines

if TYPE_CHECKING:
    from collector.receiver.intake import Counts
    from collector.receiver.receiver import Receiver

__all__ = ["Embedded"]

LOG = logging.getLogger(__name__)
_DRAIN_S = 3.0  # of each protocol, for requests that have begun when it is closed


class Embedded:
    """At most one receiver at a time, as the last settings say."""

    def __init__(self) -> None:
        self._held = contextlib.ExitStack()
        self._receiver: Receiver | None = None
        self._config: Config | None = None

    def use(self, config: Config) -> None:
        """Listens as section `receive` says; where that, `redact` and `store` say what they said, nothing is touched.

        ConfigError where it cannot listen so; then it listens as it did before, if that is possible.
        """
        before = self._config
        if before is not None and _own(before) == _own(config):
            self._config = config
            return
        self.close()
        try:
            self._open(config)
        except LogtriageError:
            if before is not None:
                with contextlib.suppress(LogtriageError):
                    self._open(before)
            raise

    def counts(self) -> "Counts | None":
        """What came in so far; None while it does not listen."""
        return self._receiver.counts() if self._receiver is not None else None

    def close(self) -> None:
        """Listens no longer; what has come in is stored and answered."""
        self._receiver = self._config = None
        self._held.close()

    def _open(self, config: Config) -> None:
        if config.receive.is_on:
            self._receiver = self._held.enter_context(pipeline.receiving(config, drain_s=_DRAIN_S))
            for line in listening_lines(self._receiver):
                LOG.info("%s", line)
        self._config = config


def _own(config: Config) -> tuple[object, ...]:
    """The sections that a receiver runs by."""
    return config.receive, config.redact, config.store
