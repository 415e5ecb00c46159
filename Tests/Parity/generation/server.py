"""A server of one model directory, and what it is asked."""
import json
import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

PATHS = {"completions": "/v1/completions", "beam_search": "/v1/beam_search"}
# Tokens of an answer where neither request nor files say; rows of the largest request.
LIMIT, ROWS = 24, 16
IN_FLIGHT = 4


class Server:
    def __init__(self, binary, directory, *flags):
        self.log = tempfile.TemporaryFile("w+")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SWITCHYARD_")}
        self.process = subprocess.Popen(
            [binary, "serve", directory, "--weights", "f32", "--port", "0", "--cache-memory", "64M", "--threads", "1",
             "--max-output-tokens", str(LIMIT), "--max-sequences", str(ROWS), "--log-level", "warning", *flags],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on http://(.+):(\d+)\n", line)
        if not found:
            self.process.wait()
            self.log.seek(0)
            raise RuntimeError(f"{directory}: {line}{self.log.read()}")
        self.address = found[1], int(found[2])
        self.clients = ThreadPoolExecutor(IN_FLIGHT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clients.shutdown(cancel_futures=True)
        self.process.terminate()
        status = self.process.wait(30)
        self.process.stdout.close()
        self.log.close()
        assert status == 0, f"the server ended with status {status}"

    def start(self, case):
        """The answer to come: the status, and the parsed body."""
        return self.clients.submit(self.ask, case)

    def ask(self, case):
        connection = HTTPConnection(*self.address, timeout=120)
        try:
            connection.request("POST", PATHS[case.endpoint], json.dumps(case.body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()
