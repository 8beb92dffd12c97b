"""E-mail, against a real SMTP server on loopback."""

import logging
from pathlib import Path
from typing import Any

import pytest

from collector.replacing import replace
from logtriage.errors import ConfigError, NotifyError, NotifyUnavailable, NotifyUncertain
from logtriage.message import Message
from logtriage.notifiers.channel import Place, open_channel, parse_channel_config
from logtriage.notifiers.email import Email
from tests.support.hostile import HOSTILE
from tests.support.messages import change, edit, hostile, notice, told
from tests.support.smtp_server import DROP, MailServer, make_certificate, serve_mail

TO = ("team@acme.example", "lead@acme.example")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("mail") / "mail.pem")


def _config(port: int, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "email", "host": "127.0.0.1", "port": port, "security": "none", "from": "logtriage@acme.example",
        "to": list(TO), "timeout_s": 2.0, **changes,
    }  # fmt: skip


def _channel(server: MailServer, **changes: Any) -> Email:
    opened = open_channel(parse_channel_config(_config(server.port, **changes), where="digest.channels[0]"))
    assert isinstance(opened, Email)
    return opened


def _send(channel: Email, message: Message, delivery_id: str = "d1", place: Place | None = None,
          *, is_repeat: bool = False) -> Place:  # fmt: skip
    (step,) = channel.steps(message, place)
    return channel.do(step, message, delivery_id=delivery_id, place=place, is_repeat=is_repeat, places={})


def test_a_mail_tells_the_incident_as_text_and_as_html() -> None:
    with serve_mail() as server:
        place = _send(_channel(server), told())

    (mail,) = server.taken
    text = mail.get_body(("plain",))
    page = mail.get_body(("html",))
    assert text is not None
    assert page is not None
    assert mail["Subject"] == "GCP-new | P1 | shop: payment refused (403)"
    assert mail["Message-ID"] == place.id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "BAD     00008-bad: 94/96 requests failed" in text.get_content()
    assert "--update-secrets=PAYMENT_KEY=payment-key:7" in text.get_content()
    assert "<a href='https://console.example/report'>Report</a>" in page.get_content()
    assert server.envelopes == [("logtriage@acme.example", TO)]


def test_changes_stand_in_the_thread_of_the_first_mail() -> None:
    with serve_mail() as server:
        channel = _channel(server)
        place = _send(channel, told())
        later = _send(channel, change(), "d2", place)

    first, second = server.taken
    assert later == place
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"] == place.id
    assert second["Message-ID"] != first["Message-ID"]
    assert "00009-xyz fails too" in str(second.get_body(("plain",)))


def test_new_figures_alone_are_not_mailed() -> None:
    with serve_mail() as server:
        channel = _channel(server)
        place = _send(channel, told())

        assert channel.steps(edit(), place) == ()


def test_a_notice_begins_a_thread_of_its_own() -> None:
    with serve_mail() as server:
        channel = _channel(server)
        _send(channel, notice(), "d9", Place("<other@acme.example>"))

    assert server.taken[0]["In-Reply-To"] is None
    assert "drops SERVICE_SECRET" in server.taken[0]["Subject"]


def test_a_lost_answer_is_uncertain_and_the_repeat_bears_the_same_id_and_says_so() -> None:
    with serve_mail(faults={"END": [DROP]}) as server:
        channel = _channel(server)
        with pytest.raises(NotifyUncertain, match="may or may not have taken"):
            _send(channel, told())
        _send(channel, told(), is_repeat=True)

    first, second = server.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert "may have reached you before" not in str(first)
    assert "may have reached you before" in str(second.get_body(("plain",)))
    assert "may have reached you before" in str(second.get_body(("html",)))


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_line_lost_before_the_mail_leaves_it_to_the_next_cycle(verb: str) -> None:
    with serve_mail(faults={verb: [DROP]}) as server, pytest.raises(NotifyUnavailable, match="was lost"):
        _send(_channel(server), told())

    assert server.taken == []


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "END"])
def test_a_reply_of_4xx_leaves_it_to_the_next_cycle(verb: str) -> None:
    with (
        serve_mail(faults={verb: ["451 4.7.1 greylisted lead@acme.example"]}) as server,
        pytest.raises(NotifyUnavailable, match=r"for now, `451 4\.7\.1`") as raised,
    ):
        _send(_channel(server), told())

    assert server.taken == []
    assert "lead@" not in str(raised.value)


@pytest.mark.parametrize("verb", ["MAIL", "DATA", "END"])
def test_a_reply_of_5xx_is_a_refusal(verb: str) -> None:
    with (
        serve_mail(faults={verb: ["554 5.7.1 no"]}) as server,
        pytest.raises(NotifyError, match=r"refuses .* with `554 5\.7\.1`") as raised,
    ):
        _send(_channel(server), told())

    assert not raised.value.is_retryable
    assert server.taken == []


