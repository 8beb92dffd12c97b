"""Where to look when no revision is to blame."""

import pytest

from classifiers.findings import Evidence, Hypothesis, Latency, Onset, RevisionCount
from logtriage.look_commands import look_at_silent, look_commands
from logtriage.lookup import Lookup
from tests.support.findings import END_NS, ONSET_NS, cluster, dependency, findings, revision


def _lines(**changes: object) -> list[str]:
    return [one.line for one in look_commands(dependency(**changes), Lookup(findings()))]


def test_every_cause_ends_in_its_entries_and_names_the_project() -> None:
    for cause in ("dependency", "secret_rotation", "certificate", "traffic", "client", "test_harness", "unknown"):
        lines = _lines(cause=cause)
        assert lines[-1].startswith("gcloud logging read 'resource.type=")
        assert all("--project=acme-test" in line for line in lines if line.startswith("gcloud"))


@pytest.mark.parametrize(
    ("sample", "command"),
    [
        ("psycopg.OperationalError: connection refused", "gcloud sql instances list"),
        ("Error 111 connecting to 10.0.0.9:6379", "gcloud redis instances list"),
        ("OSError: [Errno 113] No route to host", "gcloud compute networks vpc-access connectors list"),
    ],
)
def test_a_dependency_is_looked_at_by_what_its_text_names(sample: str, command: str) -> None:
    lines = _lines(title="it failed", sample=sample)

    assert lines[0].startswith(command)


def test_a_database_that_the_revision_names_is_named() -> None:
    known = revision("shop-00008-bad", ONSET_NS, config={"cloud_sql": ["acme-data:europe-west1:orders"]})
    failing = (RevisionCount("shop", "shop-00008-bad", 7, 96, ONSET_NS, END_NS),)
    lookup = Lookup(findings(revisions=(known,)))

    (first, *_) = look_commands(dependency(sample="SQLSTATE 57P01", per_revision=failing), lookup)

    assert first.line == "gcloud sql operations list --instance=orders --project=acme-data --limit=10"


def test_a_rotated_secret_is_named_from_the_explanation_alone() -> None:
    fact = Evidence("measured", "new version 8 of secret db-pass at 14:02", "find_facts")
    why = Hypothesis("secret_rotation", 0.8, "it fails since", (fact,))

    assert _lines(cause="secret_rotation", hypotheses=(why,))[0] == (
        "gcloud secrets versions list db-pass --project=acme-test"
    )
    assert _lines(cause="secret_rotation", hypotheses=())[0].startswith("gcloud secrets versions list SECRET ")


def test_a_role_that_was_taken_is_given_back() -> None:
    told = "IAM of project acme-test: roles/storage.objectAdmin taken from serviceAccount:run@acme-test.iam.x.com at 1Z"
    why = Hypothesis("dependency", 0.9, told)

    assert _lines(fault="configuration", hypotheses=(why,))[0] == (
        "gcloud projects add-iam-policy-binding acme-test --member=serviceAccount:run@acme-test.iam.x.com "
        "--role=roles/storage.objectAdmin"
    )


def test_callers_are_counted_by_what_they_call_themselves() -> None:
    line = _lines(cause="client")[0]

    assert "httpRequest.status>=400" in line
    assert line.endswith("| sort | uniq -c | sort -rn | head")


def test_a_request_is_found_by_its_status_and_path() -> None:
    told = cluster(kind="request", title="POST /orders/* answered 503", attribution=None, cause="unknown")

    line = look_commands(told, Lookup(findings()))[-1].line

    assert 'httpRequest.status=503 AND httpRequest.requestUrl:"/orders/"' in line


def test_a_slower_operation_and_a_missing_event_are_looked_at_too() -> None:
    onset = Onset(ONSET_NS, ONSET_NS, ONSET_NS, 0.0, 1.0, "requests")
    slow = Latency("desk", "find_order", None, onset=onset, project="acme-test")

    lines = [one.line for one in look_at_silent(slow, Lookup(findings()))]

    assert all(line.startswith("gcloud logging read ") and "--project=acme-test" in line for line in lines)
    assert ["cloudaudit" in lines[0], "sort -k2 -rn" in lines[1], 'service_name="desk"' in lines[1]] == [True] * 3
