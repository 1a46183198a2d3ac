"""Instructions of a Dockerfile, the files that its build context has, and its steps in a chroot.

No machine of the tests can pull images. This module runs the steps on any root file system, such as one of
debootstrap, as root:

    python -m tests.deploy.dockerfile BASE_FOLDER RESULT_FOLDER

It covers what deploy/image/Dockerfile uses. `RUN` steps also see the variables of certificates and of pip
that this shell has.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests import builds

DOCKERFILE = builds.ROOT / "deploy" / "image" / "Dockerfile"
_IGNORE = DOCKERFILE.with_name("Dockerfile.dockerignore")
_ISOLATED = """
PATH=/usr/sbin:/usr/bin:/sbin:/bin; mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" \
    && PATH=$5 exec "$6" --userspec="$2" "$1" \
    /bin/sh -c 'cd "$1" && eval "$2"' sh "$3" "$4"
"""
_SHARED = re.compile(r"PIP_\w+|SSL_\w+|\w+_CA_BUNDLE")


class Instruction(NamedTuple):
    """`name` in capitals, and the rest of its line."""

    name: str
    text: str


@dataclass
class Stage:
    """One `FROM`: the image or stage that it starts from, and the instructions after it."""

    base: str
    name: str
    steps: list[Instruction] = field(default_factory=list)


def instructions(path: Path = DOCKERFILE) -> list[Instruction]:
    """The instructions with continued lines joined, without comments."""
    lines = [
        line for line in path.read_text(encoding="utf-8").splitlines() if not re.match(r"\s*(#|$)", line)
    ]
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*re.split(r"\s+", line, maxsplit=1)) for line in text.splitlines()]


def stages(arguments: dict[str, str] | None = None, path: Path = DOCKERFILE) -> list[Stage]:
    """The stages, with the variables of their `FROM` replaced.

    Args:
        arguments: Values of `--build-arg`, in place of the defaults.
    """
    found: list[Stage] = []
    defaults: dict[str, str] = {}
    for instruction in instructions(path):
        if instruction.name == "FROM":
            base, *alias = expand(instruction.text, defaults).split()
            found.append(Stage(base, alias[1] if alias else str(len(found))))
        elif found:
            found[-1].steps.append(instruction)
        else:
            name, _, default = instruction.text.partition("=")
            defaults[name] = (arguments or {}).get(name, expand(default, defaults))
    return found


def expand(text: str, values: dict[str, str]) -> str:
    """The text with `$NAME` and `${NAME}` replaced."""
    return re.sub(r"\$\{?(\w+)\}?", lambda match: values.get(match[1], ""), text)


def is_sent(path: str, ignore: Path = _IGNORE) -> bool:
    """Whether the build context contains a path of the repository: the last pattern that fits decides."""
    sent = True
    parts = path.split("/")
    prefixes = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    for line in ignore.read_text(encoding="utf-8").splitlines():
        pattern = line.strip().removeprefix("!").removeprefix("**/")
        names = parts if "**/" in line else prefixes
        if pattern and not line.startswith("#") and any(fnmatch.fnmatchcase(name, pattern) for name in names):
            sent = line.startswith("!")
    return sent


def copies(stage: Stage) -> list[tuple[str | None, list[str], str]]:
    """The `COPY` instructions: the stage that they copy from or None, the sources, and the target."""
    result = []
    for step in stage.steps:
        if step.name == "COPY":
            words = shlex.split(step.text)
            origin = next(
                (word.removeprefix("--from=") for word in words if word.startswith("--from=")), None
            )
            paths = [word for word in words if not word.startswith("--")]
            result.append((origin, paths[:-1], paths[-1]))
    return result


def run(base: Path, result: Path) -> dict[str, str]:
    """Run all steps, each stage in a copy of the base folder; the last stage ends in the result folder.

    Returns the environment of the image.
    """
    folders: dict[str, Path] = {}
    environment: dict[str, str] = {}
    for stage in stages():
        folders[stage.name] = folder = result.with_name(f"{result.name}.{stage.name}")
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["cp", "-a", base, folder], check=True)
        environment = _run_stage(stage, folder, folders)
    shutil.rmtree(result, ignore_errors=True)
    folder.rename(result)
    return environment


def _run_stage(stage: Stage, folder: Path, folders: dict[str, Path]) -> dict[str, str]:
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    arguments: dict[str, str] = {}
    work, user = "/", "0:0"
    waiting = iter(copies(stage))
    for name, text in stage.steps:
        print(f"{stage.name}: {name} {text[:150]}", flush=True)
        if name == "RUN":
            shared = {key: value for key, value in os.environ.items() if _SHARED.fullmatch(key)}
            in_chroot(folder, text, {**shared, **arguments, **environment}, work, user)
        elif name == "ENV":
            environment |= dict(word.split("=", 1) for word in shlex.split(text))
        elif name == "ARG":
            arguments[text.partition("=")[0]] = text.partition("=")[2]
        elif name == "WORKDIR":
            work = text
            (folder / work.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif name == "USER":
            user = text
        elif name == "COPY":
            _copy(folder, work, folders, *next(waiting))
        elif name not in ("ENTRYPOINT", "CMD"):
            raise NotImplementedError(name)
    return environment


def in_chroot(
    folder: Path, command: str, environment: dict[str, str], work: str = "/", user: str = "0:0"
) -> None:
    """Run a command of the shell with this root folder, environment, working folder and user."""
    isolate = ["unshare", "--mount", "--pid", "--fork", "/bin/sh", "-c", _ISOLATED, "sh"]
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment}
    chroot = shutil.which("chroot", path=env["PATH"] + ":/usr/sbin:/sbin") or "chroot"
    arguments = [str(folder), user, work, command, env["PATH"], chroot]
    subprocess.run([*isolate, *arguments], env=env, check=True)


def _copy(
    folder: Path, work: str, folders: dict[str, Path], origin: str | None, sources: list[str], target: str
) -> None:
    destination = (
        folder / target.lstrip("/") if target.startswith("/") else folder / work.lstrip("/") / target
    )
    for source in sources:
        if origin is not None:
            destination.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", f"{folders[origin]}{source}.", destination], check=True)
            continue
        for path in _context(source):
            is_file = (builds.ROOT / source).is_file()
            inner = path.name if is_file else str(path.relative_to(builds.ROOT / source))
            to = destination / inner
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, to)


def _context(source: str) -> list[Path]:
    """The tracked files of a `COPY` source that the build context contains."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", source], cwd=builds.ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    return [builds.ROOT / name for name in listed if name and is_sent(name)]


def main(base: str, result: str) -> None:
    """Run the Dockerfile; print the environment of the image."""
    print(json.dumps(run(Path(base), Path(result)), indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
