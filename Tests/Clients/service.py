"""A program that serves, for as long as a test needs it, with whatever it starts itself."""

import contextlib
import os
import signal
import socket
import subprocess
import time

import httpx

STARTING, ENDING = 300, 30


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def running(command, folder, health, **environment):
    """Runs the command in `folder` until the block ends; its processes are a group of their own, and all end with it."""
    log = folder / "log"
    with open(log, "w") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=output, env=os.environ | environment, start_new_session=True)
    try:
        deadline = time.monotonic() + STARTING
        while not answers(health):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield
    finally:
        end(process)


def answers(url):
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def end(process):
    """Asks the whole group to end, and sees to it: some programs leave what they started behind."""
    for request in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + ENDING
        while has_members(process, request) and time.monotonic() < deadline:
            request = 0
            time.sleep(0.1)
    process.wait(ENDING)
    assert not has_members(process), f"{process.args[0]} left processes behind"


def has_members(process, request=0):
    """Whether the group has any, each of which is sent the signal."""
    process.poll()
    try:
        os.killpg(process.pid, request)
    except ProcessLookupError:
        return False
    return True
