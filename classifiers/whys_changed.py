"""The last answers: what changed in the blamed revision, or outside all revisions, and how that change got in."""

from collections.abc import Iterator, Sequence
from typing import Literal

from classifiers.commits import COMMITS
from classifiers.findings import Attribution, Change, Cluster, Evidence, Hypothesis, VanishedKey, Why
from classifiers.incidents import Member
from classifiers.platform_changes import PlatformChange
from classifiers.whys_ground import WhyGround, join_names, sentence, unknown_step
from collector.records import Revision
from collector.window import format_ns

__all__ = ["IMAGE_LEFT", "changed_steps", "outside_change", "outside_entry"]

IMAGE_LEFT = "rule:only-the-image-is-left"
_Kind = Literal["measured", "inferred"]
_ACCOUNT = "gserviceaccount.com"
_PERSON = "<email:"
_TOOLS = {"console": " in the console"}
_SEVERAL = 2  # variables that vanish at once
_VERSIONED = frozenset({
    "secret_ref_changed", "memory_limit", "cpu_limit", "concurrency", "max_instances", "min_instances", "timeout",
})  # fmt: skip


def changed_steps(root: Member, blamed: Attribution, ground: WhyGround) -> Iterator[Why]:
    """What is different in the blamed revision, then how it was deployed; where the first is not known, that alone."""
    own = ground.revisions.get((root.project, blamed.service, blamed.revision))
    step = _change(root, blamed, own, ground)
    yield step
    if step.kind == "unknown" or blamed.change is None or blamed.change.type == "traffic":
        return
    yield from _entries(blamed, own, ground)


def _change(root: Member, blamed: Attribution, own: Revision | None, ground: WhyGround) -> Why:
    """What is different in the blamed revision, whether the failure names it, and what else changed with it."""
    facts = [fact for fact in blamed.evidence if fact.query in {"find_facts", "rule:named-change", IMAGE_LEFT}]
    names = (*((blamed.good_revision,) if blamed.good_revision else ()), blamed.revision)
    change = blamed.change
    if change is None:
        equal = next((fact for fact in facts if fact.kind == "measured"), None)
        if equal is not None:
            told = f"What is known of {blamed.revision} is the same as of {blamed.good_revision}."
            tell = f"a difference between the two in `gcloud run revisions describe {blamed.revision}`"
            return Why("change", told, "measured", (equal,), (tell,))
        asked = " and ".join(names)
        told = f"What changed in {blamed.revision} is not known."
        tell = f"`gcloud run revisions describe ... --format=json` of {asked}, imported, would tell."
        return unknown_step("change", f"{told} {tell}", names)
    if change.type == "traffic":
        return _traffic(blamed, own, facts)
    rule = next((fact for fact in facts if fact.kind == "inferred"), None)
    told = f"{_change_words(change, blamed, ground)}{_named(rule, change, root)}.{_beside(blamed)}"
    kind: _Kind = "inferred" if rule else "measured"
    rows = tuple(facts) or (Evidence(kind, told, "find_facts", (), (), names),)
    again = (f"a revision with {_article(change)} as it was before that fails all the same",)
    return Why("change", told, kind, rows, again)


def _change_words(change: Change, blamed: Attribution, ground: WhyGround) -> str:
    """`SECRET, in 40 revisions before, is gone in 00622-abc`, `memory went from 512Mi to 256Mi in 00622-abc`."""
    where = f"in {blamed.revision}"
    if change.type == "env_removed":
        key = _vanished(blamed, change, ground)
        run = f", which {key.present_in} revisions before it had," if key and key.present_in > 1 else ""
        kept = _kept(key.kept_by) if key else ""
        was = f" ({change.before})" if change.before and change.before.startswith("secret") else ""
        return f"{change.name}{was}{run} is gone {where}{kept}"
    if change.type == "env_added":
        return f"{change.name} is new {where}"
    if change.type in _VERSIONED and change.before and change.after:
        return f"{change.name} went from {change.before} to {change.after} {where}"
    if change.name in {"", change.type}:
        return f"The {change.type.replace('_', ' ')} changed {where}"
    return f"{change.name} changed {where}"


def _kept(services: Sequence[str]) -> str:
    return f"; {join_names(services)} still {'has' if len(services) == 1 else 'have'} it" if services else ""


def _article(change: Change) -> str:
    return f"the {change.type.replace('_', ' ')}" if change.name in {"", change.type} else change.name


def _named(rule: Evidence | None, change: Change, root: Member) -> str:
    """Whether the failure names what changed, by its rule; that it does not is said of names alone."""
    if rule is None:
        text = f"{root.title}\n{root.sample}" if isinstance(root, Cluster) else ""
        is_silent = change.type.startswith(("env_", "secret_")) and text and change.name.rpartition("/")[2] not in text
        return "; the failure does not name it" if is_silent else ""
    if rule.query == IMAGE_LEFT:
        return ", as far as can be said: all else that is known is equal, and of the image nothing is known"
    if change.type == "image":
        return ", and it is code that fails"
    return ", and the failure names it"


