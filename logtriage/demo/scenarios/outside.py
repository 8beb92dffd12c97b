"""Failures that no deploy caused: secrets, permissions, maintenance, certificates, clients, traffic, outages."""

from logtriage.demo.clock import HOUR, MINUTE, SECOND, iso
from logtriage.demo.conditions import asked_by, between, both, on, share, started_since, tagged, used_by
from logtriage.demo.platform import binding_removed, database_maintenance, secret_version_added
from logtriage.demo.scenarios.draft import Draft, story

__all__ = ["STORIES"]

_DATA = ("backend.list", "backend.get", "backend.create")
_TABLES = {"backend": _DATA, "auth": ("auth.check", "auth.login")}


def _event(draft: Draft, kind: str, start_ns: int, end_ns: int) -> None:
    event = {"type": kind, "start": iso(start_ns), "end": iso(end_ns)}
    draft.stage.site.truth.external_events.append(event)


def _innocents(draft: Draft, at_ns: int) -> None:
    """Deploys of the backend and of another service in the minutes before an instant."""
    draft.calm(7, at_ns - 2 * HOUR)
    draft.deploy(draft.pick("backend", "frontend"), at_ns - draft.minutes(3, 50))


def secret_rotated(draft: Draft) -> None:
    """A new version of a secret that is read as `latest`: containers that start from now on cannot log in."""
    at_ns = draft.hour(12, 17)
    draft.calm(7, at_ns - 2 * HOUR)
    draft.deploy("frontend", at_ns - draft.minutes(3, 50))
    env = draft.stage.timeline.of(draft.service("backend"))[-1].spec.env
    latest = sorted(key for key, source in env.items() if source[0] == "secret" and source[2] == "latest")
    key = draft.pick(*(latest or sorted(key for key, source in env.items() if source[0] == "secret")))
    serving = [deploy for deploy in draft.stage.timeline.of(draft.service("backend")) if deploy.traffic_ns][-1]
    starts = [at_ns + draft.minutes(8, 50), at_ns + draft.minutes(60, 200), at_ns + draft.minutes(200, 400)]
    draft.settle(*((serving, start_ns) for start_ns in starts))
    secret_version_added(draft.stage.site, at_ns, env[key][1], draft.rng.randrange(3, 20))
    _event(draft, "secret_rotation", at_ns, draft.stage.end_ns)
    mark = draft.root("S1", "new containers cannot log in", "backend", kind="refused", cause_type="secret_rotation")
    draft.fails(mark, both(started_since(at_ns), on(*_DATA), share(0.9)), "refused", "backend", key=key)


def permission_removed(draft: Draft) -> None:
    """A role is taken from the account the services run as."""
    at_ns = draft.hour(12, 19)
    _innocents(draft, at_ns)
    draft.settle()
    project = draft.stage.world.project
    role = draft.pick("roles/storage.objectAdmin", "roles/pubsub.publisher", "roles/datastore.user")
    binding_removed(draft.stage.site, at_ns, role, f"serviceAccount:runner@{project}.iam.gserviceaccount.com")
    _event(draft, "iam_change", at_ns, draft.stage.end_ns)
    from_ns = at_ns + draft.minutes(1, 7)
    mark = draft.root("I1", "permission denied", "backend", kind="iam", cause_type="iam")
    routes = draft.pick(("backend.create",), ("backend.create", "backend.get"))
    draft.fails(mark, both(between(from_ns, draft.stage.end_ns), on(*routes), share(0.95)), "iam", "backend")


def database_maintained(draft: Draft) -> None:
    """The database is maintained for minutes, right after an innocent deploy; everything that queries fails."""
    at_ns = draft.hour(12, 20)
    _innocents(draft, at_ns)
    draft.settle()
    end_ns = at_ns + draft.minutes(5, 14)
    database_maintenance(draft.stage.site, at_ns, end_ns, f"{draft.stage.world.nouns[0]}-db")
    _event(draft, "maintenance", at_ns, end_ns)
    for role, routes in _TABLES.items():
        name = draft.service(role).name
        mark = draft.root(
            f"D-{role}", f"{name} loses its database", role, kind="maintenance", cause_type="dependency_outage"
        )
        draft.fails(mark, both(between(at_ns, end_ns), on(*routes), share(0.85)), "maintenance", role)


