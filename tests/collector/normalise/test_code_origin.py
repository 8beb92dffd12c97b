"""Commit, build and repository as labels, annotations and tags spell them."""

import pytest

from collector.normalise.code_origin import origin_of_code

SHA = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
HOME = "https://github.com/acme/shop"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("commit-sha", SHA),
        ("git_commit", SHA),
        ("gcb-commit-sha", SHA.upper()),
        ("org.opencontainers.image.revision", SHA),
        ("vcs-ref", SHA),
    ],
)
def test_a_key_that_means_a_commit_tells_it(key: str, value: str) -> None:
    assert origin_of_code({}, {key: value}, "")["commit"] == SHA
    assert origin_of_code({key: value}, {}, "")["commit"] == SHA


@pytest.mark.parametrize(
    ("tag", "commit"),
    [
        ("9f8e7d6c5b4a", "9f8e7d6c5b4a"),
        (f"main-{SHA}", SHA),
        ("sha-9f8e7d6", "9f8e7d6"),
        ("main-sha-9f8e7d6", "9f8e7d6"),
        ("v1.4.2-14-g9f8e7d6", "9f8e7d6"),
        ("latest", None),
        ("20260504", None),
        ("v1.4.2", None),
        ("release-deadbeef", None),
        ("blue-20260504", None),
        ("1234567", None),
    ],
)
def test_a_tag_is_a_commit_only_where_it_is_written_as_one(tag: str, commit: str | None) -> None:
    assert origin_of_code({}, {}, f"eu.gcr.io:443/garden/shop:{tag}@sha256:{'ab' * 32}")["commit"] == commit


def test_a_label_wins_over_the_tag() -> None:
    assert origin_of_code({}, {"commit-sha": SHA}, "gcr.io/garden/shop:9f8e7d6c5b4a")["commit"] == SHA


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("org.opencontainers.image.source", HOME),
        ("org.opencontainers.image.source", f"{HOME}.git"),
        ("org.opencontainers.image.source", "git@github.com:acme/shop.git"),
        ("repository", "ssh://git@github.com/acme/shop"),
        ("repo_url", f"{HOME}/"),
        ("github-repository", "acme/shop"),
    ],
)
def test_a_repository_is_a_web_address_however_it_is_spelled(key: str, value: str) -> None:
    assert origin_of_code({key: value}, {}, "")["repository"] == HOME


@pytest.mark.parametrize("value", ["https://user:token@github.com/acme/shop", "acme-shop", "javascript:alert(1)", ""])
def test_what_holds_a_password_or_is_no_address_is_none(value: str) -> None:
    assert origin_of_code({"org.opencontainers.image.source": value}, {}, "")["repository"] is None


def test_builds_are_told_by_id_or_by_name() -> None:
    name = "projects/1/locations/x/builds/b-17"

    assert origin_of_code({}, {"gcb-build-id": "b-17"}, "")["build"] == "b-17"
    assert origin_of_code({"run.googleapis.com/build-name": name}, {}, "")["build"] == "b-17"
    assert origin_of_code({}, {}, "")["build"] is None
