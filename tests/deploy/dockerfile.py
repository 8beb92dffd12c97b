"""A Dockerfile as its instructions, built and run without an engine: in a folder that is the root of a process.

`build` does what an engine does with FROM, WORKDIR, ENV, COPY and RUN, with this machine's system and its Python 3.11
in place of the base image. It needs root, unshare(1) and chroot(1).
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Image", "Instruction", "build", "can_build", "instructions", "run"]

_OF_THE_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64")  # of this machine, in place of the base image
_OF_ETC = (
    "passwd", "group", "shadow", "gshadow", "login.defs", "default", "nsswitch.conf", "ld.so.cache", "ld.so.conf",
    "ld.so.conf.d", "ssl", "ca-certificates", "pip.conf", "resolv.conf", "hosts", "alternatives", "pam.d", "security",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a Dockerfile, with continued lines joined."""

    word: str
    rest: str


@dataclass(slots=True)
class Image:
    """A built stage: its root, what it added to the system's, and how it runs."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


def instructions(text: str) -> list[Instruction]:
    """The instructions in order; comments and empty lines are none."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = [line.split(None, 1) for line in joined.splitlines() if line.strip()]
    return [Instruction(word.upper(), rest.strip()) for word, rest in found]


def can_build() -> str:
    """Why this machine cannot build without an engine; "" when it can."""
    if os.geteuid() != 0:
        return "it needs root, to change the root of a process"
    missing = [name for name in ("unshare", "chroot", "mount") if shutil.which(name) is None]
    if missing:
        return f"there is no {missing[0]}"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        return "namespaces are not allowed here"
    return ""


def build(dockerfile: Path, context: Path, place: Path) -> Image:
    """The last stage, built below `place`; CalledProcessError with what a step printed when one fails."""
    stages: dict[str, Image] = {}
    image = Image(place)
    for number, step in enumerate(instructions(dockerfile.read_text(encoding="utf-8"))):
        if step.word == "FROM":
            name = step.rest.partition(" AS ")[2] or f"stage-{number}"
            image = stages[name] = Image(_new_root(place / name))
        elif step.word == "ENV":
            image.env |= dict(pair.split("=", 1) for pair in shlex.split(step.rest))
        elif step.word == "WORKDIR":
            image.workdir = step.rest
            (image.root / step.rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif step.word == "USER":
            image.user = step.rest
        elif step.word == "COPY":
            _copy(step.rest, image, context, stages)
        elif step.word == "RUN":
            _inside(image, ["sh", "-ec", step.rest], is_readonly=False, user="0:0", env=_registry())
        elif step.word in {"ENTRYPOINT", "CMD"}:
            words = tuple(json.loads(step.rest))
            image.entrypoint, image.command = (
                (words, image.command) if step.word == "ENTRYPOINT" else (image.entrypoint, words)
            )
    return image


def run(
    image: Image,
    words: Sequence[str] = (),
    *,
    data: Path,
    env: Mapping[str, str] | None = None,
    is_checked: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Runs the image as an engine with --read-only would: its user, its entrypoint, and `data` as its one volume."""
    command = [*image.entrypoint, *(words or image.command)]
    return _inside(image, command, is_readonly=True, user=image.user, env=env or {}, data=data, is_checked=is_checked)


def _new_root(root: Path) -> Path:
    for name in ("/etc", "/proc", "/dev", "/tmp", "/opt"):
        (root / name.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for path in map(Path, _OF_THE_SYSTEM):
        place = root / path.name
        place.symlink_to(path.readlink()) if path.is_symlink() else place.mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for name in _OF_ETC:
        source, target = Path("/etc") / name, root / "etc" / name
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, ignore_dangling_symlinks=True)
        elif source.exists():
            shutil.copy2(source, target)
    return root


def _copy(rest: str, image: Image, context: Path, stages: Mapping[str, Image]) -> None:
    words = shlex.split(rest)
    flags = dict(word[2:].split("=", 1) for word in words if word.startswith("--"))
    *sources, target = (word for word in words if not word.startswith("--"))
    base = stages[flags["from"]].root if "from" in flags else context
    for source in sources:
        origin = base / source.lstrip("/")
        into = Path(target) if target.startswith("/") else Path(image.workdir) / target
        place = image.root / str(into).lstrip("/")
        if origin.is_dir():
            shutil.copytree(origin, place, symlinks=True, dirs_exist_ok=True)
            continue
        place = place / origin.name if target.endswith("/") else place
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(origin, place)
        if "chmod" in flags:
            place.chmod(int(flags["chmod"], 8))


def _registry() -> dict[str, str]:
    """Where pip finds packages here: what an engine would be told by build arguments."""
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.endswith("_proxy")}


def _inside(  # noqa: PLR0913 - what an engine is told of a run
    image: Image, command: Sequence[str], *, is_readonly: bool, user: str, env: Mapping[str, str],
    data: Path | None = None, is_checked: bool = True,
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """Runs a command with the image as its root, and this machine's system below what the image added."""
    root = shlex.quote(str(image.root))
    mounts = [f"mount --bind {root} {root}", "mount --make-rprivate /"]
    mounts += [f"mount --rbind {name} {root}{name}" for name in _OF_THE_SYSTEM if not Path(name).is_symlink()]
    for folder in [] if is_readonly else Path("/opt").iterdir():  # packages that a registry on this machine gives
        place = image.root / "opt" / folder.name
        if not place.exists() or not any(place.iterdir()):
            mounts += [f"mkdir -p {shlex.quote(str(place))}", f"mount --bind {folder} {shlex.quote(str(place))}"]
    python = Path(sys.base_prefix)
    (place := image.root / str(python).lstrip("/")).mkdir(parents=True, exist_ok=True)
    mounts += [f"mount --bind {shlex.quote(str(python))} {shlex.quote(str(place))}", f"mount -t tmpfs tmpfs {root}/tmp"]
    mounts += [f"mount --rbind /dev {root}/dev", f"mount --rbind /proc {root}/proc"]
    if data is not None:
        mounts.append(f"mount --bind {shlex.quote(str(data))} {root}/data")
    if is_readonly:
        mounts.append(f"mount -o remount,ro,bind {root}")
    given = (
        {"PATH": f"{python}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}
        | image.env
        | dict(env)
    )
    words = " ".join(f"{name}={shlex.quote(value)}" for name, value in given.items())
    inner = f"cd {shlex.quote(image.workdir)} && exec {shlex.join(command)}"
    chroot = shutil.which("chroot")
    script = (
        " && ".join(mounts) + f" && exec env -i {words} {chroot} --userspec={user} {root} sh -c {shlex.quote(inner)}"
    )
    done = subprocess.run(["unshare", "--mount", "sh", "-ec", script], capture_output=True, text=True, check=False)
    if is_checked and done.returncode:
        sys.stderr.write(f"{shlex.join(command)[:300]}\n{done.stdout[-2000:]}{done.stderr[-4000:]}\n")
        done.check_returncode()
    return done
