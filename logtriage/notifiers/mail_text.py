"""A message as a mail: headers that no log text can add to, plain text, and the same as HTML. No I/O."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

from logtriage.escape import plain
from logtriage.message import Message

__all__ = ["ADDRESS", "mail_of", "message_id"]

ADDRESS = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$"
_SUBJECT = 200
_TEXT = 2000  # characters of one line
_NS_PER_S = 1_000_000_000
_REPEAT = "This may have reached you before: the mail server's answer to an earlier attempt was lost."
_STYLE = "font:14px/1.45 sans-serif;color:#1a1a1a;max-width:48em"


def mail_of(
    message: Message, *, delivery_id: str, sender: str, to: Sequence[str], thread: str, is_repeat: bool
) -> EmailMessage:
    """The mail. `thread` is the Message-ID of the first one on the incident, "" for a first one."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = plain(message.title or f"{message.sign} {message.headline}", _SUBJECT)
    mail["From"] = Address("logtriage", addr_spec=sender)
    mail["To"] = tuple(Address(addr_spec=one) for one in to)
    mail["Date"] = datetime.fromtimestamp(message.made_at_ns / _NS_PER_S, UTC)
    mail["Message-ID"] = message_id(delivery_id, sender)
    if thread:
        mail["In-Reply-To"] = thread
        mail["References"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(_text(message, is_repeat=is_repeat), cte="quoted-printable")
    mail.add_alternative(_html(message, is_repeat=is_repeat), subtype="html", cte="quoted-printable")
    # A boundary by chance would make two attempts at one mail differ.
    mail.set_boundary(f"=_logtriage_{hashlib.sha256(delivery_id.encode(errors='replace')).hexdigest()[:32]}")
    return mail


def message_id(delivery_id: str, sender: str) -> str:
    """The same for each attempt at one delivery: `<logtriage.HASH@DOMAIN OF THE SENDER>`."""
    told = hashlib.sha256(delivery_id.encode(errors="replace")).hexdigest()[:40]
    return f"<logtriage.{told}@{sender.rpartition('@')[2]}>"


def _text(message: Message, *, is_repeat: bool) -> str:
    """Plain text, as the terminal tells it."""
    rows = [_REPEAT, ""] if is_repeat else []
    rows += [plain(message.news, _TEXT), ""] if message.news else []
    rows += [f"{message.sign} {plain(message.headline, _TEXT)}".strip(), ""]
    rows += [f"{plain(line.label, 20):<7} {plain(line.inline, _TEXT)}".rstrip() for line in message.lines]
    rows += ["", f"  $ {plain(message.command, 20_000)}"] if message.command else []
    links = [f"{plain(link.label, 80)}: {link.url}" for link in message.links if _is_web(link.url)]
    return "\n".join([*rows, *([""] if links else []), *links, "", "-- ", plain(message.footer, _TEXT), ""])


def _html(message: Message, *, is_repeat: bool) -> str:
    """The same as HTML without images, scripts or links of log text."""
    parts = [f"<p><em>{_REPEAT}</em></p>"] if is_repeat else []
    parts += [f"<p><strong>{_safe(message.news)}</strong></p>"] if message.news else []
    parts.append(f"<h2 style='font-size:17px'>{_safe(f'{message.sign} {message.headline}')}</h2>")
    rows = "".join(
        f"<tr><th style='text-align:left;vertical-align:top;padding-right:1em'>{_safe(line.label)}</th>"
        f"<td>{_safe(line.inline)}</td></tr>"
        for line in message.lines
    )
    parts += [f"<table>{rows}</table>"] if rows else []
    if message.command:
        parts.append(f"<pre style='white-space:pre-wrap'>{escape(plain(message.command, 20_000))}</pre>")
    links = " · ".join(
        f"<a href='{escape(link.url)}'>{_safe(link.label)}</a>" for link in message.links if _is_web(link.url)
    )
    parts += [f"<p>{links}</p>"] if links else []
    parts.append(f"<p style='color:#666'>{_safe(message.footer)}</p>")
    return f"<!doctype html><html><body style='{_STYLE}'>{''.join(parts)}</body></html>\n"


def _safe(text: str) -> str:
    return escape(plain(text, _TEXT))


def _is_web(url: str) -> bool:
    return re.fullmatch(r"https?://[!-~]{1,4000}", url) is not None