def certificate_expired(draft: Draft) -> None:
    """The certificate of a provider runs out at midnight or at noon; nobody deployed anything for it."""
    noon_ns = 12 * HOUR
    at_ns = (draft.hour(13, 20) // noon_ns) * noon_ns + noon_ns - draft.pick(0, SECOND)
    at_ns = min(at_ns, draft.stage.end_ns - 5 * HOUR)
    _innocents(draft, at_ns)
    draft.settle()
    _event(draft, "certificate_expiry", at_ns, draft.stage.end_ns)
    mark = draft.root("E1", "a certificate has expired", "backend", kind="certificate", cause_type="certificate")
    when = both(between(at_ns, draft.stage.end_ns), on("backend.search"))
    draft.fails(mark, when, "certificate", "backend")


def bad_client(draft: Draft) -> None:
    """One client starts to send bodies that the backend refuses, hours after the last deploy or right after one."""
    at_ns = draft.hour(11, 16)
    draft.calm(7, at_ns - HOUR)
    if draft.rng.random() < 0.5:  # noqa: PLR2004 - with an innocent deploy, or without
        draft.deploy("backend", at_ns - draft.minutes(4, 40))
    draft.settle()
    stage = draft.stage
    origin = stage.traffic.origin("client")
    is_error = draft.rng.random() < 0.6  # noqa: PLR2004 - some programs call it an error, others warn
    mark = draft.root(
        "X1", f"{origin.user_agent} sends what cannot be read", "backend", kind="bad_client", cause_type="client",
        severity="P3", required=is_error,
    )  # fmt: skip
    trouble = "bad_client" if is_error else "client_refused"
    draft.fails(mark, asked_by("client"), trouble, "backend", agent=origin.user_agent)
    now_ns = at_ns
    while now_ns < stage.end_ns - MINUTE:
        stage.traffic.request("backend.create", now_ns, origin)
        now_ns += round(draft.rng.uniform(60, 300) / max(stage.scale, 0.3)) * SECOND


def surge(draft: Draft) -> None:
    """Many times the usual traffic for hours; the same small share of it fails as ever."""
    at_ns = draft.hour(14, 18)
    draft.calm(8, at_ns - HOUR)
    draft.deploy("backend", at_ns - draft.minutes(5, 60))
    draft.settle()
    end_ns = at_ns + draft.minutes(120, 260)
    _event(draft, "traffic_surge", at_ns, end_ns)
    mark = draft.root(
        "U1", "a constant share of requests fails", "backend", kind="provider", cause_type="traffic_surge",
        severity="P3", required=False,
    )  # fmt: skip
    draft.fails(mark, both(on("backend.search"), share(draft.pick(0.02, 0.04))), "provider", "backend")
    draft.begins(mark, draft.stage.start_ns, at_ns, states=("ongoing", "resolved", "regressed"))
    draft.stage.traffic.users(at_ns, end_ns, 25 / draft.stage.scale / draft.pick(5, 8))


def outage_after_deploy(draft: Draft) -> None:
    """A provider fails in the very minute in which an innocent revision takes the traffic; it ends by itself."""
    at_ns = draft.hour(13, 18)
    draft.calm(7, at_ns - 2 * HOUR)
    deploy = draft.deploy("backend", at_ns)
    draft.settle()
    from_ns = (deploy.traffic_ns or at_ns) + draft.minutes(-1, 2)
    end_ns = from_ns + draft.minutes(25, 80)
    _event(draft, "dependency_outage", from_ns, end_ns)
    for role, routes in _TABLES.items():
        name = draft.service(role).name
        mark = draft.root(f"D-{role}", f"{name}: store down", role, kind="down", cause_type="dependency_outage")
        draft.fails(mark, both(between(from_ns, end_ns), on(*routes), share(0.9)), "maintenance", role)


def outage_beside_guilty(draft: Draft) -> None:
    """A bad deploy of the front end, and in the same minutes the database of the others goes down: two roots."""
    at_ns = draft.hour(13, 18)
    draft.calm(7, at_ns - 2 * HOUR)
    bad = draft.deploy("frontend", at_ns, tag="defect")
    draft.settle()
    from_ns = (bad.traffic_ns or at_ns) + draft.minutes(-3, 6)
    end_ns = from_ns + draft.minutes(25, 80)
    _event(draft, "dependency_outage", from_ns, end_ns)
    own = draft.root("R1", "the first page fails", "frontend", kind="defect", guilty=draft.guilty(bad))
    draft.fails(own, both(tagged("defect"), on("frontend.home", "frontend.search"), share(0.7)), "defect", "frontend")
    for role, routes in _TABLES.items():
        name = draft.service(role).name
        mark = draft.root(f"D-{role}", f"{name}: store down", role, kind="down", cause_type="dependency_outage")
        draft.fails(mark, both(between(from_ns, end_ns), on(*routes), share(0.9)), "maintenance", role)
        draft.stage.site.truth.separate.append((own.id, mark.id))


def outage_of_one(draft: Draft) -> None:
    """One service alone loses a provider for hours, soon after its own innocent deploy; old revisions are gone."""
    at_ns = draft.hour(12, 16)
    draft.calm(7, at_ns - 2 * HOUR)
    deploy = draft.deploy("backend", at_ns, overlap_ns=0)
    draft.settle()
    from_ns = (deploy.traffic_ns or at_ns) + draft.minutes(8, 90)
    end_ns = from_ns + draft.minutes(40, 150)
    _event(draft, "dependency_outage", from_ns, end_ns)
    mark = draft.root("D1", "a provider does not answer", "backend", kind="provider", cause_type="dependency_outage")
    name = draft.service("backend").name
    when = both(between(from_ns, end_ns), used_by(name), on("backend.search", "backend.create"), share(0.8))
    draft.fails(mark, when, "provider", "backend")


STORIES = {
    name: story(name, 30, tell, is_innocent=name != "outage_beside_guilty")
    for name, tell in (
        ("secret_rotated", secret_rotated),
        ("permission_removed", permission_removed),
        ("database_maintained", database_maintained),
        ("certificate_expired", certificate_expired),
        ("bad_client", bad_client),
        ("surge", surge),
        ("outage_after_deploy", outage_after_deploy),
        ("outage_beside_guilty", outage_beside_guilty),
        ("outage_of_one", outage_of_one),
    )
}
