"""Behind nginx below a path, and over TLS."""

import socket
import subprocess
import time

import httpx
import pytest

from certificates import Authority
from console_page import Page
from switchyard_server import MODEL, Server
from test_views import TEXT, ask


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def nginx(server, tmp_path):
    port = free_port()
    temporary = "".join(f"{name}_temp_path {tmp_path}/{name}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(f"""user root; pid {tmp_path}/pid; error_log stderr; events {{}}
http {{ access_log off; {temporary}
  server {{ listen 127.0.0.1:{port};
    location = /tools/yard {{ return 301 /tools/yard/; }}
    location /tools/yard/ {{ proxy_pass http://127.0.0.1:{server.port}/; proxy_http_version 1.1; proxy_buffering off; absolute_redirect off; }}
    location / {{ return 418; }} }} }}
""")
    process = subprocess.Popen(["nginx", "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-g", "daemon off;"], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/tools/yard/"
    for _ in range(100):
        try:
            if httpx.get(url + "livez").status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.05)
    yield url
    process.terminate()
    process.wait()


def walk(page):
    for view, found in (("ask", ".answer .token"), ("beams", ".tree .node"), ("tracks", ".base .track"), ("attention", ".matrix .weight")):
        ask(page, TEXT, view, max_tokens=6)
        assert page.all(found), page.message
    page.go("load")
    page.until(lambda: page.all(".heat .cell"))
    page.check()


def test_below_a_path_of_nginx(nginx):
    with Page(nginx) as page:
        walk(page)
        assert page.js("return new URL(document.querySelector('footer a').href).pathname") == "/tools/yard/openapi.yaml"
        assert all(url.startswith(nginx) for url in page.requests())


def test_over_tls(tmp_path):
    certificate, key = Authority(tmp_path).issue("yard")
    with Server(MODEL, "--tls-certificate", certificate, "--tls-key", key) as server:
        with Page(server.url, insecure=True) as page:
            walk(page)
            assert all(url.startswith("https://") for url in page.requests())
