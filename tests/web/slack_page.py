"""Block Kit as a page that looks as Slack shows it, to be looked at; knows only what our messages use."""

import html
import re
from collections.abc import Sequence
from typing import Any

__all__ = ["slack_page"]

_STYLE = """<style>
body{margin:0;padding:24px;background:#fff;color:#1d1c1d;font:15px/1.466 Lato,'Helvetica Neue',Arial,sans-serif}
.message{max-width:700px;padding:8px 20px 8px 56px;position:relative;margin-bottom:18px;overflow-wrap:anywhere}
.message::before{content:"";position:absolute;left:12px;top:10px;width:36px;height:36px;border-radius:6px;background:#3f6}
.app{font-weight:900}.app small{font-weight:400;color:#616061;font-size:12px;margin-left:6px}
.header{font-size:18px;font-weight:900;line-height:1.33;margin:8px 0 4px}
.section{margin:8px 0}.context{margin:6px 0;font-size:13px;color:#616061;line-height:1.385}
pre{margin:4px 0;padding:8px;border:1px solid #ddd;border-radius:4px;background:#f8f8f8;font:12px/1.5 Menlo,monospace;
white-space:pre-wrap;overflow-wrap:anywhere}
code{padding:2px 3px 1px;border:1px solid #ddd;border-radius:3px;background:#f8f8f8;color:#c01343;
font:12px/1.5 Menlo,monospace}
a{color:#1264a3;text-decoration:none}blockquote{border-left:4px solid #ddd;margin:0;padding-left:12px}
</style>"""
_APP = '<div class="app">logtriage<small>APP 03:12</small></div>'
_EMOJI = {":white_check_mark:": "\u2705", ":x:": "\u274c"}
_STYLES = (("*", "b"), ("_", "i"), ("~", "s"))


def slack_page(messages: Sequence[Sequence[dict[str, Any]]]) -> str:
    """A page of messages, each a list of blocks."""
    shown = "".join(f'<div class="message">{_APP}{_message(one)}</div>' for one in messages)
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Slack</title>{_STYLE}{shown}</html>'


def _message(blocks: Sequence[dict[str, Any]]) -> str:
    return "".join(_block(block) for block in blocks)


def _block(block: dict[str, Any]) -> str:
    kind = block["type"]
    texts = block["elements"] if kind == "context" else [block["text"]]
    return f'<div class="{kind}">{"".join(map(_text, texts))}</div>'


def _text(text: dict[str, Any]) -> str:
    if text["type"] == "plain_text":
        return html.escape(text["text"])
    parts = re.split(r"```(.+?)```", text["text"], flags=re.DOTALL)
    return "".join(f"<pre>{part}</pre>" if at % 2 else _lines(part) for at, part in enumerate(parts))


def _lines(text: str) -> str:
    return "<br>".join(_line(line) for line in text.split("\n"))


def _line(text: str) -> str:
    """One line; what is code has no other style in it."""
    parts = re.split(r"(?<![A-Za-z0-9])`([^`]+)`(?![A-Za-z0-9])", text)
    shown = "".join(f"<code>{part}</code>" if at % 2 else _styled(part) for at, part in enumerate(parts))
    return f"<blockquote>{shown[4:]}</blockquote>" if shown.startswith("&gt;") else shown


def _styled(text: str) -> str:
    """Text styled as generously as any reading of Slack's rules would have it."""
    shown = re.sub(r"<([^|<>]+)\|([^<>]+)>", r'<a href="\1">\2</a>', text)
    for name, sign in _EMOJI.items():
        shown = shown.replace(name, sign)
    for mark, tag in _STYLES:
        sign = re.escape(mark)
        shown = re.sub(
            rf"(?<![A-Za-z0-9]){sign}(\S(?:[^{sign}]*?\S)?){sign}(?![A-Za-z0-9])", rf"<{tag}>\1</{tag}>", shown
        )
    return shown
