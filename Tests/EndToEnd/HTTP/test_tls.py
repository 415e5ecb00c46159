"""TLS as clients meet it: versions, ALPN, tickets, reloading, and handshakes that go wrong."""

import concurrent.futures
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import httpx
import pytest

from certificates import Authority, openssl
from switchyard_server import MODEL, Server, events, one_sentence, raw_request, read_response, run_binary

LONG = {"ignore_eos": True, "temperature": 0}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def files(authority):
    return authority.issue("localhost")


@pytest.fixture(scope="module")
def server(files):
    with Server(MODEL, *flags(files), "--log-level", "debug") as running:
        yield running
        assert running.alive(), "the server died during the tests: " + "".join(running.log[-5:])


def flags(files):
    return ["--tls-certificate", files[0], "--tls-key", files[1]]


def context(authority, newest=ssl.TLSVersion.TLSv1_3, oldest=ssl.TLSVersion.TLSv1_2, protocols=None):
    made = ssl.create_default_context(cafile=authority.certificate)
    made.minimum_version, made.maximum_version = oldest, newest
    if oldest < ssl.TLSVersion.TLSv1_2:
        made.set_ciphers("ALL:@SECLEVEL=0")
    if protocols:
        made.set_alpn_protocols(protocols)
    return made


def connect(server, tls, session=None):
    return tls.wrap_socket(server.connect(), server_hostname="localhost", session=session)


def get(socket_, path="/livez", *headers):
    socket_.sendall(raw_request("GET", path, headers=headers))
    with socket_.makefile("rb") as stream:
        return read_response(stream)


def curl(*arguments):
    return subprocess.run(["curl", "-sS", "--max-time", "30", *map(str, arguments)], capture_output=True, text=True)


# Versions, ciphers, protocols


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_chain_is_trusted_in_both_versions(server, authority, version):
    with connect(server, context(authority, newest=version)) as socket_:
        assert socket_.version() == {771: "TLSv1.2", 772: "TLSv1.3"}[version]
        assert get(socket_)[0] == 200
        assert get(socket_)[0] == 200  # and the connection is kept


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_versions_are_refused(server, authority, version):
    with pytest.warns(DeprecationWarning):
        tls = context(authority, newest=version, oldest=version)
    with pytest.raises(ssl.SSLError, match="(?i)protocol.version"):
        connect(server, tls)


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA"])
def test_ciphers_without_forward_secrecy_or_authentication_are_refused(server, authority, cipher):
    tls = context(authority, newest=ssl.TLSVersion.TLSv1_2)
    tls.set_ciphers(cipher)
    with pytest.raises(ssl.SSLError, match="(?i)handshake.failure"):
        connect(server, tls)


