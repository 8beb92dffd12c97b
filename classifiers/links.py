"""Links: which failure explains which, and how that is known."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from classifiers.findings import Explains

__all__ = ["CascadeConfig", "Link"]


class CascadeConfig(BaseModel):
    """Section `cascade` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float = Field(default=0.5, gt=0, le=1)  # of a symptom's failures that its cause must precede
    order: float = Field(default=0.6, gt=0.5, le=1)  # of the shared ones, in which the cause comes first
    lift: float = Field(default=1.5, ge=1)  # how much likelier a symptom must be where its cause failed


@dataclass(frozen=True, slots=True)
class Link:
    """`symptom` is explained by `cause` in `share` of its failures; `kind` says how that is known."""

    symptom: str
    cause: str
    share: float
    shared: int
    lag_ns: int
    kind: str  # traces | instances | revisions | onset | named | guilt | called | deploy
    traces: tuple[str, ...] = ()

    @property
    def units(self) -> int:
        """Failures of the symptom that `share` is of."""
        return max(self.shared, round(self.shared / self.share)) if self.share else 0

    def edge(self) -> Explains:
        """The link as it is told."""
        return Explains(self.cause, self.symptom, self.shared, self.units, self.lag_ns, self.kind, self.traces)
