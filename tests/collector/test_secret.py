"""Secrets: where they are read, what is said when they cannot be, and that nothing shows them."""

import copy
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.errors import ConfigError, LogtriageError, SourceUnavailable
from collector.secret import MANAGER_VARIABLE, Secret, read_secret
from tests.support.secret_manager import SecretManager, serve_secrets

NAME = "projects/demo-stage/secrets/slack-token/versions/latest"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SecretManager, Path]]:
    with serve_secrets() as manager:
        yield manager, manager.account(tmp_path_factory.mktemp("account"))


@pytest.fixture
def manager(server: tuple[SecretManager, Path], monkeypatch: pytest.MonkeyPatch) -> SecretManager:
    """The server with one secret, as the environment names it."""
    manager, account = server
    monkeypatch.setenv(MANAGER_VARIABLE, manager.url)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
    manager.versions, manager.checksums = {NAME: b"planted-7\n"}, {}
    manager.status, manager.answer, manager.login_status = 200, None, 200
    manager.asked.clear()
    return manager


def _of_manager(name: str = NAME) -> Secret:
    return read_secret(env="LOGTRIAGE_SLACK_TOKEN", secret=name, where="Channel `slack`")


def _refused(error: type[LogtriageError] = ConfigError, name: str = NAME) -> str:
    with pytest.raises(error) as raised:
        _of_manager(name)
    said = str(raised.value)
    assert said.startswith("Channel `slack`: ")
    assert "\n" not in said
    assert "planted" not in said
    return said


def test_a_variable_is_read_without_what_surrounds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", " planted\n")

    assert read_secret(env="A_TOKEN", where="Channel `slack`").reveal() == "planted"


@pytest.mark.parametrize("value", ["", "planted\nmore", "plantéd"])
def test_a_variable_that_holds_no_token_is_named_and_not_shown(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", value)

    with pytest.raises(ConfigError, match=r"^Channel `slack`: .*`A_TOKEN`.* Set it") as raised:
        read_secret(env="A_TOKEN", where="Channel `slack`")
    assert "plant" not in str(raised.value)


def test_nothing_that_shows_a_value_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "planted")
    secret = read_secret(env="A_TOKEN", where="Channel `slack`")

    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r:>9}", repr([secret])):
        assert "planted" not in shown
    for write in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="not written anywhere"):
            write(secret)


def test_secret_manager_is_asked_with_the_login_of_the_account(manager: SecretManager) -> None:
    assert _of_manager().reveal() == "planted-7"
    assert manager.asked == [NAME]


def test_a_rotated_secret_is_read_again(manager: SecretManager) -> None:
    old = _of_manager()
    manager.versions[NAME] = b"planted-8"

    new = old.again()

    assert new.reveal() == "planted-8"
    assert new != old
    assert new == new.again()


def test_the_checksum_of_the_answer_is_held_against_it(manager: SecretManager) -> None:
    manager.versions[NAME] = b"123456789"
    manager.checksums[NAME] = str(0xE3069283)  # the check value of CRC-32C
    assert _of_manager().reveal() == "123456789"

    manager.checksums[NAME] = "1"
    assert "damaged" in _refused()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "disabled or destroyed"),
        (401, "gcloud auth application-default login"),
        (403, "roles/secretmanager.secretAccessor"),
        (404, "gcloud secrets versions list projects/demo-stage/secrets/slack-token"),
        (418, "HTTP 418"),
    ],
)
def test_a_refusal_says_what_to_do(manager: SecretManager, status: int, said: str) -> None:
    manager.status = status

    assert said in _refused()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_tried_in_the_next_cycle(manager: SecretManager, status: int) -> None:
    manager.status = status

    assert f"HTTP {status}" in _refused(SourceUnavailable)


def test_a_server_that_is_not_there_is_tried_in_the_next_cycle(
    manager: SecretManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MANAGER_VARIABLE, "http://127.0.0.1:1")

    assert "ConnectError" in _refused(SourceUnavailable)


@pytest.mark.parametrize("answer", [{}, {"payload": {"data": "%"}}, {"payload": {"data": "/w=="}}, ["a"]])
def test_an_answer_of_another_form_is_told(manager: SecretManager, answer: object) -> None:
    manager.answer = answer

    assert "damaged or no text" in _refused()


def test_an_empty_secret_is_told(manager: SecretManager) -> None:
    manager.versions[NAME] = b" \n"

    assert "is empty" in _refused()


def test_a_login_that_is_refused_is_told(manager: SecretManager) -> None:
    manager.login_status = 400

    assert "credentials are not accepted" in _refused()
    assert manager.asked == []


def test_a_login_is_sent_to_no_other_machine_in_plain_text(
    manager: SecretManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MANAGER_VARIABLE, "http://secrets.example.com")

    assert f"{MANAGER_VARIABLE} is no https address" in _refused()


def test_a_name_that_leads_elsewhere_is_refused(manager: SecretManager) -> None:
    assert "names no version of a secret" in _refused(name="projects/p/secrets/../versions/1")
    assert manager.asked == []