def test_one_recipient_refused_for_good_keeps_the_mail_from_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    with serve_mail(faults={"RCPT": ["550 5.1.1 unknown"]}) as server, caplog.at_level(logging.WARNING):
        _send(_channel(server), told())

    assert server.envelopes == [("logtriage@acme.example", (TO[1],))]
    assert "1 of 2 recipients are refused" in caplog.text
    assert "acme.example" not in caplog.text


def test_all_recipients_refused_is_a_refusal() -> None:
    gone = ["550 5.1.1 unknown"] * 2
    with serve_mail(faults={"RCPT": gone}) as server, pytest.raises(NotifyError, match="a recipient") as raised:
        _send(_channel(server), told())

    assert not raised.value.is_retryable


def test_no_server_leaves_it_to_the_next_cycle() -> None:
    with serve_mail() as server:
        channel = _channel(server)

    with pytest.raises(NotifyUnavailable, match="ConnectionRefusedError"):
        _send(channel, told())


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_login_crosses_a_sealed_line(security: str, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_USER", "robot")
    monkeypatch.setenv("MAIL_PASSWORD", "very-secret-word")
    login = {"user_env": "MAIL_USER", "password_env": "MAIL_PASSWORD", "ca_file": str(certificate)}
    with serve_mail(
        certificate=certificate, is_tls_first=security == "tls", login=("robot", "very-secret-word")
    ) as server:
        channel = _channel(server, security=security, **login)
        _send(channel, told())

    assert server.sealed == [True]
    assert "very-secret-word" not in repr(channel)


def test_a_wrong_password_is_told_without_it(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_USER", "robot")
    monkeypatch.setenv("MAIL_PASSWORD", "very-secret-word")
    login = {"user_env": "MAIL_USER", "password_env": "MAIL_PASSWORD", "ca_file": str(certificate)}
    with serve_mail(certificate=certificate, login=("robot", "another")) as server:
        channel = _channel(server, security="starttls", **login)
        with pytest.raises(NotifyError, match=r"refuses the login with `535 5\.7\.8`") as raised:
            _send(channel, told())

    assert "very-secret-word" not in str(raised.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    with serve_mail(certificate=certificate) as server:
        channel = _channel(server, security="starttls")
        with pytest.raises(NotifyError, match="certificate is not accepted"):
            _send(channel, told())


def test_a_server_without_starttls_gets_nothing() -> None:
    with serve_mail() as server, pytest.raises(NotifyError, match="does not offer"):
        _send(_channel(server, security="starttls"), told())

    assert server.taken == []


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_log_text_adds_no_header_and_no_tag(name: str) -> None:
    text = f"{HOSTILE[name]}\r\nBcc: all@evil.example\r\n\r\n.\r\nQUIT"
    with serve_mail() as server:
        _send(_channel(server), hostile(text))

    (mail,) = server.taken
    page = mail.get_body(("html",))
    assert page is not None
    assert sorted(mail.keys()) == [
        "Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To",
        "X-Auto-Response-Suppress",
    ]  # fmt: skip
    assert "<script" not in page.get_content()
    assert "<img" not in page.get_content()
    assert server.envelopes == [("logtriage@acme.example", TO)]


def test_a_lone_dot_does_not_end_the_mail() -> None:
    lines = told().lines
    with serve_mail() as server:
        _send(_channel(server), told(lines=(replace(lines[0], label="", text="."), lines[1])))

    assert "94/96" in str(server.taken[0].get_body(("plain",)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"security": "none", "host": "mail.example"}, "for 127.0.0.1 only"),
        ({"to": []}, r"digest\.channels\[0\]\.to"),
        ({"to": ["a@b.example\r\nBcc: c@d.example"]}, "plain address"),
        ({"from": "Boss <a@b.example>"}, r"\.from is `Boss <a@b\.example>`"),
        ({"form": "x"}, r"known keys: kind, name, host, .*from, to"),
    ],
)
def test_a_mistake_in_the_config_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_channel_config(_config(25, **changes), where="digest.channels[0]")


def test_a_login_needs_a_sealed_line_and_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_USER", "robot")
    monkeypatch.delenv("LOGTRIAGE_EMAIL_PASSWORD", raising=False)
    sealed = parse_channel_config(_config(25, user_env="MAIL_USER", security="tls"), where="here")
    open_line = parse_channel_config(_config(25, user_env="MAIL_USER"), where="here")

    with pytest.raises(ConfigError, match="LOGTRIAGE_EMAIL_PASSWORD"):
        open_channel(sealed)
    monkeypatch.setenv("LOGTRIAGE_EMAIL_PASSWORD", "x")
    with pytest.raises(ConfigError, match="crosses no open line"):
        open_channel(open_line)


def test_an_authority_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing", encoding="utf-8")

    for name, said in (("ca.pem", "holds no certificate"), ("none.pem", "is no file")):
        config = parse_channel_config(_config(25, ca_file=str(tmp_path / name)), where="here")
        with pytest.raises(ConfigError, match=said):
            open_channel(config)
