"""The edge of a job: when its run ended."""

from collector.stopping import Stop
from collector.window import NS_PER_S
from logtriage.daemon.edge import run_job
from logtriage.jobs import Done, Job

_DAY_NS = 86_400 * NS_PER_S


def test_a_run_in_whose_middle_the_machine_slept_ended_when_it_had_run_so_long() -> None:
    wall, running = iter((_DAY_NS, 2 * _DAY_NS)), iter((7 * NS_PER_S, 10 * NS_PER_S))

    run, _ = run_job(
        Job("collect", lambda _: Done()), Stop(), (), clock_ns=lambda: next(wall), running_ns=lambda: next(running)
    )

    assert (run.started_at_ns, run.ended_at_ns) == (_DAY_NS, _DAY_NS + 3 * NS_PER_S)
