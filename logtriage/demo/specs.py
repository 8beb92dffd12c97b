"""Configurations of revisions: what they hold and what a change makes of them."""

import random

from msgspec import Struct

from collector.replacing import replace
from logtriage.demo import pools
from logtriage.demo.streams import hex_digits
from logtriage.demo.world import Service, World

__all__ = ["IMAGE", "Change", "Spec", "changed", "first_spec"]

Change = tuple[str, str]  # (type, name) in the words of the findings: ("env_removed", "SOME_KEY")
IMAGE: Change = ("image", "image")


class Spec(Struct, frozen=True):
    """The template of a revision. `env` maps a key to ("literal", value) or ("secret", name, version)."""

    image: str
    digest: str
    env: dict[str, tuple[str, ...]]
    memory_mi: int
    cpu: str
    concurrency: int
    max_instances: int
    faults: frozenset[str] = frozenset()  # what is wrong in the image; later images keep it until it is mended


def first_spec(world: World, service: Service, rng: random.Random) -> Spec:
    """The configuration a service has when the window begins."""
    env: dict[str, tuple[str, ...]] = {"STAGE": ("literal", world.stage)}
    for key in sorted(rng.sample(pools.SECRETS, 8)):
        env[key] = ("secret", key.lower().replace("_", "-"), rng.choice(("latest", "latest", "3", "7")))
    for key, values in rng.sample(pools.FLAGS, 6):
        env[key] = ("literal", rng.choice(values))
    env[world.secret_key] = ("secret", world.secret_key.lower().replace("_", "-"), rng.choice(("latest", "2")))
    for other in world.services:
        if other is not service:
            env[f"{other.role.upper()}_URL"] = ("literal", other.host)
    password = hex_digits(rng, 20)
    env["SEARCH_DSN"] = ("literal", f"https://app:{password}@search.{world.company}.example:9243")
    order = list(env)
    rng.shuffle(order)
    digest = hex_digits(rng, 64)
    return Spec(
        image=f"{world.region}-docker.pkg.dev/{world.project}/images/{service.name}", digest=digest,
        env={key: env[key] for key in order}, memory_mi=rng.choice((512, 1024, 2048)), cpu=rng.choice(("1", "2")),
        concurrency=rng.choice((40, 80, 100)), max_instances=rng.choice((5, 10, 20)),
    )  # fmt: skip


def changed(spec: Spec, change: Change, rng: random.Random) -> Spec:
    """The configuration after one change; its new value is drawn."""
    kind, name = change
    env = dict(spec.env)
    if kind == "image":
        return replace(spec, digest=hex_digits(rng, 64))
    if kind == "memory_limit":
        return replace(spec, memory_mi=rng.choice([size for size in (512, 1024, 2048, 4096) if size != spec.memory_mi]))
    if kind == "max_instances":
        return replace(spec, max_instances=spec.max_instances + rng.choice((1, 5)))
    if kind == "env_removed":
        del env[name]
    elif kind == "env_added":
        env[name] = ("literal", rng.choice(("on", "off", "auto")))
    elif kind == "env_changed":
        known = dict(pools.FLAGS).get(name, ("a", "b", "c"))
        env[name] = ("literal", rng.choice([value for value in known if ("literal", value) != env.get(name)]))
    elif kind == "secret_ref_changed":
        _, secret, version = env[name]
        env[name] = ("secret", secret, str(int(version) + 1) if version.isdigit() else "5")
    return replace(spec, env=env)
