"""The redactor of a configuration: the key beside its database, and the patterns and words of its section `redact`."""

from typing import TYPE_CHECKING

from logtriage.config import Config

if TYPE_CHECKING:
    from collector.normalise.redact import Redactor

__all__ = ["redactor_of"]


def redactor_of(config: Config) -> "Redactor":
    """The redactor with which everything of this database is stored; makes its key where there is none.

    ConfigError when the key can neither be read nor made.
    """
    from collector.normalise.redact import Redactor, load_key  # noqa: PLC0415 - a report redacts nothing

    path = config.store.path
    return Redactor(load_key(path.with_name(f"{path.name}.key")), config.redact)
