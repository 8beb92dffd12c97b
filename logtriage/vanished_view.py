"""Keys that a deploy dropped, in words: for the report's WARN lines and for the digest's warnings. No I/O."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from classifiers.findings import Change, VanishedKey
from logtriage.escape import plain
from logtriage.lookup import Lookup
from logtriage.shell import run_target
from logtriage.undo import setting_options
from logtriage.wording import clock, join_words, plural, short_revision

__all__ = ["by_deploy", "drop_words", "error_words", "key_note", "present_words", "restore_line", "vanished_rows"]

_KEYS_SHOWN = 6
_SERVICES_SHOWN = 3


def vanished_rows(keys: Iterable[VanishedKey], lookup: Lookup) -> list[tuple[str, str]]:
    """Title and note of each deploy that dropped keys; those of one deploy that share a note are told together."""
    rows = []
    for deploy in by_deploy(keys):
        notes: dict[str, list[VanishedKey]] = {}
        for key in deploy:
            notes.setdefault(_note(key, lookup), []).append(key)
        rows += [(_title(group, lookup), note) for note, group in notes.items()]
    return rows


def by_deploy(keys: Iterable[VanishedKey]) -> list[list[VanishedKey]]:
    """The keys of each deploy, in the order in which they come."""
    return [list(group) for _, group in groupby(keys, key=lambda one: (one.project, one.service, one.revision))]


def _title(keys: Sequence[VanishedKey], lookup: Lookup) -> str:
    first = keys[0]
    revision = short_revision(first.revision, first.service)
    when = clock(first.at_ns, lookup.near)
    return f"{plain(first.service, 80)} {revision} {when} drops {drop_words(keys)}"


def drop_words(keys: Sequence[VanishedKey], limit: int = _KEYS_SHOWN) -> str:
    """`A, B and the mounted secret pay-cert`."""
    return join_words((_name(key) for key in keys), limit)


def _name(key: VanishedKey) -> str:
    return f"the mounted secret {plain(key.key, 80)}" if key.kind == "mounted secret" else plain(key.key, 80)


def _note(key: VanishedKey, lookup: Lookup) -> str:
    return "; ".join(filter(None, (present_words(key), key_note(key), error_words(key, lookup))))


def present_words(key: VanishedKey) -> str:
    """`present in the 40 revisions before`, and what is not known in between."""
    before = "revision" if key.present_in == 1 else f"{key.present_in:,} revisions"
    told = f"present in the {before} before"
    if key.unknown_between:
        told += f", of {plural(key.unknown_between, 'revision')} in between it is not known"
    return told


def key_note(key: VanishedKey) -> str:
    """What became of the key: renamed, restored, kept by others; "" where nothing is known."""
    told = []
    if key.renamed_to:
        told.append(f"renamed to {plain(key.renamed_to, 80)}?")
    if key.restored_in:
        told.append(f"back with {short_revision(key.restored_in, key.service)}")
    if key.kept_by:
        told.append(f"still in {join_words((plain(name, 60) for name in key.kept_by), _SERVICES_SHOWN)}")
    return "; ".join(told)


def error_words(key: VanishedKey, lookup: Lookup) -> str:
    """`errors since: #1`, `no error yet`, or why there can be none."""
    if key.errors_since:
        numbers = sorted({one.number for name in key.cluster_ids if (one := lookup.incident_of(name))})
        told = join_words((f"#{number}" for number in numbers), _KEYS_SHOWN)
        return f"errors since: {told}" if told else "errors since"
    if not key.took_traffic:
        return "no traffic yet, so no error can show"
    is_failing = any(
        one.service == key.service and key.project in {"", one.project} and one.last_ns >= key.at_ns
        for one in lookup.findings.clusters
    )
    return "no error tied to it yet" if is_failing else "no error yet"


def restore_line(keys: Sequence[VanishedKey]) -> str:
    """The command that gives the variables of one deploy back; "" where there is none to copy."""
    known = [key for key in keys if key.was and key.kind == "variable" and "/" not in key.key]
    wanted = [Change("env_removed", key.key, key.was) for key in known]
    if not wanted or len(wanted) > _KEYS_SHOWN:
        return ""
    target = run_target(keys[0].service, keys[0].project, keys[0].location)
    return f"gcloud run services update {target} {setting_options(wanted)}"
