"""What goes on without anything being wrong: containers come and go, loggers chatter, people and tests use it."""

from logtriage.demo.audit import write_audit, write_shift
from logtriage.demo.clock import HOUR, MILLI, SECOND, iso
from logtriage.demo.deploys import Deploy
from logtriage.demo.site import Place, Site
from logtriage.demo.streams import hex_digits, uuid_text
from logtriage.demo.styles import Line
from logtriage.demo.traffic import Traffic
from logtriage.demo.truth import Mark
from logtriage.demo.wording import NOISE, Noise
from logtriage.demo.world import Service

__all__ = ["chatter", "deploy_rows", "everyday", "spread_noise"]

_REASONS = {
    "DEPLOYMENT_ROLLOUT": "Instance started due to traffic shifting between revisions due to deployment, traffic split "
    "adjustment, or deployment health check.",
    "AUTOSCALING": "Instance started due to configured scaling factors (e.g. CPU utilization, request throughput, "
    "etc.) or no existing capacity for current traffic.",
}


def everyday(traffic: Traffic, start_ns: int, end_ns: int, scale: float) -> None:
    """Users, test suites, health checks, scanners and standing noise over the whole window."""
    traffic.users(start_ns, end_ns, 25 / scale)
    traffic.test_runs(start_ns, end_ns, max(4, round(22 * scale)))
    traffic.health_checks(start_ns, end_ns, 300 / scale)
    traffic.scanners(start_ns, end_ns, max(3, round(18 * scale)))
    chatter(traffic.site, start_ns, end_ns, scale)


def deploy_rows(site: Site, start_ns: int, end_ns: int) -> None:
    """The audit trail and the platform's rows of every deploy and container inside the window."""
    for deploy in site.timeline.deploys:
        if not deploy.is_initial:
            for identity in write_audit(site.world, deploy, site.entries, site.streams):
                site.truth.may_report.add("deploy_failed")
                site.truth.add(Mark("noise", "deploy_failed"), deploy.service.name, identity, deploy.created_ns)
        _containers(site, deploy, start_ns, end_ns)
    for shift in site.timeline.shifts:
        write_shift(site.world, shift, site.entries, site.streams)


def _containers(site: Site, deploy: Deploy, start_ns: int, end_ns: int) -> None:
    rng = site.streams.of("containers")
    service = deploy.service
    for instance in deploy.instances:
        place = Place(deploy, instance)
        if start_ns <= instance.start_ns < end_ns:
            reason = f"Starting new instance. Reason: {instance.reason} - {_REASONS[instance.reason]}"
            site.system(place, instance.start_ns, reason)
            up_ns = instance.start_ns + round(rng.uniform(2, 7) * SECOND)
            _boot(site, place, instance.start_ns + SECOND)
            probe = f'Default STARTUP TCP probe succeeded after 1 attempt for container "{service.name}-1" on port'
            site.system(place, up_ns, f"{probe} {service.port}.")
        if start_ns <= instance.stop_ns < end_ns:
            site.system(place, instance.stop_ns, "Shutting down user disabled instance")


def _boot(site: Site, place: Place, at_ns: int) -> None:
    service = place.service
    lines = (
        f"configuration loaded for {site.world.stage}",
        f"{service.verb} queue ready",
        f"listening on :{service.port}",
    )
    for at, text in enumerate(lines):
        site.log(place, at_ns + at * 180 * MILLI, Line("INFO", text, "core/boot", "main", 12 + at))


def chatter(site: Site, start_ns: int, end_ns: int, scale: float) -> None:
    """Standing noise: each service draws some kinds and keeps them for the whole window, in all its revisions."""
    rng = site.streams.of("chatter")
    for service in site.world.services:
        for noise in NOISE:
            if rng.random() < 0.6:  # noqa: PLR2004 - share of kinds a service has
                spread_noise(site, service, noise, (start_ns, end_ns), scale)


def spread_noise(site: Site, service: Service, noise: Noise, window_ns: tuple[int, int], scale: float) -> None:
    """One kind of noise in one service, evenly over a window."""
    rng = site.streams.of(f"noise/{service.role}/{noise.kind}")
    phrase = site.words.of(noise.kind, service)
    host = f"10.{rng.randrange(4, 90)}.{rng.randrange(256)}.{rng.randrange(2, 250)}:{rng.choice((6379, 8123, 9200))}"
    noun = rng.choice(site.world.nouns)
    rate = noise.per_hour * scale
    if noise.may_report:
        site.truth.may_report.add(noise.kind)
    at_ns = max(window_ns[0], site.opens_ns.get(service.role, 0))
    while True:
        at_ns += round(rng.expovariate(rate) * HOUR)
        if at_ns >= window_ns[1]:
            return
        token = f"eyJhbGciOiJIUzI1NiJ9.{hex_digits(rng, 40)}.{hex_digits(rng, 43)}"
        message = phrase.fill(
            host=host, noun=noun, id=uuid_text(rng), n=rng.randrange(1, 90), ms=rng.randrange(1100, 3900),
            at=iso(at_ns - HOUR, 0), path=f"/{noun}s", jwt=token, table=f"{noun}s",
        )  # fmt: skip
        site.truth.planted += [token] if token in message else []
        line = Line(noise.level, message, phrase.module, phrase.function, phrase.number)
        site.log(site.place(service, at_ns), at_ns, line, Mark("noise", noise.kind))
