"""What a daemon looks at beside its store: when a trouble begins, and when it is over."""

from pathlib import Path

from collector.config import RetentionConfig, StoreConfig
from collector.receiver.intake import Counts
from collector.records import Ledger
from collector.store import Store
from collector.troubles import Trouble
from logtriage.probes import ClockLook, ReceiverLook, ServersLook, look_at_disk
from tests.support.system import System

_GIB = 2**30


def _said(looks: tuple[Trouble, ...]) -> str:
    assert len(looks) <= 1
    return looks[0].detail if looks else ""


def test_a_disk_that_will_be_full_in_days_says_when(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, 600, every_s=1.0)
    store: Store = system.stored(tmp_path)
    with store.read() as reader:
        now_ns = int(reader.sql("select max(stored_at_ns) + 1 as n from batches")["n"][0])
    size = store.path.stat().st_size

    kept = RetentionConfig()

    def disk(left: int, *, later_days: int = 0, keeps: RetentionConfig = kept) -> Trouble:
        at_ns = now_ns + later_days * 86_400 * 10**9
        return look_at_disk(store, now_ns=at_ns, kept=keeps, free=lambda: left)[0]

    assert "full in about 5 d, on " in disk(5 * size).detail
    assert disk(_GIB + 10 * size).is_over
    assert disk(_GIB, later_days=2).is_over  # nothing was stored in the last day, so it does not grow
    assert "are left on the disk" in disk(1000).detail
    assert "full in" not in disk(5 * size, keeps=RetentionConfig(days=3)).detail  # by then old days go


def test_a_store_that_outgrew_what_it_may_hold_says_so(tmp_path: Path) -> None:
    store: Store = System().stored(tmp_path)
    with store.write():
        pass

    def size(limit_gib: float | None) -> Trouble:
        return look_at_disk(store, now_ns=1, kept=RetentionConfig(max_size_gib=limit_gib), free=lambda: _GIB)[1]

    assert size(20).is_over
    assert size(None).is_over
    assert "more than the 0 MiB that it may" in size(1e-6).detail


def test_without_a_store_nothing_is_said_of_the_disk(tmp_path: Path) -> None:
    assert look_at_disk(Store(StoreConfig(path=tmp_path / "none.duckdb")), now_ns=1, kept=RetentionConfig()) == ()


def _counts(refused: int, trouble: str = "", **other: int) -> Counts:
    return Counts(100, Ledger(), 0, trouble, {"resource_exhausted": refused, **other})


def test_a_receiver_that_refuses_is_in_trouble_until_it_refused_nothing_for_some_looks() -> None:
    look = ReceiverLook()

    assert look.look(None, now_ns=1) == ()
    assert look.look(_counts(0, unauthenticated=7), now_ns=1)[0].is_over
    assert _said(look.look(_counts(412), now_ns=2)).startswith("at least 400 requests were turned away")
    assert [look.look(_counts(412), now_ns=3 + at)[0].is_over for at in range(6)] == [False] * 4 + [True] * 2
    assert _said(look.look(_counts(413), now_ns=9)).startswith("a request was turned away")
    assert "cannot be stored" in _said(look.look(_counts(413, "disk full"), now_ns=10))


def test_a_clock_that_is_set_is_told_once_and_one_that_runs_is_not() -> None:
    times = iter([(0.0, 0.0), (60.0, 60.0), (7320.0, 120.0), (7380.0, 180.0), (180.0, 240.0)])
    now = [0.0, 0.0]
    look = ClockLook(lambda: now[0], lambda: now[1])

    said = []
    for wall, running in times:
        now[:] = wall, running
        said.append(_said(look.look(now_ns=round(wall * 1e9))))

    assert said[:2] == ["", ""]
    assert "set forward by 2 h" in said[2]
    assert said[3] == ""
    assert "set back by 2 h 1 min" in said[4]


def test_a_clock_beside_those_of_servers_is_told_in_the_same_words_until_they_agree() -> None:
    ahead: dict[str, float] = {}
    look = ServersLook(lambda: ahead)
    assert look.look(now_ns=0) == ()

    ahead |= {"source logs": 12.0}
    assert look.look(now_ns=1)[0].is_over
    ahead |= {"source logs": 421.0, "channel slack": 420.0, "source traces": -3000.0}
    first = look.look(now_ns=2)
    ahead |= {"source logs": 426.0, "channel slack": 424.0}
    second = look.look(now_ns=3)
    ahead |= dict.fromkeys(ahead, 29.0)
    last = look.look(now_ns=4)

    assert (
        _said(first)
        == _said(second)
        == (
            "the clock of this machine is 7 min ahead of the dates in answers to channel slack and source logs. "
            "Set it by NTP."
        )
    )
    assert last[0].is_over


def test_a_clock_that_is_slow_beside_one_server_is_told() -> None:
    looks = ServersLook(lambda: {"source logs": -3600.0}).look(now_ns=0)

    assert "is 1 h behind the dates in answers to source logs" in _said(looks)
