"""Who asks: accounts of people and of machines, and where the project comes from."""

import json
from pathlib import Path

import pytest

from logtriage.errors import ConfigError
from logtriage.setup.endpoints import read_endpoints
from logtriage.setup.login import Login, find_login, find_project, shown_account


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Login:
    """What `gcloud auth application-default login` leaves."""
    told = {
        "type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r",
        "account": "jo.example@acme.example", "quota_project_id": "acme-quota",
    }  # fmt: skip
    (tmp_path / "application_default_credentials.json").write_text(json.dumps(told))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))  # no gcloud that could be asked
    return find_login()


def test_the_address_of_a_person_is_never_told_in_full(person: Login) -> None:
    assert person.is_person
    assert person.shown == "j...@acme.example"
    assert person.member == '"user:$(gcloud config get-value account)"'
    assert "jo.example" not in repr(person)
    assert shown_account("robot@p.iam.gserviceaccount.com") == "robot@p.iam.gserviceaccount.com"


def test_the_project_is_the_first_that_is_named(person: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "configurations").mkdir()
    (tmp_path / "configurations" / "config_default").write_text("[core]\nproject = acme-gcloud\n")

    def found(given: str | None = None, login: Login | None = person) -> str:
        project = find_project(given, login)
        return project.id if project else ""

    assert found(login=None) == "acme-gcloud"
    assert found() == "acme-quota"
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "acme-environment")
    assert found() == "acme-environment"
    assert found("acme-option") == "acme-option"


def test_a_name_that_is_no_project_is_passed_over(person: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "No Project!")

    project = find_project(None, person)

    assert project is not None
    assert project.id == "acme-quota"


@pytest.mark.parametrize("text", ["run", "run=nowhere", "maps=127.0.0.1:1", "rest=http://example.com", "rest=ftp://x"])
def test_addresses_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("LOGTRIAGE_GOOGLE_ENDPOINTS", text)

    with pytest.raises(ConfigError, match="LOGTRIAGE_GOOGLE_ENDPOINTS"):
        read_endpoints()


def test_a_private_address_is_told_to_the_source_and_only_a_loopback_one_goes_in_plain_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(
        "LOGTRIAGE_GOOGLE_ENDPOINTS", "run=10.0.0.1:443, logging=127.0.0.1:9,rest=https://private.example"
    )

    endpoints = read_endpoints()

    assert endpoints.keys("run") == {"endpoint": "10.0.0.1:443"}
    assert endpoints.keys("logging") == {"endpoint": "127.0.0.1:9", "insecure": True}
    assert endpoints.keys("trace") == {}
    assert endpoints.url("run.googleapis.com", "v1/x") == "https://private.example/v1/x"
