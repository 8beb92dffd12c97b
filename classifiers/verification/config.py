"""Section `verify` of config.yaml: criteria that people declare. What cannot be tested as it is written says so."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["DeclaredCriterion", "VerifyConfig", "route_pattern"]

_FAILS = frozenset({"no failures", "rate below"})
_OF_EVENT = frozenset({"event follows", "field present"})


class DeclaredCriterion(BaseModel):
    """What must hold of a service since its newest revision took traffic.

    route: `POST /orders/*`, with `*` for a part of the path; "" every request. `limit`: the share of attempts that may
    fail, of `faster than` milliseconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    service: str = Field(min_length=1)
    kind: Literal["no failures", "rate below", "faster than", "event follows", "field present"]
    route: str = ""
    signature: str = Field(default="", pattern=r"^[0-9a-f]*$")
    status: tuple[int, ...] = ()
    limit: float | None = Field(default=None, gt=0)
    quantile: float = Field(default=0.95, ge=0.5, le=0.999)
    event: str = ""
    field: str = ""

    @model_validator(mode="after")
    def _is_testable(self) -> Self:
        missing = self._missing()
        if missing:
            raise ValueError(f"`{self.name}` is of kind `{self.kind}` and lacks {missing}")
        if self.kind in _FAILS | _OF_EVENT and self.limit is not None and self.limit >= 1:
            raise ValueError(f"`{self.name}` has the limit {self.limit:g}; a share of attempts lies below 1")
        return self

    def _missing(self) -> str:
        if self.kind in _FAILS and not self.signature and not self.status:
            return "`signature` or `status`: what counts as a failure"
        if self.kind in {"rate below", "faster than"} and self.limit is None:
            return "`limit`, in ms" if self.kind == "faster than" else "`limit`, the share that may fail"
        if self.kind in _OF_EVENT and not self.event:
            return "`event`"
        return "`field`" if self.kind == "field present" and not self.field else ""


class VerifyConfig(BaseModel):
    """Section `verify` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    criteria: tuple[DeclaredCriterion, ...] = ()

    @model_validator(mode="after")
    def _are_named_apart(self) -> Self:
        names = [one.name for one in self.criteria]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two criteria are named `{twice}`; give one another `name:`")
        return self


def route_pattern(route: str) -> str:
    """`POST /orders/*` as a pattern of method and path, whatever stands behind a question mark."""
    parts = re.split(r"\*|\{[^}]*\}", route)
    return "[^/?]*".join(map(re.escape, parts)) + r"/?(\?.*)?"
