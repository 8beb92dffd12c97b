"""Rules: what a person said about clusters in config.yaml, as it is written; who reads it finds it in regroup.py."""

import re
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

__all__ = ["ClustersConfig", "Rule", "is_id"]

_ID_CHARS = 16
_ID = re.compile(rf"[0-9a-f]{{{_ID_CHARS}}}")
_CUT_ID = re.compile(rf"(?=[a-f]*\d)[0-9a-f]{{6,{_ID_CHARS - 1}}}")


def is_id(name: str) -> bool:
    """Whether a name has the form of an id of a signature, a cluster or a template."""
    return _ID.fullmatch(name) is not None


def _name(value: Any) -> Any:
    """An id, or the text of a template. YAML takes an id of digits alone for a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if len(str(value)) == _ID_CHARS and str(value).isdigit():
            return str(value)
        raise ValueError("YAML read the id as a number; put it in quotes")
    if isinstance(value, str):
        value = " ".join(value.split())
        if not value:
            raise ValueError("write the id of a signature, a cluster or a template, or a template's text")
        if _CUT_ID.fullmatch(value):
            raise ValueError(f"an id has {_ID_CHARS} characters; write all of them")
    return value


def _names(value: Any) -> Any:
    return [value] if isinstance(value, str | int | float) else value


Name = Annotated[str, BeforeValidator(_name)]


class Rule(BaseModel):
    """`merge`: the clusters of what is named are one cluster. `split`: each signature named is a cluster of its own.

    A name is the id of a signature, of a cluster or of a template, or the text of a template. A rule acts in every
    service in which what it names occurs, or in `service` alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    merge: Annotated[tuple[Name, ...], BeforeValidator(_names)] = ()
    split: Name | None = None
    service: str | None = None
    why: str = ""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if bool(self.merge) == (self.split is not None):
            raise ValueError("write either `merge: [ID, ID]` or `split: ID`")
        if len(set(self.merge)) < len(self.merge):
            raise ValueError("`merge` names one id twice; name different ones")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """What the rule names, in its order."""
        return (self.split,) if self.split is not None else self.merge

    @property
    def verb(self) -> str:
        """`merge` or `split`."""
        return "merge" if self.split is None else "split"


class ClustersConfig(BaseModel):
    """Section `clusters` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: tuple[Rule, ...] = ()  # replayed in this order at each analysis: the later one holds
