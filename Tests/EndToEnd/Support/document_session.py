"""A reader who types what a document says, in a clone where the program is built."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from switchyard_server import MODEL, ROOT, Server, binary, clean_environment

PORT = 8080


class Session:
    """Runs a document's commands one after the other.

    What `switchyard serve` starts goes on in the background, on a port of its own, until something else is served at the
    same address. Where a document asks a server before it started one, that is the model that ships, by `make serve`.
    """

    def __init__(self, directory, has_path):
        self.directory = directory
        self.exports = []
        self.servers = {}
        for path in ROOT.iterdir():
            if not path.name.startswith("."):
                (directory / path.name).symlink_to(path)
        built = directory / ".build" / "release"
        built.mkdir(parents=True)
        (built / "switchyard").symlink_to(Path(binary()).resolve())
        tools = directory / ".tools"
        tools.mkdir()
        (tools / "python3").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (tools / "python3").chmod(0o755)
        # An answer that is an error fails the command. Only terminals are spared the progress meter.
        (directory / ".curlrc").write_text("fail-with-body\nmax-time = 30\nsilent\nshow-error\n")
        paths = [built] if has_path else []
        self.path = ":".join(map(str, [*paths, tools, os.environ["PATH"]]))

    def run(self, command):
        """What a terminal would show; the exit status must be 0."""
        if command.startswith("export "):
            self.exports.append(command)
            return ""
        if command.startswith("switchyard serve "):
            return self.serve(shlex.split(command.replace("\\\n", "")))
        if f"127.0.0.1:{PORT}" in command and PORT not in self.servers:
            self.servers[PORT] = Server(MODEL)
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", "\n".join([*self.exports, self.addressed(command)])], cwd=self.directory,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=400,
            env=clean_environment({"PATH": self.path, "CURL_HOME": str(self.directory)}))
        assert done.returncode == 0, f"{command}\nends with status {done.returncode}:\n{done.stdout}"
        return self.shown(done.stdout)

    def serve(self, words):
        port = int(words[words.index("--port") + 1]) if "--port" in words else PORT
        if old := self.servers.pop(port, None):
            old.stop()
        # A flag given twice counts the second time.
        self.servers[port] = server = Server(self.directory / words[2], *words[3:], cwd=self.directory)
        return self.shown(f"listening on {server.url}\n" + "".join(server.log))

    def addressed(self, text):
        """With the ports that servers really have."""
        for port, server in self.servers.items():
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{server.port}")
        return text

    def shown(self, text):
        """With the ports that the document has."""
        for port, server in self.servers.items():
            text = text.replace(f"127.0.0.1:{server.port}", f"127.0.0.1:{port}")
        return text

    def close(self):
        for server in self.servers.values():
            server.stop()
