"""Tickets as Markdown, for the official parser of their diagrams, and as a page that looks as GitHub shows one."""

import html
import re
from pathlib import Path
from typing import cast

from markdown_it import MarkdownIt  # comes with rich

from classifiers.findings import Findings
from classifiers.followed import Tracked
from collector.replacing import replace
from logtriage.notifiers.marker import Marker, marked
from logtriage.ticket_view import comment, reply_text, ticket
from tests.support.drawn import HOSTILE, drawn_findings, hostile_findings
from tests.support.hostile import poisoned
from tests.support.tickets import incident_message, tracked, verification

__all__ = ["write_tickets"]

_MERMAID = (Path(__file__).resolve().parent / "node_modules/mermaid/dist/mermaid.min.js").as_uri()
_STYLE = """<style>
body{font:14px/1.5 "Segoe UI",Helvetica,Arial,sans-serif;max-width:870px;margin:24px auto;padding:0 16px;color:#1f2328}
h1{font-weight:400;font-size:26px}h3{font-size:17px}section{border:1px solid #d1d9e0;border-radius:6px;padding:16px}
section+section{margin-top:16px}
table{border-collapse:collapse;display:block;overflow:auto}td,th{border:1px solid #d1d9e0;padding:6px 13px}
tr:nth-child(2n){background:#f6f8fa}code{background:#eff1f3;padding:.2em .4em;border-radius:6px;font-size:85%}
pre{background:#f6f8fa;padding:16px;overflow:auto;border-radius:6px}pre code{background:none;padding:0}
blockquote{border-left:.25em solid #d1d9e0;color:#59636e;margin:0 0 16px;padding:0 1em}hr{border:0;height:4px;
background:#d1d9e0}.box{list-style:none}</style>"""


def write_tickets(folder: Path) -> list[Path]:
    """`ticket.md`, hostile ones beside it, and `ticket.html` with a comment; gives the Markdown files."""
    found = drawn_findings()
    story = tracked(verifications=(verification(), verification(verdict="VERIFIED", attempts=41)))
    told = ticket(found, story)
    texts = {"ticket": told.body}
    for at, text in enumerate(HOSTILE):
        spoilt = cast("Tracked", poisoned(cast("Findings", story), text))
        texts[f"ticket-hostile-{at}"] = ticket(hostile_findings(text), replace(spoilt, number=1)).body
    for name, body in texts.items():
        (folder / f"{name}.md").write_text(marked(body, Marker("i", "d")), encoding="utf-8")
    answer = reply_text(incident_message(news="Worse: P0, was P1.", comment=comment(found, story)))
    page = f"<h1>{html.escape(told.title)}</h1>{_section(told.body)}{_section(answer)}"
    run = f'<script src="{_MERMAID}"></script><script>mermaid.initialize({{startOnLoad: true}})</script>'
    (folder / "ticket.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Ticket</title>{_STYLE}{page}{run}</html>',
        encoding="utf-8",
    )
    return [folder / f"{name}.md" for name in texts]


def _section(text: str) -> str:
    """Markdown with tables, boxes to tick and diagrams; what is folded is open, to be seen."""
    shown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    shown = re.sub(
        r'<pre><code class="language-mermaid">(.*?)</code></pre>',
        r'<pre class="mermaid">\1</pre>',
        shown,
        flags=re.DOTALL,
    )
    for mark, state in (("[ ] ", ""), ("[x] ", " checked")):
        shown = shown.replace(f"<li>{mark}", f'<li class="box"><input type="checkbox" disabled{state}> ')
    return f"<section>{shown.replace('<details>', '<details open>')}</section>"
