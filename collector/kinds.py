"""Sections of config.yaml of a kind with keys of its own: their classes by name, their mistakes in words."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from pydantic import BaseModel, ValidationError

__all__ = ["first_mistake", "resolve"]

_NAMES_ONLY = (
    "Write the name in capitals of a variable that holds the secret, or projects/P/secrets/S/versions/latest; "
    "never the secret itself."
)


def resolve(dotted: str) -> Any:
    """The class or function of a dotted name."""
    module, _, name = dotted.rpartition(".")
    return getattr(import_module(module), name)


def first_mistake(
    error: ValidationError, config_class: type[BaseModel], where: str, *, shown: Callable[[Any], str]
) -> str:
    """The first mistake of a section in one line, with the known keys where a key is not known.

    `shown` cuts and escapes what was given; what may be a secret is not shown.
    """
    first = error.errors(include_url=False)[0]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = ", ".join(one.alias or key for key, one in config_class.model_fields.items())
        return f"{where}{path} is not a known key; known keys: {known}. Correct the spelling."
    if first["type"] == "missing":
        return f"{where}{path} is missing. Add it."
    if path.endswith(("_env", "_secret")):  # it may be the secret itself, and is not shown
        return f"{where}{path} is no name of a {'variable' if path.endswith('_env') else 'secret'}. {_NAMES_ONLY}"
    given = "" if first["type"] == "value_error" and not path else f" is `{shown(first['input'])}`"
    said = first["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{where}{path}{given}: {said}. Correct it."