@pytest.mark.parametrize("protocols, chosen", [(None, None), (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1")])
def test_alpn_chooses_http_1_1(server, authority, protocols, chosen):
    with connect(server, context(authority, protocols=protocols)) as socket_:
        assert socket_.selected_alpn_protocol() == chosen
        assert get(socket_)[0] == 200


def test_a_client_of_h2_alone_gets_the_alert(server, authority):
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        connect(server, context(authority, protocols=["h2"]))


def test_renegotiation_is_refused(server):
    done = openssl("s_client", "-connect", f"localhost:{server.port}", "-tls1_2", stdin="R\n")
    assert "no renegotiation" in done.stderr + done.stdout


def test_curl_and_httpx(server, authority):
    done = curl("--cacert", authority.certificate, "--tlsv1.3", "-w", "%{http_version} %{ssl_verify_result}",
                f"https://localhost:{server.port}/livez")
    assert done.stdout.endswith("}1.1 0"), done
    with httpx.Client(verify=context(authority), base_url=f"https://localhost:{server.port}") as client:
        for _ in range(3):
            assert client.get("/livez").status_code == 200


# Tickets


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_python_resumes(server, authority, version):
    tls, resumed = context(authority, newest=version), []
    session = None
    name = {771: "TLSv1.2", 772: "TLSv1.3"}[version]
    metric = f'switchyard_tls_handshakes_total{{version="{name}",resumed="true"}}'
    for _ in range(4):
        with connect(server, tls, session) as socket_:
            assert get(socket_)[0] == 200
            resumed.append(socket_.session_reused)
            session = socket_.session
    assert resumed == [False, True, True, True]
    assert server.metric(metric) >= 3


def test_openssl_resumes(server, tmp_path):
    saved = tmp_path / "session"
    address = ["s_client", "-connect", f"localhost:{server.port}", "-ign_eof"]
    request = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    first = openssl(*address, "-sess_out", saved, stdin=request)
    second = openssl(*address, "-sess_in", saved, stdin=request)
    assert "New, TLSv1.3" in first.stdout and "Reused, TLSv1.3" in second.stdout
    assert '"status":"ok"' in second.stdout
    again = openssl("s_client", "-connect", f"localhost:{server.port}", "-reconnect", "-tls1_2", stdin="")
    assert again.stdout.count("New, TLSv1.2") == 1 and again.stdout.count("Reused, TLSv1.2") == 5


# Ends


def test_close_notify_is_sent(server, authority):
    with connect(server, context(authority)) as socket_:
        socket_.suppress_ragged_eofs = False
        assert get(socket_, "/livez", "Connection: close")[0] == 200
        assert socket_.recv(1) == b""  # without close_notify this raises


def test_close_notify_of_the_client_ends_the_connection(server, authority):
    with connect(server, context(authority)) as socket_:
        assert get(socket_)[0] == 200
        socket_.unwrap().close()  # waits for the server's own close_notify


def test_a_body_cut_off_is_not_a_shorter_body(server, authority):
    body = json.dumps({"prompt": "A man."}).encode()
    before = server.metric('switchyard_requests_finished_total{reason="stop"}')
    for cut in (1, 10):
        with connect(server, context(authority)) as socket_:
            whole = raw_request("POST", "/v1/completions", body)
            socket_.sendall(whole[:-cut])
            socket_.shutdown(socket.SHUT_WR)  # of TCP, without close_notify
            assert not socket_.recv(100).startswith(b"HTTP/1.1 200")
    assert server.metric('switchyard_requests_finished_total{reason="stop"}') == before


# Handshakes that go wrong


def test_a_handshake_that_never_finishes_is_cut(files):
    with Server(MODEL, *flags(files), "--tls-handshake-timeout", "2") as server:
        before = server.metric('switchyard_http_connections_total{result="timeout"}')
        for start in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"):
            with server.connect() as socket_:
                started = time.monotonic()
                socket_.sendall(start)
                assert socket_.recv(100) == b""
                assert 1.8 < time.monotonic() - started < 5
        assert server.metric('switchyard_http_connections_total{result="timeout"}') == before + 3


def test_plain_http_is_told_so_and_the_server_lives(server):
    before = server.metric('switchyard_http_connections_total{result="tls_failed"}')
    with httpx.Client() as client:
        answer = client.get(f"http://127.0.0.1:{server.port}/livez")
    assert answer.status_code == 400 and "https" in answer.json()["error"]["message"]
    assert server.metric('switchyard_http_connections_total{result="tls_failed"}') == before + 1
    assert any("does not speak TLS" in line for line in server.log)


def hello(tls):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    machine = tls.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        machine.do_handshake()
    return machine, incoming, outgoing


def test_clients_that_leave_midway_and_garbage_do_no_harm(server, authority):
    chance = random.Random(1)
    for number in range(60):
        _, _, outgoing = hello(context(authority))
        bytes_ = bytearray(outgoing.read())
        if number % 3 == 1:
            bytes_ = bytes_[:chance.randrange(len(bytes_))]
        elif number % 3 == 2:
            for _ in range(5):
                bytes_[chance.randrange(len(bytes_))] = chance.randrange(256)
        with server.connect() as socket_:
            socket_.sendall(bytes_)
            if number % 2:
                socket_.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
    assert server.alive()
    deadline = time.monotonic() + 10
    while server.metric("switchyard_http_connections_open") > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.metric("switchyard_http_connections_open") == 1


def test_handshake_and_request_a_byte_at_a_time(files, authority):
    with Server(MODEL, *flags(files)) as server, server.connect() as socket_:
        socket_.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        machine = context(authority).wrap_bio(incoming, outgoing, server_hostname="localhost")

        def drive(step):
            while True:
                try:
                    result = step()
                except ssl.SSLWantReadError:
                    result = None
                for byte in outgoing.read():
                    socket_.sendall(bytes([byte]))
                if result is not None:
                    return result
                incoming.write(socket_.recv(1))

        drive(lambda: machine.do_handshake() or True)
        for byte in raw_request("GET", "/livez"):
            drive(lambda: machine.write(bytes([byte])))
        assert drive(lambda: machine.read(15)) == b"HTTP/1.1 200 OK"


# Load


def test_large_answers_and_bodies(server, authority):
    with httpx.Client(verify=context(authority), base_url=f"https://localhost:{server.port}", timeout=60) as client:
        expected = client.get("/openapi.yaml").content
        assert len(expected) > 30000
        ids = list(range(3, 100)) * 3000
        body = json.dumps({"tokens": ids})
        assert len(body) > 1_000_000
        answer = client.post("/detokenize", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200 and len(answer.content) > 200_000
        for _ in range(5):
            assert client.get("/openapi.yaml").content == expected
            again = client.post("/detokenize", content=body, headers={"Content-Type": "application/json"})
            assert again.content == answer.content


def test_a_hundred_clients_stream_at_once(server, authority):
    tls = context(authority)
    plain = server.complete(max_tokens=24)["choices"][0]["text"]

    def stream(number):
        body = {"prompt": "A man is walking.", "temperature": 0, "max_tokens": 24, "stream": True}
        with httpx.Client(verify=tls, base_url=f"https://localhost:{server.port}", timeout=120) as client:
            answer = client.post("/v1/completions", json=body)
        assert answer.status_code == 200, answer.text
        return "".join(choice["text"] for event in events(answer.text) for choice in event["choices"])

    with concurrent.futures.ThreadPoolExecutor(100) as clients:
        assert set(clients.map(stream, range(100))) == {plain}
    assert server.idle()


# Reloading


def serial(server, tls):
    with connect(server, tls) as socket_:
        return socket_.getpeercert()["serialNumber"]


def test_sighup_brings_a_new_certificate_without_a_failed_request(authority, tmp_path):
    first, second = authority.issue("first"), authority.issue("second")
    files = tmp_path / "served.pem", tmp_path / "served.key"

    def put(pair):
        for source, target in zip(pair, files):
            shutil.copy(source, str(target) + ".new")
            os.replace(str(target) + ".new", target)

    put(first)
    tls = context(authority)
    with Server(MODEL, *flags(files)) as server:
        stop, failures, answered = threading.Event(), [], []

        def load(number):
            while not stop.is_set():
                try:
                    with httpx.Client(verify=tls, base_url=f"https://localhost:{server.port}", timeout=30) as client:
                        for _ in range(5):
                            answered.append(client.get("/livez").raise_for_status())
                except httpx.HTTPError as error:
                    failures.append(error)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            running = [pool.submit(load, number) for number in range(8)]
            kept = connect(server, tls)
            serials = {serial(server, tls)}
            try:
                for pair in (second, first, second):
                    put(pair)
                    server.process.send_signal(signal.SIGHUP)
                    deadline = time.monotonic() + 10
                    while (now := serial(server, tls)) == latest(serials) and time.monotonic() < deadline:
                        time.sleep(0.05)
                    assert now != latest(serials)
                    serials = {now}
                files[0].write_text("not a certificate")
                server.process.send_signal(signal.SIGHUP)
                deadline = time.monotonic() + 10
                while not any("stays as it was" in line for line in server.log) and time.monotonic() < deadline:
                    time.sleep(0.05)
                errors = [line for line in server.log if "stays as it was" in line]
                assert len(errors) == 1 and "holds no certificate in PEM" in errors[0]
                assert serial(server, tls) == latest(serials)
            finally:
                stop.set()
            for future in running:
                future.result(timeout=60)
            assert get(kept)[0] == 200
        assert not failures and len(answered) > 50
        assert server.stop() == 0


def latest(serials):
    (only,) = serials
    return only


# Bad files


@pytest.mark.parametrize("certificate, key, sentence", [
    ("missing", "key", "No such file"), ("pem", "missing", "No such file"), ("text", "key", "no certificate in PEM"),
    ("pem", "text", "no private key in PEM"), ("pem", "other", "is not that of the certificate"),
    ("pem", "encrypted", "is encrypted"), ("weak", "weak key", "key too small"), ("directory", "key", "Is a directory")])
def test_bad_files_end_the_start_in_a_sentence(authority, files, tmp_path, certificate, key, sentence):
    made = {"pem": files[0], "key": files[1], "missing": tmp_path / "missing", "text": tmp_path / "text",
            "encrypted": tmp_path / "encrypted", "directory": tmp_path, "other": authority.issue("other")[1]}
    made["text"].write_text("hello\n")
    assert openssl("pkey", "-in", files[1], "-aes128", "-passout", "pass:secret", "-out", made["encrypted"]).returncode == 0
    made["weak"], made["weak key"] = authority.issue("weak", key=("rsa:1024",))
    done = run_binary("serve", MODEL, "--port", "0", "--tls-certificate", made[certificate], "--tls-key", made[key])
    assert done.returncode == 1 and one_sentence(done.stderr) and sentence in done.stderr, done


@pytest.mark.parametrize("flag", ["--tls-certificate", "--tls-key"])
def test_one_file_without_the_other_exits_with_2(files, flag):
    done = run_binary("serve", MODEL, "--port", "0", flag, files[0])
    assert done.returncode == 2 and "--tls-certificate" in done.stderr and "--tls-key" in done.stderr


def test_an_expired_certificate_is_served_with_a_warning(authority):
    with Server(MODEL, *flags(authority.issue("expired", days=-1))) as server:
        assert server.alive() and server.metric("switchyard_tls_certificate_expiry_timestamp_seconds") < time.time()
        assert any("has expired" in line for line in server.log)
