"""`logtriage check` on one page: a text without its secrets -> claims -> findings and rows -> answers."""

import os
import re
import secrets
from typing import TYPE_CHECKING

from msgspec import Struct

from classifiers.findings import Findings
from collector.window import Window
from logtriage.config import Config
from logtriage.errors import ConfigError

if TYPE_CHECKING:
    from classifiers.claims.records import Checked
    from collector.normalise.redact import Redactor

__all__ = ["CheckResult", "check", "without_secrets"]

_FAR_FUTURE_NS = 2**62
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


class CheckResult(Struct, frozen=True):
    """Every claim of a text with its answer. `window_from` says who named the window: options, the text, the store."""

    name: str
    checked: "tuple[Checked, ...]"
    sentences: int
    skipped: int  # lines of code blocks
    window_from: str
    findings: Findings
    main: str  # what sentences are about that do not say it; "" where that is not known


def check(config: Config, text: str, *, name: str, since_ns: int | None, until_ns: int | None) -> CheckResult:
    """The claims of a text, held against what is stored; stores nothing.

    The store is opened twice: for the analysis of the window, and for what the claims ask.
    """
    from classifiers.claims.checking import check_claims, read_names, stated_window  # noqa: PLC0415 - keeps `--help` quick
    from classifiers.claims.reading import read_claims  # noqa: PLC0415 - as above
    from classifiers.classify import conclude, read  # noqa: PLC0415 - as above
    from collector.store import Store  # noqa: PLC0415 - as above

    store = Store(config.store)
    safe = without_secrets(text, _redactor(config))
    end_ns = _FAR_FUTURE_NS if until_ns is None else until_ns
    with store.read_aside() as reader:
        bounds = reader.frame("find_bounds", end_ns=end_ns)
        first_ns, last_ns = bounds["first_ns"][0], bounds["last_ns"][0]
        if first_ns is None:
            raise ConfigError(f"There is nothing in `{store.path}` to check against. Import or collect the logs first.")
        names, _ = read_names(reader, end_ns=end_ns)
        window = Window(first_ns if since_ns is None else since_ns, last_ns + 1 if until_ns is None else until_ns)
        told = read_claims(safe, names, window)
        origin = "the store" if since_ns is until_ns is None else "the options"
        stated = stated_window(told.window)
        if stated is not None and since_ns is until_ns is None:
            window, origin = stated, "the text"
            told = read_claims(safe, names, window)
        reading = read(reader, window=window, config=config)
    findings = conclude(reading, now_ns=window.end_ns, config=config)
    with store.read_aside() as reader:
        names, revisions = read_names(reader, end_ns=window.end_ns)
        answered = check_claims(
            told.claims, reader=reader, findings=findings, bounds=(first_ns, last_ns), names=names, revisions=revisions
        )
    return CheckResult(name, answered.checked, told.sentences, told.skipped, origin, findings, answered.main)


def without_secrets(text: str, redactor: "Redactor") -> str:
    """The text as it may be shown, with as many lines as before."""
    lines = _KEY_BLOCK.sub(lambda found: "<private_key>" + "\n" * found[0].count("\n"), text).splitlines()
    return "\n".join(redactor.text(line) for line in lines)


def _redactor(config: Config) -> "Redactor":
    """With the key of the store, so that an address in the text is told as in its entries; nothing is written."""
    from collector.normalise.redact import KEY_VARIABLE, Redactor, load_key  # noqa: PLC0415 - as above

    path = config.store.path.with_name(f"{config.store.path.name}.key")
    key = load_key(path) if path.is_file() or os.environ.get(KEY_VARIABLE) else secrets.token_bytes(32)
    return Redactor(key, config.redact)
