"""Keeps clients from the network: what they would fetch they do without, and nothing is told to anybody."""

import ctypes
import fcntl
import os
import socket
import struct

QUIET = {
    "AIPERF_DISABLE_TELEMETRY": "1", "ANONYMIZED_TELEMETRY": "false", "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_TRACING_ENABLED": "false", "DO_NOT_TRACK": "1", "GRADIO_ANALYTICS_ENABLED": "False",
    "HAYSTACK_TELEMETRY_ENABLED": "False", "HF_DATASETS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True", "MLFLOW_DISABLE_TELEMETRY": "true", "OPENAI_AGENTS_DISABLE_TRACING": "1",
    "OTEL_SDK_DISABLED": "true",
}
CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def leave_the_network():
    """Moves this process, and all it starts, to a network that has loopback alone; False where that is not allowed.

    It has to be called before there is a second thread.
    """
    os.environ.update(QUIET)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) and libc.unshare(CLONE_NEWNET | CLONE_NEWUSER):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = b"lo".ljust(16, b"\0")
        flags = fcntl.ioctl(any_socket, SIOCGIFFLAGS, name + bytes(24))
        (now,) = struct.unpack("16xH22x", flags)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, name + struct.pack("H22x", now | IFF_UP))
    return True
