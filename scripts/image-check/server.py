"""A server run from an image, in a network and a process tree of its own, so that it meets nothing else of the machine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

LONGEST_START = 60  # seconds
SEPARATE = ["unshare", "--net", "--pid", "--mount-proc", "--fork", "--kill-child"]

# The options of a compose service that buildah cannot set: a root nobody writes to, no capabilities, and none to be had.
LOCKED = """
ip link set lo up
mount --bind "$ROOT" "$ROOT"
mount -o remount,bind,ro "$ROOT"
mount --bind /dev "$ROOT/dev"
mount -t proc proc "$ROOT/proc"
exec env --ignore-environment "$@"
"""


def as_built(image):
    """The image with nothing said: its own user, entrypoint and command."""
    return [*SEPARATE, "sh", "-ec", 'ip link set lo up && exec "$@"', "sh",
            "buildah", "run", image.container, "--", *image.entrypoint, *image.command]


def locked(image, command, files):
    """The image with a command and a limit of files of compose's, as process 1, read-only, without capabilities."""
    user, group = map(str, image.user)
    return [*SEPARATE, "prlimit", "--nofile={}:{}".format(*files), "env", f"ROOT={image.root}", "sh", "-ec", LOCKED, "sh",
            *image.environment, "chroot", str(image.root), "setpriv", "--reuid", user, "--regid", group, "--clear-groups",
            "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--", *image.entrypoint, *command]


def silent(image):
    """Status of the health check where nothing answers."""
    asking = [*SEPARATE, "buildah", "run", image.container, "--", *image.health_command]
    return subprocess.run(asking, capture_output=True).returncode


def network(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


class Server:
    def __init__(self, image, arguments):
        self.image = image
        self.started = time.monotonic()
        self.log = Path(os.environ["STATE"]) / "server.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def __enter__(self):
        while network(self.process.pid) == network("self"):
            self.must_run()
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def must_run(self):
        if self.process.poll() is not None:
            sys.exit(f"the server ended with status {self.process.returncode}:\n{self.log.read_text()}")

    def inside(self, *command):
        """Runs a command in the container and in the server's network, as an engine's `exec` would."""
        return subprocess.run(["nsenter", f"--net=/proc/{self.process.pid}/ns/net", "buildah", "run", self.image.container,
                               "--", *command], capture_output=True, text=True)

    def wait_until_healthy(self):
        """Seconds until the health check was 0."""
        while self.inside(*self.image.health_command).returncode:
            self.must_run()
            if time.monotonic() - self.started > LONGEST_START:
                sys.exit(f"not healthy after {LONGEST_START} s:\n{self.log.read_text()}")
            time.sleep(0.1)
        return time.monotonic() - self.started

    def complete(self, prompt):
        body = json.dumps({"prompt": prompt, "temperature": 0})
        port, = self.image.ports
        done = self.inside("curl", "-fsS", f"http://127.0.0.1:{port}/v1/completions",
                           "-H", "Content-Type: application/json", "-d", body)
        if done.returncode:
            sys.exit(f"no completion: {done.stderr}\n{self.log.read_text()}")
        return json.loads(done.stdout)["choices"][0]["text"]

    def status(self):
        """Fields of /proc/PID/status of the server itself, the one process of its network with the entrypoint's name."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line)
                if fields["Name"] == Path(self.image.entrypoint[0]).name and network(folder.name) == network(self.process.pid):
                    return fields
            except OSError:
                continue  # It has ended meanwhile.
        sys.exit("the server's process is not there")

    def stop(self):
        """Exit status and seconds after SIGTERM to the server."""
        begin = time.monotonic()
        os.kill(int(self.status()["Pid"]), signal.SIGTERM)
        return self.process.wait(timeout=60), time.monotonic() - begin
