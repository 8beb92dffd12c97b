"""States as they are stored and read again, and what people said of tickets."""

from pathlib import Path

import polars as pl

from classifiers.lifecycle.storing import read_closed, read_states
from collector.store import Store
from tests.support.looks import Looks, at
from tests.support.system import HOUR, System

_HEARD = ("channel", "incident_id", "remote_id", "remote_event_id", "said", "at_ns", "heard_at_ns")


def _said(store: Store, *rows: tuple[str, str, int]) -> None:
    told = [("github", name, "7", str(number), said, at_ns, at_ns) for number, (name, said, at_ns) in enumerate(rows)]
    with store.write() as writer:
        writer.execute("insert_heard", relation=pl.DataFrame(told, schema=_HEARD, orient="row"))


def test_states_are_read_as_they_were_stored_and_only_those_of_before(tmp_path: Path) -> None:
    system = System()
    system.traffic("shop", "shop-00001-aaa", 0, HOUR)
    for step in range(60):
        system.failure(HOUR + step * 40, "shop", "shop-00001-aaa", "ERROR: ConnectionError: cache refused")
    looks = Looks(system, tmp_path)
    (told,) = looks.look(1.6).tracked

    with looks.store.read() as reader:
        assert read_states(reader, end_ns=at(1.7)) == told.fresh
        assert read_states(reader, end_ns=at(1.6)) == ()
        assert told.fresh[0].member_ids == (told.root,)


def test_the_last_word_on_a_ticket_counts_and_an_older_store_has_none(tmp_path: Path) -> None:
    store = System().stored(tmp_path)
    _said(
        store, ("i1", "closed", at(1)), ("i2", "closed", at(1)), ("i2", "reopened", at(2)), ("i3", "right", at(2)),
        ("i1", "closed", at(3)), ("i4", "closed", at(9)),
    )  # fmt: skip

    with store.read() as reader:
        assert read_closed(reader, end_ns=at(8)) == {"i1": at(3)}
    with store.write() as writer:
        writer._connection.execute("delete from migrations where name = 'create_0009_lifecycle'")
    with store.read() as reader:
        assert (read_closed(reader, end_ns=at(8)), read_states(reader, end_ns=at(8))) == ({}, ())
