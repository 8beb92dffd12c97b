"""The page of `logtriage regroup`: what rules and new signatures change, and proposals with lines to paste."""

import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import asdict

from classifiers.service_names import plain_name
from collector.window import format_ns
from logtriage.escape import plain
from logtriage.wording import day_clock, join_words, plural

if TYPE_CHECKING:
    from classifiers.alike import Alike, Member
    from classifiers.preview import ClusterLine, Effect
    from classifiers.resigning import Resigned
    from logtriage.pipeline import RegroupResult

__all__ = ["EffectView", "ProposalView", "RegroupView", "quoted_id", "regroup_bytes", "resigned_line", "view_regroup"]

_MEMBERS_SHOWN = 6
_WORDS_SHOWN = 8
_REVISIONS_SHOWN = 3
_TITLE = 100


class EffectView(Struct, frozen=True):
    """One rule: what it does, and the clusters before and after."""

    heading: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class ProposalView(Struct, frozen=True):
    """Signatures that read alike: what they share, in what they differ, and the rule that would merge them."""

    heading: str
    note: str
    members: tuple[tuple[str, str], ...]  # id, and what is known of it
    more: str
    lines: tuple[str, ...]  # of config.yaml, below `rules:`


class RegroupView(Struct, frozen=True):
    """The context of regroup.md.j2 and of the terminal's page. Texts are plain, times UTC."""

    title: str
    verdict: str
    signing: tuple[str, ...]
    effects: tuple[EffectView, ...]
    warnings: tuple[str, ...]
    proposals: tuple[ProposalView, ...]
    kept_apart: str
    where: str
    nothing: str


def view_regroup(result: "RegroupResult", *, is_preview: bool) -> RegroupView:
    """The page; of a run that is no preview without proposals."""
    preview = result.preview
    many = len(preview.effects)
    span = ""
    if preview.first_ns is not None and preview.last_ns is not None:
        span = f", {day_clock(preview.first_ns)} -> {day_clock(preview.last_ns)} UTC"
    over = f"{plural(preview.entries, 'failing entry', 'failing entries')} of {plural(preview.signatures, 'signature')}"
    proposals = preview.proposals if is_preview else ()
    kept_apart = f"{plural(preview.kept_apart, 'more group')} read alike and differ in a code or an exception's type"
    return RegroupView(
        title=f"{plural(many, 'rule')} over {over}{span}",
        verdict=_verdict(result),
        signing=_signing(result, is_preview=is_preview),
        effects=tuple(_effect(one) for one in preview.effects),
        warnings=tuple(plain(warning, 400) for warning in preview.warnings),
        proposals=tuple(_proposal(one) for one in proposals),
        kept_apart=kept_apart if preview.kept_apart and is_preview else "",
        where="config.yaml, under `clusters:` and `rules:`" if proposals else "",
        nothing="nothing reads alike that is not one cluster" if is_preview and not proposals else "",
    )


def resigned_line(resigned: "Resigned") -> str:
    """One line for stderr: that history was signed anew, by which rules, and what that changed."""
    before = join_words([str(one) for one in resigned.rules_before], 3) or "older ones"
    changed = f"{plural(resigned.kept.height, 'signature')} went on under a new id"
    merged, split = resigned.merged["new_id"].n_unique(), resigned.split["old_id"].n_unique()
    moved = f"{plural(merged, 'merge')}, {plural(split, 'split')}"
    return (
        f"signed {plural(resigned.records, 'stored record')} anew by rules {resigned.rules} (before: {before}): "
        f"{changed}, {moved}; ids of before stay valid"
    )


def regroup_bytes(result: "RegroupResult") -> bytes:
    """The preview as JSON, ending in a newline."""
    preview = result.preview
    told = {
        "rules_version": result.rules,
        "first": _time(preview.first_ns),
        "last": _time(preview.last_ns),
        **{
            name: getattr(preview, name)
            for name in ("entries", "signatures", "clusters_before", "clusters_after", "moved", "kept_apart")
        },
        "rules": [_effect_json(effect) for effect in preview.effects],
        "warnings": list(preview.warnings),
        "proposals": [_proposal_json(one) for one in preview.proposals],
        "signing": None if result.resigned is None else _resigned_json(result.resigned),
    }
    return (json.dumps(told, ensure_ascii=True, indent=2) + "\n").encode()


def quoted_id(name: str) -> str:
    """The id as YAML keeps it a text: in quotes where it reads like a number."""
    return f'"{name}"' if name.replace("e", "", 1).isdigit() else name


def _verdict(result: "RegroupResult") -> str:
    preview = result.preview
    if not preview.effects:
        return f"no rules in config.yaml: {plural(preview.clusters_after, 'cluster')}"
    merges = sum(one.rule.verb == "merge" and bool(one.before) for one in preview.effects)
    splits = sum(one.rule.verb == "split" and bool(one.before) for one in preview.effects)
    return (
        f"merges {merges:,}, splits {splits:,}, moves {plural(preview.moved, 'entry', 'entries')}: "
        f"{plural(preview.clusters_before, 'cluster')} without rules, {preview.clusters_after:,} with them"
    )


