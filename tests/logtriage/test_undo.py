"""Options that set a change back."""

import pytest

from classifiers.findings import Change
from logtriage.undo import setting_options, undo_options, undo_words


@pytest.mark.parametrize(
    ("change", "options"),
    [
        (Change("env_removed", "KEY", "secret db-pass:7"), "--update-secrets=KEY=db-pass:7"),
        (Change("env_removed", "MODE", "literal #a1b2c3"), "--update-env-vars=MODE=VALUE"),
        (Change("secret_ref_changed", "KEY", "secret k:latest", "secret k:2"), "--update-secrets=KEY=k:latest"),
        (Change("env_added", "NEW", None, "literal #a1b2c3"), "--remove-env-vars=NEW"),
        (Change("env_added", "NEW", None, "secret k:1"), "--remove-secrets=NEW"),
        (Change("env_added", "side/NEW", None, "literal #1"), "--container=side --remove-env-vars=NEW"),
        (Change("memory_limit", "memory", "1Gi", "256Mi"), "--memory=1Gi"),
        (Change("memory_limit", "memory", "default", "256Mi"), "--memory=512Mi"),
        (Change("cpu_limit", "side/cpu", "2", "1"), "--container=side --cpu=2"),
        (Change("concurrency", "concurrency", "default", "1"), "--concurrency=default"),
        (Change("timeout", "timeout", "300", "5"), "--timeout=300"),
        (Change("max_instances", "max_instances", "10", "1"), "--max-instances=10"),
        (Change("min_instances", "min_instances", "default", "0"), "--min-instances=default"),
        (Change("service_account", "service_account", "run@p.iam.gserviceaccount.com", "x"),
         "--service-account=run@p.iam.gserviceaccount.com"),
        (Change("ingress", "ingress", "all", "internal"), "--ingress=all"),
        (Change("vpc", "vpc", "connector c-1, egress all-traffic", "none"),
         "--vpc-connector=c-1 --vpc-egress=all-traffic"),
        (Change("vpc", "vpc", "none", "connector c-1"), "--clear-vpc-connector"),
        (Change("vpc", "vpc", "network default, subnetwork s", "none"), "--network=default --subnet=s"),
        (Change("vpc", "vpc", "none", "network default"), "--clear-network"),
        (Change("cloud_sql", "cloud_sql", "p:r:a, p:r:b", "none"), "--set-cloudsql-instances=p:r:a,p:r:b"),
        (Change("cloud_sql", "cloud_sql", "none", "p:r:a"), "--clear-cloudsql-instances"),
        (Change("other", "mounted secret cert", "tls.key:3", None), "--update-secrets=/MOUNT_PATH/tls.key=cert:3"),
        (Change("other", "mounted secret cert", "all:latest", None), "--update-secrets=/MOUNT_PATH=cert:latest"),
        (Change("other", "cpu_idle", "off", "on"), "--no-cpu-throttling"),
        (Change("other", "execution_environment", "gen2", "gen1"), "--execution-environment=gen2"),
        (Change("other", "port", "8080", "9090"), "--port=8080"),
    ],
)  # fmt: skip
def test_a_change_is_set_back_to_what_it_was(change: Change, options: str) -> None:
    assert undo_options(change) == options


@pytest.mark.parametrize(
    "change",
    [
        Change("image", "image", "a@sha256:1", "a@sha256:2"),
        Change("probes", "probes", "startup tcp:8080", "none"),
        Change("traffic", "traffic"),
        Change("other", "mounted secret cert", None, "all:latest"),
        Change("other", "command", "#a1", "#b2"),
    ],
)
def test_what_no_option_undoes_is_left_to_the_roll_back(change: Change) -> None:
    assert undo_options(change) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change("env_removed", "K"), "Restore it"),
        (Change("env_added", "K"), "Take it out again"),
        (Change("secret_ref_changed", "K", "secret k:1"), "Set back it"),
        (Change("memory_limit", "memory", "1Gi"), "Set it back to 1Gi"),
    ],
)
def test_the_words_fit_the_change(change: Change, words: str) -> None:
    assert undo_words(change, "it") == words


def test_keys_of_one_deploy_are_set_back_together() -> None:
    keys = [
        Change("env_removed", "A", "secret a:1"),
        Change("env_removed", "B", "secret b:2"),
        Change("env_removed", "C"),
    ]

    assert setting_options(keys) == "--update-env-vars=C=VALUE --update-secrets=A=a:1,B=b:2"
