"""config.yaml as it is written: YAML without tags, in which a key stands once. What sections mean is not known here."""

from pathlib import Path
from typing import Any

import yaml

from logtriage.errors import ConfigError
from logtriage.escape import plain

__all__ = ["read_sections"]

_VALUE_SHOWN = 80


class _OnceLoader(yaml.SafeLoader):
    """YAML without tags, in which a key stands once; the library would silently keep the last."""


def _mapping(loader: _OnceLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else id(key_node)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"key `{key}` stands twice", key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_OnceLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_sections(path: Path) -> dict[str, Any]:
    """The sections of a YAML file; an empty section counts as left out.

    Raises ConfigError with the line where the file is no YAML, or holds a key twice.
    """
    try:
        parsed = yaml.load(path.read_text(encoding="utf-8"), Loader=_OnceLoader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no UTF-8 text (byte {error.start}). Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        raise ConfigError(_syntax(path, error)) from error
    except ValueError as error:  # of a date or number that YAML begins and cannot end
        raise ConfigError(f"{path}: {error}. Put quotes around the value that looks like a date or number.") from error
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        raise ConfigError(f"{path} holds no sections but `{plain(parsed, _VALUE_SHOWN)}`. Write `sources:`, `store:`.")
    return {str(key): value for key, value in parsed.items() if value is not None}


def _syntax(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    what = plain(getattr(error, "problem", None) or getattr(error, "reason", None) or "it is no YAML", 200)
    if mark is None:
        return f"{path}: {what}. Correct the file."
    return f"{path}:{mark.line + 1}: {what} (column {mark.column + 1}). Correct this line or the one above."
