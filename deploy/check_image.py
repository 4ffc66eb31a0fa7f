"""Run the Dockerfile's steps and command in a plain folder, without a container engine.

Not checked: the base image (Debian's Python of the same version replaces it), independence from
files outside the folder, and what the engine adds around the process. As root the app runs as the
Dockerfile's user on files owned by root, otherwise on read-only files. Paths in the Dockerfile are
mapped into the folder.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from bcapp.database import CHECKOUT
from sandbox.server import run_sandbox
from sandbox.world import World
from tests import make
from tests.crash.worker import MAX_WAIT, until
from tests.over_http import Tab
from tests.served import free_port, http_session

OURS = re.compile(r"(?<![\w/.-])/(?=(?:app|venv)\b)")  # the paths that the Dockerfile makes
NEVER = {".env", ".git", "tests", "sandbox", "instance", "rehearsal", "requirements-dev.lock"}
LARGEST = 200 * 1024 * 1024


@dataclass
class Image:
    """The Dockerfile's process settings, with its paths not yet mapped."""

    environ: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="image") as name:
        folder = Path(name)
        folder.chmod(0o755)
        image = build(folder)
        root = folder / "root"
        sealed = seal(root)
        print(f"image: {len(sealed)} files beside Python, {sum(sealed.values()) >> 20} MB")
        run(image, root, folder)
        if seal(root) != sealed:
            raise SystemExit("check-image: the app has written into its image")
    print("check-image: built, migrated, served as another user on files it cannot write, stopped")
    return 0


def instructions() -> Iterator[tuple[str, str]]:
    text = (CHECKOUT / "Dockerfile").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            yield word, rest


def build(folder: Path) -> Image:
    image, stage = Image(), ""
    for word, rest in instructions():
        print(f"  {word} {rest}", flush=True)
        root = folder / "root"
        match word:
            case "FROM":
                provide_python(rest, folder)
                if stage:
                    root.rename(folder / stage)
                root.mkdir()
                image, stage = Image(), rest.partition(" AS ")[2]
            case "COPY":
                copy(rest.split(), folder)
            case "RUN":
                environ = clean_environ(folder) | placed_environ(image, root)
                # The Dockerfile is ours, and a RUN is a line for a shell.
                command = placed(rest, root)
                subprocess.run(command, shell=True, check=True, cwd=root, env=environ)  # noqa: S602
            case "ENV":
                image.environ |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            case "WORKDIR":
                image.workdir = rest
                Path(placed(rest, root)).mkdir(parents=True, exist_ok=True)
            case "USER":
                image.user = rest
            case "HEALTHCHECK":
                image.health = json.loads(rest[rest.index("CMD ") + 4 :])
            case "CMD":
                image.command = json.loads(rest)
            case "EXPOSE":
                pass
            case _:
                raise SystemExit(f"check-image: {word} is not known here")
    return image


def provide_python(rest: str, folder: Path) -> None:
    """Provide a Python like the base image's, which the app's user may execute."""
    version = re.match(r"python:(3\.\d+)-slim", rest)
    python = Path(f"/usr/bin/python{version[1]}") if version else None
    if python is None or not python.exists():
        raise SystemExit(f"check-image: install Debian's Python for {rest}, with its venv package")
    (folder / "base").mkdir(exist_ok=True)
    link = folder / "base" / "python"
    link.unlink(missing_ok=True)
    link.symlink_to(python)


def copy(words: list[str], folder: Path) -> None:
    source = CHECKOUT
    if words[0].startswith("--from="):
        source = folder / words.pop(0).removeprefix("--from=")
    *names, target = words
    place = Path(placed(target, folder / "root"))
    for name in names:
        origin = source / name.lstrip("/")
        if source == CHECKOUT and is_ignored(name):
            raise SystemExit(f"check-image: {name} is copied, but .dockerignore leaves it out")
        if origin.is_dir():
            ignore = shutil.ignore_patterns("__pycache__") if source == CHECKOUT else None
            shutil.copytree(origin, place, symlinks=True, ignore=ignore)
        else:
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(origin, place)


