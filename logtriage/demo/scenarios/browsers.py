"""Tests that look like people: browsers that a program drives, which only their spans tell from others."""

from logtriage.demo.clock import HOUR
from logtriage.demo.conditions import asked_by, between, both, on, share
from logtriage.demo.scenarios.draft import Draft, story

__all__ = ["STORIES"]

_HOURS = 28


def driven_browsers(draft: Draft) -> None:
    """The suite's own requests begin to fail in the hour after an innocent deploy; people on the same routes do not."""
    at_ns = draft.hour(11, 16)
    draft.calm(7, at_ns - HOUR)
    if draft.rng.random() < 0.5:  # noqa: PLR2004 - with an innocent deploy, or without
        draft.deploy("backend", at_ns - draft.minutes(4, 40))
    draft.settle()
    draft.stage.traffic.drive_browsers()
    draft.stage.traffic.sampled_share = 0.6
    mark = draft.root(
        "S1", "driven browsers fail", "backend", kind="suite_error", cause_type="test_traffic", is_test_traffic=True,
        severity="P3",
    )  # fmt: skip
    when = both(
        between(at_ns, draft.stage.end_ns), asked_by("tests"), on("backend.create", "backend.search"), share(0.9)
    )
    draft.fails(mark, when, "defect", "backend")


STORIES = {"driven_browsers": story("driven_browsers", _HOURS, driven_browsers, is_innocent=True)}