def _signing(result: "RegroupResult", *, is_preview: bool) -> tuple[str, ...]:
    resigned = result.resigned
    if resigned is None:
        return (f"history is signed by rules {result.rules}, those of this logtriage",)
    if not is_preview:
        return (resigned_line(resigned),)
    lines = [resigned_line(resigned).replace("signed", "would sign", 1).replace("went on", "would go on")]
    lines += [f"{plural(resigned.gone, 'entry', 'entries')} would lose its signature"] * bool(resigned.gone)
    lines += [f"{plural(resigned.fresh, 'entry', 'entries')} would get a first one"] * bool(resigned.fresh)
    lines += [f"merge: {old} -> {new}, {plural(many, 'entry', 'entries')}" for old, new, many in resigned.merged.rows()]
    lines += [f"split: {old} -> {new}, {plural(many, 'entry', 'entries')}" for old, new, many in resigned.split.rows()]
    return (*lines, "nothing is changed yet: `logtriage regroup` does it, and so does the next import or collect")


def _effect(effect: "Effect") -> EffectView:
    rule = effect.rule
    head = f"clusters.rules[{effect.number}] {rule.verb} {', '.join(plain(name, 80) for name in rule.names)}"
    does = f"moves {plural(effect.moved, 'entry', 'entries')}" if effect.before else "changes nothing"
    why = f" ({plain(rule.why, 200)})" if rule.why else ""
    return EffectView(
        heading=f"{head}: {does}{why}",
        before=tuple(_line(one) for one in effect.before),
        after=tuple(_line(one) for one in effect.after),
    )


def _line(cluster: "ClusterLine") -> str:
    title = plain(cluster.title, _TITLE)
    many = plural(cluster.entries, "entry", "entries")
    return f"{cluster.cluster_id} {plain(cluster.service, 60) or 'no service'}: {title}, {many}"


def _proposal(alike: "Alike") -> ProposalView:
    shown, rest = alike.members[:_MEMBERS_SHOWN], alike.members[_MEMBERS_SHOWN:]
    met, of = alike.together
    together = "never together" if not met else f"together in {met:,} of {of:,} moments of the rarest"
    service = plain(alike.service, 60) or "no service"
    what = plain(alike.template, 200)
    if alike.kind == "frames":
        what = f"{what or 'exceptions'} from one place of the code"
    return ProposalView(
        heading=f"{service}: {what}",
        note=f"{plural(len(alike.members), 'signature')}, {plural(alike.entries, 'entry', 'entries')}, {together}; "
        "they differ in",
        members=tuple((one.signature_id, _member(one, service)) for one in shown),
        more=f"{len(rest):,} more" if rest else "",
        lines=_accept(alike),
    )


def _member(member: "Member", service: str) -> str:
    words = " ".join(plain(word, 60) for word in member.words[:_WORDS_SHOWN]) or "(nothing of its own)"
    names = [plain(one, 80).removeprefix(f"{plain_name(service)}-") for one in member.revisions]
    seen = f"; {join_words(names, _REVISIONS_SHOWN)}" if names else ""
    return f"{words}   {plural(member.entries, 'entry', 'entries')}{seen}"


def _accept(alike: "Alike") -> tuple[str, ...]:
    if alike.template_id is not None:
        first = f"- merge: [{quoted_id(alike.template_id)}]  # {plain(alike.template, _TITLE)}"
    else:
        first = f"- merge: [{', '.join(quoted_id(one.signature_id) for one in alike.members)}]"
    return (first, *([f"  service: {json.dumps(alike.service)}"] if alike.service else []))


def _effect_json(effect: "Effect") -> dict[str, Any]:
    return {
        "number": effect.number,
        "verb": effect.rule.verb,
        "names": list(effect.rule.names),
        "service": effect.rule.service,
        "why": effect.rule.why,
        "moved": effect.moved,
        "before": [asdict(one) for one in effect.before],
        "after": [asdict(one) for one in effect.after],
    }


def _proposal_json(alike: "Alike") -> dict[str, Any]:
    return {
        "kind": alike.kind,
        "project": alike.project,
        "service": alike.service,
        "template": alike.template,
        "template_id": alike.template_id,
        "together": {"met": alike.together[0], "of": alike.together[1]},
        "members": [_member_json(one) for one in alike.members],
        "accept": list(_accept(alike)),
    }


def _member_json(member: "Member") -> dict[str, Any]:
    told = asdict(member)
    first, last = told.pop("first_ns"), told.pop("last_ns")
    return {**told, "first": _time(first), "last": _time(last)}


def _resigned_json(resigned: "Resigned") -> dict[str, Any]:
    return {
        "rules_before": list(resigned.rules_before),
        "rules": resigned.rules,
        "records": resigned.records,
        "renamed": resigned.kept.rows(),
        "merged": resigned.merged.rows(),
        "split": resigned.split.rows(),
        "entries_gone": resigned.gone,
        "entries_fresh": resigned.fresh,
    }


def _time(at_ns: int | None) -> str | None:
    return None if at_ns is None else format_ns(at_ns, digits=9)
