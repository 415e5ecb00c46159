#!/bin/sh
# httpx 0.28.1 and httpx2 2.16.2: of an answer whose gzip body has two members, only the first is given.
#
# Seen: a body of two gzip members of 1,000 bytes each (RFC 1952, section 2.2: members follow one another, and gzip -d gives
# both) is 1,000 bytes long in httpx and httpx2, without an error or a warning; requests 2.34.2, aiohttp 3.14.5 and Python's
# gzip give 2,000. Servers that append to a compressed log, or join compressed parts, send such bodies.
# A good guess: all 2,000 bytes, or an error, as the Content-Length was read to its end.
. "$(dirname "$0")/environment.sh"
install httpx==0.28.1 httpx2==2.16.2 requests==2.34.2 aiohttp==3.14.5
"$python" - <<'PYTHON'
import asyncio
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp
import httpx
import httpx2
import requests

BODY = gzip.compress(b"a" * 1000) + gzip.compress(b"b" * 1000)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"


async def by_aiohttp():
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.read()


lengths = {
    f"httpx {httpx.__version__}": len(httpx.get(url, trust_env=False).content),
    f"httpx2 {httpx2.__version__}": len(httpx2.get(url, trust_env=False).content),
    f"requests {requests.__version__}": len(requests.get(url).content),
    f"aiohttp {aiohttp.__version__}": len(asyncio.run(by_aiohttp())),
    "Python's gzip": len(gzip.decompress(BODY)),
}
for name, length in lengths.items():
    print(f"{name}: {length} bytes - guessed: 2000")
if list(lengths.values()) != [1000, 1000, 2000, 2000, 2000]:
    raise SystemExit("The behaviour changed: the clients no longer differ on a gzip body of two members.")
PYTHON
