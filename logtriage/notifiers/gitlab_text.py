"""Markdown that is safe in GitLab too: no quick action is run, nobody is mentioned, nothing else is linked.

GitLab takes a line that begins with `/close` for a command, between some fences too, and knows more references than
GitHub: `!1 $1 %"1" ~label ^alert#1 &1 GL-1 [issue:1]`. https://docs.gitlab.com/user/project/quick_actions/ and
https://docs.gitlab.com/user/markdown/#gitlab-specific-references
"""

import re

__all__ = ["gitlab_safe", "gitlab_title"]

_JOINER = "&#8288;"  # shows nothing
_PIECES = re.compile(
    r"(?P<fence>^[ ]*(?P<mark>`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:^[ ]*(?P=mark)[`~]*[ ]*$|\Z))"
    r"|(?P<kept>(?P<ticks>`+)(?!`)[^\n]*?(?<!`)(?P=ticks)(?!`)|\]\([^()\s]*\)|<[^<>\n]*>|&(?!amp;\d)\#?\w+;)",
    re.MULTILINE,
)
_REFERENCES = re.compile(
    r"""[!$%~^@\#](?=[\w"'])|&amp;(?=\d)|\bGL(?=-\d)|(?<=\*)iteration(?=:)"""
    r"|(?<=\[)(?:issue|work_item|epic|vulnerability|feature_flag|cadence|snippet|iteration|contact)(?=:)",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"^([ \t]*)/", re.MULTILINE)
_FENCED_COMMAND = re.compile(r"^/", re.MULTILINE)


def gitlab_safe(markdown: str) -> str:
    """The text, shown as before, with every reference and quick action of its running text broken.

    Between fences a line that begins with a slash is moved by one space. Code, links and tags stay as they are.
    """
    markdown = markdown.replace("\r", "")  # as GitLab does before it looks for commands
    parts, at = [], 0
    for piece in _PIECES.finditer(markdown):
        parts += [_running(markdown[at : piece.start()]), _whole(piece)]
        at = piece.end()
    return "".join([*parts, _running(markdown[at:])])


def gitlab_title(title: str) -> str:
    """A plain title without references, at most 255 characters."""
    return _REFERENCES.sub(lambda found: f"{found[0]}\u2060", title)[:255]


def _running(text: str) -> str:
    broken = _REFERENCES.sub(lambda found: found[0] + _JOINER, text)
    return _COMMAND.sub(r"\1&#47;", broken)


def _whole(piece: re.Match[str]) -> str:
    return _FENCED_COMMAND.sub(" /", piece[0]) if piece["fence"] else piece[0]
