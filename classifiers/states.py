"""The words of a verdict that are one of few: cause, state, priority, origin, fault. No I/O."""

from typing import Literal

__all__ = ["Cause", "Fault", "Origin", "Priority", "State"]

Cause = Literal[
    "revision", "dependency", "traffic", "secret_rotation", "certificate", "client", "test_harness", "unknown"
]
State = Literal["new", "ongoing", "resolved", "regressed", "standing", "muted"]
Priority = Literal["P0", "P1", "P2", "P3"]
Origin = Literal["users", "tests", "both", "health_checks", "scanners", "unknown"]
Fault = Literal["product", "configuration", "dependency", "platform", "test_harness", "client", "unknown"]
