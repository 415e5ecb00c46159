"""Requests per second of /livez beside nginx's for a like answer, over kept connections, in turn; needs wrk and nginx.

With --tls also over TLS, and full handshakes per second beside resumed ones. Fails when a request does, or when the
medians' ratio is below --floor.
"""

import argparse
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

NGINX = """
worker_processes auto;
worker_rlimit_nofile 8192;
daemon off;
pid {directory}/pid;
error_log {directory}/errors warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
    uwsgi_temp_path {directory}; scgi_temp_path {directory};
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        ssl_protocols TLSv1.2 TLSv1.3;
        {tls}
        location / {{
            default_type application/json;
            add_header Cache-Control no-store;
            add_header X-Request-Id $request_id;
            return 200 '{{"status":"ok"}}';
        }}
    }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_nginx(directory, tls):
    port = free_port()
    lines = f"ssl_certificate {tls[0]}; ssl_certificate_key {tls[1]};" if tls else ""
    text = NGINX.format(directory=directory, port=port, tls=lines)
    if tls:
        text = text.replace(f"{port} backlog", f"{port} ssl backlog")
    (directory / "nginx.conf").write_text(text)
    return subprocess.Popen(["nginx", "-e", directory / "errors", "-c", directory / "nginx.conf"]), port


def start_switchyard(binary, model, connections, tls):
    flags = ["--tls-certificate", tls[0], "--tls-key", tls[1]] if tls else []
    process = subprocess.Popen(
        # Twice as many may be open: those of one round may not all be gone when the next begins.
        [binary, "serve", model, "--port", "0", "--max-connections", str(2 * connections),
         "--max-connections-per-address", str(2 * connections), "--log-level", "error", *flags],
        stdout=subprocess.PIPE, text=True)
    return process, int(process.stdout.readline().rpartition(":")[2])


def wrk(scheme, port, connections, seconds):
    """Requests per second; fails when any went wrong."""
    out = subprocess.run(
        ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "5s", f"{scheme}://127.0.0.1:{port}/livez"],
        capture_output=True, text=True, check=True).stdout
    if "Socket errors" in out or "Non-2xx" in out:
        sys.exit("requests failed:\n" + out)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), re.search(r"99%\s+(\S+)", out)[1]


def handshakes(port, seconds, kind):
    # TLS 1.2: of 1.3 s_time reads no ticket, and could not come back with one.
    out = subprocess.run(["openssl", "s_time", "-connect", f"127.0.0.1:{port}", f"-{kind}", "-time", str(seconds), "-tls1_2"],
                         capture_output=True, text=True).stdout
    count, real = re.findall(r"(\d+) connections in (\d+) real seconds", out)[-1]
    return int(count) / float(real)


def compare(arguments, tls):
    scheme = "https" if tls else "http"
    with tempfile.TemporaryDirectory() as directory:
        nginx, nginx_port = start_nginx(Path(directory), tls)
        switchyard, port = start_switchyard(arguments.binary, arguments.model, arguments.connections, tls)
        servers = {"switchyard": port, "nginx": nginx_port}
        try:
            time.sleep(1)
            for server in servers.values():
                wrk(scheme, server, arguments.connections, 2)
            rates, slowest = {name: [] for name in servers}, {name: [] for name in servers}
            for round_ in range(arguments.rounds):
                for name in list(servers)[::1 if round_ % 2 else -1]:
                    rate, tail = wrk(scheme, servers[name], arguments.connections, arguments.seconds)
                    rates[name].append(rate)
                    slowest[name].append(tail)
            medians = {name: statistics.median(found) for name, found in rates.items()}
            for name in servers:
                print(f"{scheme} {name}: median {medians[name]:.0f} requests/s of",
                      [round(rate) for rate in rates[name]], "99th percentiles", slowest[name])
            ratio = medians["switchyard"] / medians["nginx"]
            print(f"{scheme} ratio of medians {ratio:.3f}, {arguments.connections} connections")
            if tls:
                for kind, words in (("new", "full"), ("reuse", "resumed")):
                    for name, server in servers.items():
                        found = [handshakes(server, 3, kind) for _ in range(3)]
                        print(f"{name}: {statistics.median(found):.0f} {words} handshakes/s, one client")
            return ratio
        finally:
            for process in (nginx, switchyard):
                process.terminate()
            for process in (nginx, switchyard):
                process.wait(20)


def make_certificate(directory):
    certificate, key = Path(directory) / "certificate.pem", Path(directory) / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=ROOT / ".build" / "release" / "switchyard")
    parser.add_argument("--model", default=ROOT / "models" / "en-de")
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--floor", type=float, default=0.3)
    parser.add_argument("--tls", action="store_true")
    arguments = parser.parse_args()
    ratio = compare(arguments, None)
    if arguments.tls:
        with tempfile.TemporaryDirectory() as directory:
            # A thousand handshakes come first.
            arguments.seconds *= 2
            compare(arguments, make_certificate(directory))
    if ratio < arguments.floor:
        sys.exit(f"ratio {ratio:.3f} is below {arguments.floor}")


if __name__ == "__main__":
    main()