def _beside(blamed: Attribution) -> str:
    """What changed in the same deploy, and what later deploys clear."""
    also = join_names(map(_article, blamed.also_changed))
    cleared = join_names(map(_article, blamed.cleared))
    told = [f"{also} also changed in that deploy and cannot be told apart"] if also else []
    told += [f"later deploys clear {cleared}"] if cleared else []
    return f" {sentence('; '.join(told))}" if told else ""


def _vanished(blamed: Attribution, change: Change, ground: WhyGround) -> VanishedKey | None:
    return next(
        (
            one
            for one in ground.vanished
            if (one.service, one.revision, one.key) == (blamed.service, blamed.revision, change.name)
        ),
        None,
    )


def _traffic(blamed: Attribution, own: Revision | None, facts: Sequence[Evidence]) -> Why:
    """That an older revision was given the traffic, and no deploy."""
    times = f" at {format_ns(own.rolled_back_ns[-1])}" if own and own.rolled_back_ns else ""
    told = f"{blamed.revision} was given the traffic again{times}: nothing was deployed."
    names = (blamed.revision,)
    rows = tuple(facts) or (Evidence("measured", told, "find_facts", own.insert_ids[:5] if own else (), (), names),)
    return Why("change", told, "measured", rows, (f"a deploy of {blamed.service} at that time",))


def _entries(blamed: Attribution, own: Revision | None, ground: WhyGround) -> Iterator[Why]:
    """How the deploy was made, then what it did to several variables at once."""
    commits = next((fact for fact in blamed.evidence if fact.query == COMMITS), None)
    by = _maker(own)
    built = [f"build {own.build}"] if own and own.build else []
    code = [commits.statement] if commits else [f"commit {own.commit[:12]}"] if own and own.commit else []
    if not by and not built and not code:
        told = f"How {blamed.revision} was deployed is not known."
        yield unknown_step("entry", f"{told} The audit log of that time would tell.", (blamed.revision,))
        return
    at = f" at {format_ns(own.created_ns)}" if own and own.created_ns is not None else ""
    told = "; ".join((f"{blamed.revision} was deployed{at}{by}", *built, *code)) + "."
    ids = own.insert_ids[:5] if own else ()
    fact = Evidence("measured", told, "find_facts", ids, (), (blamed.revision,))
    rows = (fact, *((commits,) if commits else ()))
    yield Why("entry", told, "measured", rows, (f"an audit entry that tells of another deploy of {blamed.revision}",))
    dropped = _dropped(blamed, ground)
    if len(dropped) >= _SEVERAL:
        yield _list_set(blamed, dropped)


def _maker(own: Revision | None) -> str:
    """` with gcloud by a person's account`: the kind of account, never whose."""
    return _by(own.tool, own.actor) if own else ""


def _by(tool: str, actor: str) -> str:
    how = _TOOLS.get(tool, f" with {tool}") if tool else ""
    if _PERSON in actor:
        return f"{how} by a person's account"
    return f"{how} by a service account" if actor.endswith(_ACCOUNT) else how


def _dropped(blamed: Attribution, ground: WhyGround) -> list[VanishedKey]:
    """Variables set by hand that this very deploy dropped, where it kept none of another deploy's by accident."""
    return [
        one
        for one in ground.vanished
        if (one.service, one.revision) == (blamed.service, blamed.revision)
        and one.kind == "variable"
        and not one.renamed_to
        and not (one.was or "").startswith("secret")
    ]


def _list_set(blamed: Attribution, dropped: Sequence[VanishedKey]) -> Why:
    names = join_names(one.key for one in dropped)
    told = (
        f"{names}, all with literal values, vanished in this one deploy: so does a deploy that sets the whole list "
        "of variables (--set-env-vars), and not one that sets single keys (--update-env-vars)."
    )
    fact = Evidence("inferred", told, "rule:several-variables-vanished-at-once", (), (), (blamed.revision,))
    again = f"a deploy command of {blamed.revision} that removes these keys by name"
    return Why("entry", told, "inferred", (fact,), (again,))


def outside_change(best: Hypothesis, change: PlatformChange) -> Why:
    """The change outside the revisions, and how the service meets it."""
    facts = [fact for fact in best.evidence if fact.query == "find_facts" and fact.kind == "measured"]
    met = [fact.statement for fact in facts if not set(fact.entry_ids) & set(change.insert_ids)]
    told = sentence(f"{change.what} at {format_ns(change.at_ns)}" + (f"; {met[0]}" if met else ""))
    return Why("change", told, "measured", tuple(facts), ("the same failures before that change",))


def outside_entry(change: PlatformChange) -> Why:
    """How such a change was made: by what kind of account, never whose."""
    by = _by(change.tool, change.actor) or (" by the platform itself" if change.is_system else "")
    if not by:
        return unknown_step("entry", "Who or what made that change is not told in the audit log.")
    told = f"It was made{by}, without a deploy."
    fact = Evidence("measured", told, "find_facts", change.insert_ids[:5])
    return Why("entry", told, "measured", (fact,), ("an audit entry that tells of another maker",))
