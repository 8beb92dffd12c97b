from pathlib import Path
from typing import Any

import polars as pl
import pytest

from classifiers.accounts import count_accounts, read_accounts
from classifiers.findings import Findings
from collector.window import NS_PER_S, Window
from logtriage.export import findings_bytes
from tests.support.system import HOUR, MINUTE, START_NS, System

WINDOW = Window(START_NS, START_NS + 4 * HOUR * NS_PER_S)
ONE = (
    {"user_id": 7}, {"userId": "7"}, {"enduser.id": "7"}, {"usr.id": "7"}, {"app.user.id": "7"}, {"customerId": "7"},
    {"user": {"role": "buyer", "id": "7"}}, {"context": {"user": {"id": 7}}},
)  # fmt: skip
ADDRESS = ({"user": "ann@mail.example"}, {"user_email": "ann@mail.example"}, {"user": {"email": "ann@mail.example"}})
NOBODY = (
    {"user": "postgres"}, {"user_id": None}, {"user_id": "anonymous"}, {"cloud.account.id": "shop-1"}, {"userId": ""},
    {"user_agent": "curl/8"}, {"user_id": ["7", "8"]}, {"users": 7}, {"account": {"balance": 7}}, {"user_id": 0},
)  # fmt: skip


def named(folder: Path, payloads: tuple[dict[str, Any], ...]) -> pl.DataFrame:
    """What is read of one failed trace for each payload."""
    system = System()
    traces = []
    for at_s, payload in enumerate(payloads):
        traces.append(system.failure(at_s, "shop", "shop-1", "it broke"))
        system.event(at_s, "shop", "shop-1", payload, trace=traces[-1])
    system.span(60, "shop", "ab" * 16, "cd" * 8, told={"enduser.id": "7"})
    failures = pl.DataFrame({"trace": [*traces, "ab" * 16], "borrowed": None, "last_ns": START_NS}).with_columns(
        borrowed=pl.lit(None, dtype=pl.String)
    )
    with system.stored(folder, is_signed=False).read() as reader:
        return read_accounts(reader, failures, WINDOW)


@pytest.mark.parametrize(("payloads", "keys", "accounts"), [(ONE, 9, 1), (ADDRESS, 4, 2), (NOBODY, 1, 1)])
def test_an_account_is_one_however_it_is_written(
    tmp_path: Path, payloads: tuple[dict[str, Any], ...], keys: int, accounts: int
) -> None:
    told = named(tmp_path, payloads)

    assert (told.height, told["account"].n_unique(), told["account"].dtype.is_integer()) == (keys, accounts, True)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """A deploy breaks half of shop, and with it desk; a deploy of mail breaks it, and names nobody."""
    system = System()
    for number in range(240):
        at_s, is_bad = number * MINUTE, number >= 120 and number % 2 == 0
        shop, mail = ("2", "2") if number >= 120 else ("1", "1")
        if is_bad:
            trace = system.request(at_s - 0.01, "desk", "desk-1", status=500, latency_s=0.2)
            system.failure(at_s, "shop", f"shop-{shop}", "KeyError: 'north'", trace=trace)
            system.line(at_s + 0.1, "desk", "desk-1", "ShopError: no answer of the shop", trace=trace)
            system.failure(at_s + 7, "mail", f"mail-{mail}", "no sender is set")
        else:
            trace = system.request(at_s, "shop", f"shop-{shop}")
            system.request(at_s - 0.01, "desk", "desk-1", trace=trace)
            system.request(at_s + 7, "mail", f"mail-{mail}")
        system.event(at_s + 0.02, "shop", f"shop-{shop}", {"msg": "asked", "user_id": f"u-{number % 14}"}, trace=trace)
    return system.findings(tmp_path_factory.mktemp("accounts"), 4 * HOUR, HOUR)


def test_accounts_are_counted_once_for_a_cluster_and_once_for_its_incident(found: Findings) -> None:
    hit = {one.service: one.blast.users for one in found.clusters if one.blast}

    assert hit == {"shop": 7, "desk": 7, "mail": None}
    assert sorted((one.blast.users or 0) for one in found.incidents if one.blast) == [0, 7]


def test_no_account_leaves(found: Findings) -> None:
    assert b"u-12" not in findings_bytes(found)


def test_an_incident_counts_an_account_of_several_failures_once() -> None:
    accounts = {"c1": frozenset({1, 2}), "c2": frozenset({2, 3})}

    assert count_accounts(["c1", "c2", "c3"], accounts) == 3
    assert count_accounts(["c3"], accounts) is None
