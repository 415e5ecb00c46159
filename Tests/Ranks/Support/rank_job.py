"""A job that mpirun starts, in shared memory or over hosts, and what it leaves behind."""

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import httpx
import psutil

from switchyard_server import MODEL, binary, clean_environment

MARK = "SWITCHYARD_TEST_JOB"
SHARED_MEMORY = Path("/dev/shm")
# What docs/ranks.md says a job wants.
COMMON = ["--bind-to", "none", "--mca", "mpi_yield_when_idle", "1", "--mca", "oob_tcp_keepalive_time", "3",
          "--mca", "oob_tcp_keepalive_intvl", "1", "--mca", "oob_tcp_keepalive_probes", "3"]


def free_ports(count):
    """The first of so many ports in a row that nobody has."""
    while True:
        with contextlib.ExitStack() as stack:
            first = 0
            try:
                for offset in range(count):
                    each = stack.enter_context(socket.socket())
                    each.bind(("0.0.0.0", first and first + offset))
                    first = first or each.getsockname()[1]
                return first
            except (OSError, OverflowError):
                continue


# One for all: each of its own reads certificates first.
CLIENT = httpx.Client(verify=False, timeout=60, limits=httpx.Limits(max_connections=256, max_keepalive_connections=0))


class Job:
    """`ranks` processes, of which those in `serving` answer requests.

    `own` has for a rank what it alone is given: a host, a model, flags, environment, a command to run it under.
    """

    def __init__(self, ranks, *flags, serve="first", hosts=None, model=MODEL, own=None, threads=1, output=None):
        self.ranks, self.serve, self.hosts = ranks, serve, hosts
        self.flags, self.model, self.own = [*map(str, flags)], model, own or {}
        self.threads, self.output = threads, output
        self.mark = uuid.uuid4().hex
        self.process = None
        self.port = free_ports(ranks)
        self.serving = range(ranks) if serve == "all" else range(1)

    def url(self, rank):
        if self.hosts:
            return f"http://{self.hosts.addresses[rank]}:{self.port}"
        return f"http://127.0.0.1:{self.port + rank}"

    @property
    def urls(self):
        return [self.url(rank) for rank in self.serving]

    def command(self):
        line = ["mpirun", "--allow-run-as-root", "--oversubscribe", *COMMON]
        if not self.hosts and not self.own:
            return [*line, "-n", str(self.ranks), "-x", MARK, *self._program(0)]
        if self.hosts:
            line += ["--mca", "btl", "tcp,self", "--mca", "plm_rsh_agent", str(self.hosts.agent)]
            for layer in ("btl", "oob"):
                line += ["--mca", f"{layer}_tcp_if_include", self.hosts.network]
        for rank in range(self.ranks):
            line += [":"] * (rank > 0) + self._group(rank)
        # Run by the agent's shell, whose place it takes.
        return [*self.hosts.enter(0), "exec " + shlex.join(line)] if self.hosts else line

    def _group(self, rank):
        """One rank of mpirun's line."""
        own = self.own.get(rank, {})
        place = ["--host", own.get("host", self.hosts.names[rank]) + ":1"] if self.hosts else []
        exports = [word for item in own.get("environment", {}).items() for word in ("-x", "=".join(item))]
        return ["-n", "1", *place, "-x", MARK, *exports, *own.get("prefix", []), *self._program(rank)]

    def _program(self, rank):
        own = self.own.get(rank, {})
        listen = ["--host", "0.0.0.0"] if self.hosts else []
        return [binary(), "serve", str(own.get("model", self.model)), "--ranks-serve", self.serve, "--ranks", str(self.ranks),
                "--port", str(self.port), "--threads", str(self.threads), *listen, *self.flags, *own.get("flags", [])]

    def start(self):
        """Starts mpirun, again where it has ended, and waits for nothing."""
        if self.process:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = Path(tempfile.mkdtemp(prefix="job"))
        self.segments = set()
        self.log = self.folder / "log"
        environment = clean_environment({MARK: self.mark, "TMPDIR": str(self.folder)})
        output = self.output or self.log.open("wb")
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True)
        return self

    def ready(self, within=180):
        deadline = time.monotonic() + within
        for url in self.urls:
            while not is_ready(url):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"never ready: {self.text()}")
                time.sleep(0.02)
        for process in self.members().values():
            maps = Path(f"/proc/{process.pid}/maps").read_text()
            self.segments |= set(re.findall(rf"{SHARED_MEMORY}/\S+", maps))
        return self

    def text(self):
        return self.log.read_text(errors="replace")

    def signal(self, number):
        """To mpirun."""
        os.kill(self.process.pid, number)

    def processes(self):
        """All of the job: mpirun, its daemons, the ranks."""
        return [process for process in psutil.process_iter() if environment_of(process).get(MARK) == self.mark]

    def members(self):
        """The ranks by number."""
        found = {}
        for process in self.processes():
            rank = environment_of(process).get("OMPI_COMM_WORLD_RANK")
            if rank is not None and is_named(process, Path(binary()).name):
                found[int(rank)] = process
        return found

    def left_behind(self):
        """Processes, folders and shared memory of a job that is over."""
        folders = [self.folder] + [self.hosts.temporary(n) for n in range(self.ranks)] if self.hosts else [self.folder]
        files = [str(path) for folder in folders if folder.exists() for path in folder.glob("ompi.*")]
        memory = [path for path in sorted(self.segments) if os.path.exists(path)]
        return [str(process) for process in self.processes()] + files + memory

    def gone(self, within):
        """Seconds until nothing of it is left; None if that takes longer."""
        start = time.monotonic()
        while self.process.poll() is None or self.processes():
            if time.monotonic() - start > within:
                return None
            time.sleep(0.05)
        return time.monotonic() - start

    def drain(self, within=60):
        self.signal(signal.SIGUSR1)
        return self.process.wait(within)

    def metric(self, name, rank=0):
        text = CLIENT.get(self.url(rank) + "/metrics", timeout=10).text
        return next(float(line.split(" ")[1]) for line in text.splitlines() if line.split(" ")[0] == name)

    def __enter__(self):
        try:
            return self.start().ready()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for process in self.processes():
            try:
                process.kill()
            except psutil.Error:
                pass
        if self.process:
            self.process.wait()
            shutil.rmtree(self.folder, ignore_errors=True)


def is_ready(url):
    try:
        return CLIENT.get(url + "/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def environment_of(process):
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def is_named(process, name):
    try:
        return process.name() == name or os.path.basename((process.cmdline() or [""])[0]) == name
    except psutil.Error:
        return False
