"""Links to the commits between two revisions."""

import pytest
from pydantic import ValidationError

from classifiers.commits import COMMITS, compare_link, repository_of, with_commits
from classifiers.config import LedgerConfig
from classifiers.findings import Attribution, Cluster
from collector.records import Revision
from tests.support.findings import cluster

OLD, NEW = "0a1b2c3d4e5f", "9f8e7d6c5b4a"


def revision(commit: str, home: str = "", service: str = "shop-api") -> Revision:
    config = {"repository": home} if home else None
    return Revision("p", service, f"{service}-1", None, None, None, None, None, None, 0, config, commit=commit)


@pytest.mark.parametrize(
    ("home", "link"),
    [
        ("https://github.com/acme/shop", f"https://github.com/acme/shop/compare/{OLD}...{NEW}"),
        ("https://github.acme.test/a/shop", f"https://github.acme.test/a/shop/compare/{OLD}...{NEW}"),
        ("https://gitlab.com/acme/sub/shop", f"https://gitlab.com/acme/sub/shop/-/compare/{OLD}...{NEW}"),
        ("https://code.acme.test/shop", None),
    ],
)
def test_hosts_that_have_such_a_page_get_a_link(home: str, link: str | None) -> None:
    assert compare_link(revision(OLD, home), revision(NEW, home), {}) == link
    assert compare_link(revision(OLD), revision(NEW), {"shop-*": home}) == link


def test_what_the_revision_tells_wins_over_the_configuration() -> None:
    assert repository_of(revision(NEW, "https://github.com/acme/told"), {"*": "https://github.com/acme/set"}) == (
        "https://github.com/acme/told"
    )


def test_the_first_name_that_fits_counts() -> None:
    homes = {"web-*": "https://github.com/a/web", "shop-*": "https://github.com/a/shop", "*": "https://github.com/a/b"}

    assert repository_of(revision(NEW), homes) == "https://github.com/a/shop"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (revision(OLD), revision(NEW)),
        (revision(""), revision(NEW, "https://github.com/a/b")),
        (revision(NEW[:7], "https://github.com/a/b"), revision(NEW, "https://github.com/a/b")),
        (revision(OLD, "https://github.com/a/old"), revision(NEW, "https://github.com/a/new")),
    ],
)
def test_there_is_no_link_where_there_is_nothing_to_compare(before: Revision, after: Revision) -> None:
    assert compare_link(before, after, {}) is None


def test_an_address_in_the_configuration_is_checked_and_cut_to_its_home() -> None:
    config = LedgerConfig(repositories={"shop": "https://github.com/acme/shop.git/"})

    assert config.repositories["shop"].startswith("https://github.com/acme/shop")
    with pytest.raises(ValidationError, match="web address of a repository"):
        LedgerConfig(repositories={"shop": "https://user:pw@github.com/acme/shop"})


class TestEvidence:
    OLD = Revision("acme-test", "shop", "shop-1", None, None, None, None, None, None, 0, None, commit=OLD * 3)
    NEW = Revision("acme-test", "shop", "shop-2", None, None, None, None, None, None, 0, None, commit=NEW * 3)

    def told(self, *revisions: Revision, **homes: str) -> list[str]:
        (one,) = with_commits([self.blamed()], revisions, homes)
        assert one.attribution is not None
        return [fact.statement for fact in one.attribution.evidence if fact.query == COMMITS]

    def blamed(self) -> Cluster:
        blamed = Attribution("shop", "shop-2", "shop-1", None, (), 0.9, ())
        return cluster(project="acme-test", service="shop", attribution=blamed)

    def test_a_blamed_deploy_tells_its_commits_and_where_to_read_them(self) -> None:
        home = "https://github.com/acme/shop"

        assert self.told(self.OLD, self.NEW, shop=home) == [f"from commit {OLD} to {NEW}: {home}/compare/{OLD}...{NEW}"]
        assert self.told(self.OLD, self.NEW) == [f"from commit {OLD} to {NEW}"]

    def test_of_a_commit_that_is_not_known_nothing_is_told(self) -> None:
        assert self.told(self.NEW, shop="https://github.com/acme/shop") == []