def is_ignored(name: str) -> bool:
    """Apply .dockerignore as Docker does: the last matching line decides."""
    ignored = False
    for line in (CHECKOUT / ".dockerignore").read_text().splitlines():
        pattern = line.lstrip("!")
        if line and not line.startswith("#") and fnmatch(name, pattern):
            ignored = not line.startswith("!")
    return ignored


def placed(text: str, root: Path) -> str:
    return OURS.sub(f"{root}/", text)


def placed_environ(image: Image, root: Path) -> dict[str, str]:
    return {
        name: ":".join(placed(part, root) for part in value.split(":"))
        for name, value in image.environ.items()
    }


def clean_environ(folder: Path) -> dict[str, str]:
    """Keep nothing of this machine's environment but the package client settings."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    home = {"HOME": os.environ["HOME"]} if "HOME" in os.environ else {}
    return kept | home | {"TMPDIR": str(folder), "PATH": f"{folder / 'base'}:/usr/bin:/bin"}


def seal(root: Path) -> dict[Path, int]:
    """Remove all write permissions; returns the files and their sizes."""
    files = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            continue
        path.chmod(path.stat().st_mode & ~0o222)
        if path.is_file():
            files[path] = path.stat().st_size
    unwanted = NEVER & {path.name for path in (root / "app").iterdir()}
    if unwanted or sum(files.values()) > LARGEST:
        raise SystemExit(f"check-image: too much in the image: {unwanted or 'its size'}")
    return files


def run(image: Image, root: Path, folder: Path) -> None:
    """Migrate, start, run the health check, install and send, stop."""
    scratch = folder / "tmp"  # stands for the container's tmpfs
    scratch.mkdir()
    user, group = (int(part) for part in image.user.split(":"))
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        as_user = {"user": user, "group": group, "extra_groups": []}
        os.chown(scratch, user, group)
    port = free_port()
    world = World(make.CLIENT_ID, make.CLIENT_SECRET, make.APP_URL)
    with run_sandbox(world) as bigcommerce:
        environ = make.environ(
            DATABASE_URL=f"sqlite:///{scratch}/bcapp.sqlite3",
            BIGCOMMERCE_LOGIN_URL=bigcommerce,
            BIGCOMMERCE_API_URL=bigcommerce,
            TMPDIR=str(scratch),
        )
        environ |= placed_environ(image, root) | {"BIND": f"127.0.0.1:{port}"}

        def start(command: list[str], stderr: int | None = None) -> subprocess.Popen[bytes]:
            words = [word.replace(":8000/", f":{port}/") for word in command]
            words[0] = shutil.which(words[0], path=environ["PATH"]) or words[0]
            workdir = placed(image.workdir, root)
            return subprocess.Popen(  # noqa: S603 - the Dockerfile's own command
                words, env=environ, cwd=workdir, stderr=stderr, **as_user
            )

        def is_healthy() -> bool:
            if app.poll() is not None:
                raise SystemExit("check-image: the app has ended; its own words are above")
            return start(image.health, subprocess.DEVNULL).wait(MAX_WAIT) == 0

        if start(["python", "-m", "bcapp.cli", "make-keys"]).wait(MAX_WAIT) != 0:
            raise SystemExit("check-image: no keys could be made")
        if start(["alembic", "upgrade", "head"]).wait(MAX_WAIT) != 0:
            raise SystemExit("check-image: the database could not be migrated")
        app = start(image.command)
        try:
            until(is_healthy, "check-image: the health check never succeeds")
            merchant = Tab(world, "harbour1", f"http://127.0.0.1:{port}")
            statuses = [
                http_session().get(f"{merchant.url}/readyz", timeout=MAX_WAIT).status_code,
                merchant.install().status_code,
                merchant.send("zoom2u", {"auth_key": "yourKey"}).status_code,
                merchant.get("/static/bcapp.css").status_code,
            ]
        finally:
            app.send_signal(signal.SIGTERM)
            status = app.wait(MAX_WAIT)
        if statuses != [200, 200, 303, 200] or status != 0:
            raise SystemExit(f"check-image: answered {statuses}, ended with {status}")


if __name__ == "__main__":
    sys.exit(main())
