"""Blocks of Slack's messages against its published types (npm: @slack/types), and its limits, which types do not carry.

Messages of the demo's incidents and of a delivery, hostile texts, texts as long as can be. Before that, blocks with a
known mistake each, so that a check which finds nothing is no check. What was checked is drawn as a page to look at.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.store import Store
from collector.window import NS_PER_S, Window
from logtriage import pipeline
from logtriage.config import load_config
from logtriage.digest import build_digest
from logtriage.notifiers.block_kit import Extras, message_blocks, news_blocks
from tests.support.block_rules import block_fault
from tests.support.slack_channel import CHANGE, EDIT, OPEN, deliver, web_channel
from tests.support.slack_messages import slack_messages
from tests.support.slack_server import serve_slack
from tests.web.slack_page import slack_page

__all__ = ["check_slack"]

HERE = Path(__file__).resolve().parent
_DAY_NS = 86_400 * NS_PER_S
_TSC = ("--noEmit", "--strict", "--skipLibCheck", "--pretty", "false", "--module", "nodenext", "--moduleResolution",
        "nodenext", "--target", "esnext")  # fmt: skip
_ADDED = Extras(verdict="*Right?*  :white_check_mark: or :x: here, or `right` or `wrong: why` in the thread")
_MISTAKES: tuple[dict[str, Any], ...] = (
    {"type": "header", "text": {"type": "mrkdwn", "text": "a header is plain"}},
    {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "colour": "red"},
    {"type": "paragraph", "text": {"type": "mrkdwn", "text": "x"}},
    {"type": "section", "text": {"type": "mrkdwn", "text": "x", "verbatim": "yes"}},
    {"type": "context"},
)


def check_slack(stores: Sequence[Path], picture: Path) -> int:
    """How many messages are as Slack describes them; SystemExit with the first that is not. Draws those of `stores`."""
    told = {path.parent.name: _of_store(path) for path in stores}
    every = {
        **{f"{name} {at}": blocks for name, all_blocks in told.items() for at, blocks in enumerate(all_blocks, 1)},
        **{f"delivery {at}": blocks for at, blocks in enumerate(_of_delivery(), 1)},
        **{name: message_blocks(message, Extras("odd", news_first=True)) for name, message in slack_messages().items()},
        **{f"news of {name}": news_blocks(message) for name, message in slack_messages().items()},
    }
    for name, blocks in every.items():
        if fault := block_fault(blocks):
            sys.exit(f"Slack would refuse the message `{name}` with {fault}.")
    found = _typed({f"mistake {at}": [block] for at, block in enumerate(_MISTAKES)})
    if len(found) != len(_MISTAKES):
        sys.exit(f"Slack's types find {len(found)} of {len(_MISTAKES)} known mistakes: this check is none.")
    wrong = _typed(every)
    if wrong:
        sys.exit("\n".join(f"Slack's types refuse `{name}`: {why}" for name, why in wrong.items()))
    picture.write_text(slack_page([blocks for all_blocks in told.values() for blocks in all_blocks]), encoding="utf-8")
    return len(every)


def _of_store(path: Path) -> list[list[dict[str, Any]]]:
    """The digest's messages of a demo's store."""
    config = load_config(None, db=path)
    with Store(config.store).read_aside() as reader:
        end_ns = int(reader.sql("select max(at_ns) from entries").item()) + 1
    found = pipeline.analyse(config, window=Window(end_ns - _DAY_NS, end_ns), now_ns=end_ns)
    return [message_blocks(message, _ADDED) for message in build_digest(found).messages]


def _of_delivery() -> list[list[dict[str, Any]]]:
    """What the channel sends over an incident's life."""
    with serve_slack() as server:
        web = web_channel(server)
        place = deliver(web, OPEN)
        for at, message in enumerate((EDIT, CHANGE)):
            deliver(web, message, place, delivery_id=f"d{at}")
        return [body["blocks"] for method, body in server.asked if method in ("chat.postMessage", "chat.update")]


def _typed(blocks: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, str]:
    """What the compiler says of each that is not right, by name."""
    names = [*blocks]
    rows = [f"export const m{at}: KnownBlock[] = {json.dumps(blocks[name])};" for at, name in enumerate(names)]
    with tempfile.TemporaryDirectory(dir=HERE) as folder:
        source = Path(folder) / "blocks.ts"
        source.write_text("\n".join(['import type { KnownBlock } from "@slack/types";', *rows, ""]), encoding="utf-8")
        compiler = HERE / "node_modules" / ".bin" / "tsc"
        done = subprocess.run([compiler, *_TSC, source], cwd=HERE, capture_output=True, text=True, check=False)
    found = re.findall(r"blocks\.ts\((\d+),\d+\): error (.*)", done.stdout)
    if done.returncode and not found:
        sys.exit(f"The compiler of TypeScript failed: {done.stdout[:400]}{done.stderr[:400]}")
    return {names[int(row) - 2] if int(row) > 1 else "the import": why for row, why in reversed(found)}


if __name__ == "__main__":
    where = Path(sys.argv[1])
    checked = check_slack(sorted((where / "stores").glob("*/demo.duckdb")), where / "slack.html")
    sys.stdout.write(f"{checked} messages of Slack are as its types and limits have them\n")
