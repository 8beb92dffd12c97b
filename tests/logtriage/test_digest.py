"""Findings into messages."""

from collections.abc import Callable
from dataclasses import replace

from classifiers.findings import Incident
from logtriage.digest import DigestConfig, build_digest, digest_text, unsent
from tests.support.findings import cluster, dependency, findings, quiet_findings, symptom

CONFIG = DigestConfig()


def test_one_message_an_incident_with_its_symptoms_folded_in(golden: Callable[[str, str], None]) -> None:
    digest = build_digest(findings(), CONFIG)

    assert [message.headline.split(" · ")[0] for message in digest.messages[:2]] == ["P0 ongoing", "P2 ongoing"]
    golden("digest_incident.txt", digest_text(digest))


def test_nothing_to_say_nothing_sent() -> None:
    digest = build_digest(quiet_findings(), CONFIG)

    assert digest.messages == ()
    assert digest_text(digest) == "Nothing to say, nothing sent.\n"


def test_incidents_below_the_lowest_priority_stay_in_the_report() -> None:
    digest = build_digest(findings(), DigestConfig(lowest_priority="P1"))

    assert [message.key for message in digest.messages if "vanished" not in message.key] == [
        "c-pay:ongoing",
        "absent::desk:order.confirmed:ongoing",
    ]


def test_a_vanished_key_warns_until_failures_follow() -> None:
    key = findings().vanished_keys[0]
    warned = build_digest(quiet_findings(vanished_keys=(key,)), CONFIG)
    followed = build_digest(quiet_findings(vanished_keys=(replace(key, errors_since=True),)), CONFIG)

    assert [message.headline for message in warned.messages] == [
        "shop 00008-bad drops OLD_KEY (present in the 7 revisions before). No error yet."
    ]
    assert followed.messages == ()


def test_what_was_sent_is_not_new_until_its_state_changes() -> None:
    first = build_digest(findings(vanished_keys=()), CONFIG)
    sent = frozenset(message.key for message in first.messages)
    clusters = tuple(replace(one, state="new" if one.id == "c-pay" else "resolved") for one in findings().clusters)
    later = build_digest(findings(vanished_keys=(), clusters=clusters), CONFIG)

    assert unsent(first, sent).messages == ()
    assert [message.key for message in unsent(later, sent).messages] == ["c-cache:resolved"]


def test_an_incident_that_is_over_is_green_and_says_when() -> None:
    over = findings(
        clusters=(cluster(state="resolved"),),
        incidents=(Incident(1, "c-pay", (), "P0", "payment refused", is_ongoing=False),),
    )

    message = build_digest(over, CONFIG).messages[0]

    assert message.sign == "🟢"
    assert message.headline == "P0 resolved · shop · payment refused 20:00 to 23:00 UTC"


def test_an_incident_whose_root_is_over_goes_on_while_a_symptom_does() -> None:
    over = findings(clusters=(cluster(state="resolved"), symptom(state="new"), dependency()))

    message = build_digest(over, CONFIG).messages[0]

    assert (message.sign, message.key) == ("🔴", "c-pay:ongoing")
    assert message.headline == "P0 ongoing · shop · payment refused (403) since 20:00 UTC"


def test_other_incidents_are_named_as_apart() -> None:
    message = build_digest(findings(), CONFIG).messages[0]

    assert [line.text for line in message.lines if line.label == "APART"] == ["not explained by it: #2 cache time-out"]


def test_a_verdict_is_told_with_the_command_that_settles_it() -> None:
    told = findings(clusters=(cluster(), replace(dependency(), cause="unknown")))

    asked = [
        [line.text for line in message.lines if line.label == "RIGHT?"]
        for message in build_digest(told, CONFIG).messages
    ]

    assert asked[0] == ["logtriage settle c-pay right|wrong"]
    assert not any(asked[1:])
