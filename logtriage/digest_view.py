"""What `logtriage digest --dry-run` shows: for each channel what would be sent, as text or as JSON. No I/O."""

from collections.abc import Sequence
from typing import Any

from logtriage.digesting import Plan, Planned
from logtriage.escape import plain
from logtriage.message import Message
from logtriage.wording import plural

__all__ = ["plan_json", "plan_text"]

_NOTHING = "Nothing to say, nothing sent.\n"


def plan_text(plans: Sequence[Plan]) -> str:
    """A part for each channel; without channels the messages alone."""
    return "\n".join(_plan(one) for one in plans)


def plan_json(plans: Sequence[Plan]) -> list[dict[str, Any]]:
    """The same for machines, with the body of a ticket in full."""
    return [
        {
            "channel": one.channel,
            "kind": one.kind,
            "waiting": one.waiting,
            "note": one.note,
            "messages": [_message_json(planned) for planned in one.messages],
        }
        for one in plans
    ]


def _plan(plan: Plan) -> str:
    told = "\n".join(_message(one) for one in plan.messages) or _NOTHING
    if not plan.channel:
        return told
    waiting = f", {plan.waiting} left from before" if plan.waiting else ""
    head = f"== {plain(plan.channel, 60)} ({plan.kind}): {plural(len(plan.messages), 'message')}{waiting}\n"
    note = f"   {plain(plan.note, 300)}\n" if plan.note else ""
    return f"{head}{note}{told}"


def _message(planned: Planned) -> str:
    message = planned.message
    rows = [f"{message.sign} {message.headline}"]
    if planned.steps is not None:
        where = f" at {plain(planned.place.url or planned.place.id, 200)}" if planned.place else ""
        rows.append(f"  {message.act}: {', '.join(planned.steps) or 'nothing to do'}{where}")
    elif message.act in {"change", "edit"}:
        rows.append(f"  {message.act}")
    rows += [f"  NEWS   {plain(message.news, 600)}"] if message.news else []
    rows += [f"  {line.label:<6} {line.text}" for line in message.lines]
    rows += [f"  $ {message.command}"] if message.command else []
    return "\n".join([*rows, f"  {message.footer}", ""])


def _message_json(planned: Planned) -> dict[str, Any]:
    message: Message = planned.message
    return {
        "act": message.act,
        "steps": None if planned.steps is None else list(planned.steps),
        "place": None if planned.place is None else {"id": planned.place.id, "url": planned.place.url},
        "incident_id": message.incident_id,
        "state": message.state,
        "priority": message.priority,
        "service": message.service,
        "title": message.title,
        "headline": f"{message.sign} {message.headline}",
        "news": message.news,
        "lines": [{"label": line.label, "text": line.text} for line in message.lines],
        "command": message.command,
        "links": [{"label": link.label, "url": link.url} for link in message.links],
        "body": message.body,
        "is_over": message.is_over,
    }
