"""Hosts of a test cluster on one machine, made of Linux namespaces: they share nothing but a network.

Each host has its own network interface, process ids, host name, /tmp, home and working folder. All hosts see
their own files at the same path, so that a path which one host sends to another never leads to its files by
accident. The repository is read-only. The processes of a host end with its first process, and that one ends
with the test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests import builds

_NETWORK = "10.213.7"
_ISOLATED = ("--net", "--mount", "--uts", "--pid")
_BOOT = """
set -e
base=$1 name=$2 repository=$3
hostname "$name"
ip link set lo up
# A repository in /tmp appears in the own /tmp of the host.
case $repository in /tmp/*)
    mkdir -p "$base/hosts/$name$repository"
    mount --rbind "$repository" "$base/hosts/$name$repository" ;;
esac
mount --rbind "$base/hosts/$name/tmp" /tmp
mount --bind "$base/hosts/$name/here" "$base/here"
mount -t tmpfs tmpfs "$base/hosts"
mount --bind "$base/etc-hosts" /etc/hosts
# The mounts below the repository stay writable.
mount --rbind "$repository" "$repository"
mount -o remount,bind,ro "$repository"
echo started
exec sleep infinity
"""


def missing() -> str | None:
    """Why hosts cannot be created on this machine; None if they can."""
    for tool in ("unshare", "nsenter", "setpriv", "ip", "mount"):
        if shutil.which(tool) is None:
            return f"{tool} is missing (Debian: apt-get install util-linux mount iproute2)"
    attempt = subprocess.run(
        ["unshare", *_ISOLATED, "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        text=True,
    )
    return None if attempt.returncode == 0 else f"namespaces need root: {attempt.stderr.strip()}"


@dataclass
class Host:
    """A running host. `files` is its working folder as the test sees it, `here` as the host sees it."""

    name: str
    address: str
    files: Path
    here: Path
    first: int  # process id of its first process

    def command(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> list[str]:
        """The command line that runs a command on this host, in its working folder."""
        variables = {
            "PATH": f"{builds.ROOT}/.venv/bin:{os.environ['PATH']}",
            "HOME": str(self.here),
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **{name: os.environ[name] for name in ("JAVA_HOME",) if name in os.environ},
            **(env or {}),
        }
        enter = ["nsenter", f"--target={self.first}", *_ISOLATED, f"--wdns={self.here}"]
        setting = ["env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        return [*enter, *setting, *map(str, arguments)]

    def start(
        self, *arguments: str | Path, log: str, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a command whose output goes to a file in the host's folder."""
        with (self.files / log).open("ab") as output:
            return subprocess.Popen(
                self.command(*arguments, env=env), stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    def processes(self, text: str) -> list[psutil.Process]:
        """Processes of this host whose command line contains the text."""
        space = Path(f"/proc/{self.first}/ns/pid").readlink()
        return [process for process in psutil.process_iter() if _is_in(process, space, text)]

    def power_off(self) -> None:
        """End all processes of this host at once."""
        psutil.Process(self.first).kill()

    def disconnect(self) -> None:
        """Cut the host off the network; its processes go on."""
        _in_network(self.first, "ip addr flush dev eth0")

    def connect(self) -> None:
        """Give the host its address."""
        _in_network(self.first, f"ip addr add {self.address}/24 dev eth0")
        _in_network(self.first, "ip link set eth0 up")


def _is_in(process: psutil.Process, space: Path, text: str) -> bool:
    try:
        return Path(f"/proc/{process.pid}/ns/pid").readlink() == space and text in " ".join(process.cmdline())
    except (OSError, psutil.Error):  # it has ended
        return False


class Hosts:
    """The hosts of one test, and the switch that connects them."""

    def __init__(self, base: Path, names: Sequence[str]) -> None:
        self.base, self._numbers = base, {name: number for number, name in enumerate(names, start=1)}
        (base / "here").mkdir(parents=True)
        (base / "hosts").mkdir()
        lines = ["127.0.0.1 localhost", *(f"{self.address(name)} {name}" for name in names)]
        (base / "etc-hosts").write_text("".join(f"{line}\n" for line in lines))
        self._log = (base / "hosts.log").open("w")
        self._running: list[subprocess.Popen[str]] = []
        self._switch = self._start(
            "sh",
            "-c",
            "ip link add br0 type bridge && ip link set br0 up && echo started && exec sleep infinity",
        )

    def address(self, name: str) -> str:
        return f"{_NETWORK}.{self._numbers[name]}"

    def boot(self, name: str) -> Host:
        """Start a host: with an empty folder the first time, with its former files later."""
        files = self.base / "hosts" / name
        for folder in ("here", "tmp"):
            (files / folder).mkdir(parents=True, exist_ok=True)
        (files / "tmp").chmod(0o1777)
        first = self._start("sh", "-c", _BOOT, "boot", str(self.base), name, str(builds.ROOT))
        port = f"{name[:8]}-{first}"[:15]
        _in_network(self._switch, f"ip link add {port} type veth peer name eth0 netns {first}")
        _in_network(self._switch, f"ip link set {port} master br0 up")
        host = Host(name, self.address(name), files / "here", self.base / "here", first)
        host.connect()
        return host

    def _start(self, *command: str) -> int:
        """Start a first process in namespaces of its own; its process id."""
        process = subprocess.Popen(
            [
                "setpriv",
                "--pdeathsig",
                "KILL",
                "unshare",
                *_ISOLATED,
                "--fork",
                "--kill-child=KILL",
                "--mount-proc",
                *command,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n", f"a host did not start; see {self._log.name}"
        return int(psutil.Process(process.pid).children()[0].pid)

    def close(self) -> None:
        """End all hosts with all their processes."""
        for process in self._running:
            process.kill()
            process.wait()
        self._log.close()


def _in_network(process: int, command: str) -> None:
    subprocess.run(["nsenter", f"--target={process}", "--net", *command.split()], check=True)


@contextmanager
def hosts(base: Path, names: Sequence[str]) -> Iterator[Hosts]:
    """Hosts that end with the context. The folder `base` is replaced; it keeps logs and files for reading."""
    shutil.rmtree(base, ignore_errors=True)
    started = Hosts(base, names)
    try:
        yield started
    finally:
        started.close()
