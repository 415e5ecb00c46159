"""Hosts of a job on one machine: network namespaces with addresses and names of their own, on one bridge."""

import contextlib
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

NETWORK = "10.77.12"

# Called as AGENT HOST COMMAND…, as mpirun calls ssh.
AGENT = """#!/bin/sh
host=$1
shift
exec ip netns exec "$host" unshare -u sh -c "hostname $host; export TMPDIR={folder}/$host; $*"
"""


def run(command):
    subprocess.run(command.split(), check=True, capture_output=True, text=True)


class Hosts:
    def __init__(self, count):
        self.mark = f"sy{os.getpid()}"
        self.bridge = self.mark
        self.names = [f"{self.mark}h{number}" for number in range(count)]
        self.addresses = [f"{NETWORK}.{number + 1}" for number in range(count)]
        self.network = f"{NETWORK}.0/24"

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="ranks"))
        self.agent = self.folder / "agent"
        self.agent.write_text(AGENT.format(folder=self.folder))
        self.agent.chmod(stat.S_IRWXU)
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self):
        run(f"ip link add {self.bridge} type bridge")
        run(f"ip addr add {NETWORK}.254/24 dev {self.bridge}")
        run(f"ip link set {self.bridge} up")
        for number, name in enumerate(self.names):
            self.temporary(number).mkdir()
            run(f"mount -t tmpfs -o size=32m ranks {self.temporary(number)}")
            run(f"ip netns add {name}")
            run(f"ip link add {self.cable(number)} type veth peer name eth0 netns {name}")
            run(f"ip link set {self.cable(number)} master {self.bridge} up")
            for command in (f"addr add {self.addresses[number]}/24 dev eth0", "link set eth0 up", "link set lo up"):
                run(f"ip -n {name} {command}")

    def cable(self, number):
        """The bridge's end of a host's link."""
        return f"{self.mark}e{number}"

    def cut(self, number):
        run(f"ip link set {self.cable(number)} down")

    def mend(self, number):
        run(f"ip link set {self.cable(number)} up")

    def temporary(self, number):
        return self.folder / self.names[number]

    def fill_disk(self, number):
        """Leaves no byte in a host's temporary folder, which is a file system of its own."""
        with (self.temporary(number) / "full").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    def free_disk(self, number):
        (self.temporary(number) / "full").unlink()

    def enter(self, number):
        """The beginning of a command that runs on a host."""
        return [str(self.agent), self.names[number]]

    def __exit__(self, *_):
        for name in self.names:
            if os.path.ismount(self.folder / name):
                subprocess.run(["umount", self.folder / name], capture_output=True)
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        for number in range(len(self.names)):
            subprocess.run(["ip", "link", "del", self.cable(number)], capture_output=True)
        subprocess.run(["ip", "link", "del", self.bridge], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)
