"""The server as a process: shutdown, TLS, health, and what it says about itself."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
from pathlib import Path

import grpc
import pytest
import requests
from openapi_spec_validator import validate

from conftest import REPOSITORY, MakeServer
from holdfast_server import FLUSH_SOON, Holdfast, run_cli
from otlp import span, trace_request
from samples import edge_spans


# -- Shutdown


class Sender(threading.Thread):
    """Sends one trace of two spans after the other until the server does not take them any more."""

    def __init__(self, server: Holdfast, service: str, first: int) -> None:
        super().__init__()
        self.server, self.service, self.first = server, service, first
        self.stored: list[int] = []
        self.odd_answer = ""

    def run(self) -> None:
        headers = {"Content-Type": "application/x-protobuf"}
        with requests.Session() as session:
            for number in range(self.first, self.first + 100_000):
                body = trace_request([span(number, 1), span(number, 2)], self.service)
                try:
                    answer = session.post(
                        f"{self.server.http}/v1/traces", data=body.SerializeToString(),
                        headers=headers, timeout=30,
                    )
                except requests.RequestException:
                    return
                if answer.status_code != 200:
                    if answer.status_code != 503 or "Retry-After" not in answer.headers:
                        self.odd_answer = f"{answer.status_code} {answer.content!r}"
                    return
                self.stored.append(number)


def test_sigterm_under_load_loses_nothing_acknowledged(make_server: MakeServer) -> None:
    server = make_server("--memtable-mib", "1", *FLUSH_SOON)
    stored: set[int] = set()
    for attempt in range(3):
        senders = [
            Sender(server, f"worker-{number}", (attempt * 4 + number + 1) * 1_000_000)
            for number in range(4)
        ]
        for sender in senders:
            sender.start()
        while sum(len(sender.stored) for sender in senders) < 200 and senders[0].is_alive():
            senders[0].join(0.01)
        assert server.terminate() == 0
        for sender in senders:
            sender.join(60)
            assert not sender.odd_answer
            stored |= set(sender.stored)
        server.start()
        found: set[int] = set()
        for sender in senders:
            traces = server.get("/api/traces", service=sender.service, limit=10_000)["data"]
            assert all(len(trace["spans"]) == 2 for trace in traces)
            found |= {int(trace["traceID"], 16) for trace in traces}
        assert len(stored) >= 200 * (attempt + 1) and stored <= found
    server.terminate()
    assert server.verify().returncode == 0


# -- TLS


def test_tls_on_both_ports(make_server: MakeServer, tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )
    key.chmod(0o600)
    server = make_server("--tls-cert", str(certificate), "--tls-key", str(key))
    assert server.http.startswith("https://")
    server.session.verify = str(certificate)
    server.send("traces", trace_request([span(1, 1)]))
    credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
    path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    with grpc.secure_channel(server.grpc, credentials) as channel:
        body = trace_request([span(2, 1)]).SerializeToString()
        assert channel.unary_unary(path)(body, timeout=30) == b""
    assert len(server.get("/api/traces", service="shop")["data"]) == 2
    trusted = ["--url", server.http, "--tls-ca", str(certificate)]
    assert "shop" in server.cli("services", *trusted).stdout
    file = tmp_path / "traces.bin"
    file.write_bytes(len(body).to_bytes(4, "little") + body)
    done = server.cli("bench", "ingest", "--file", str(file), "--signal", "traces", *trusted)
    assert done.returncode == 0 and "acknowledged  1 of 1" in done.stdout, done.stdout + done.stderr
    over_grpc = ["bench", "ingest", "--file", str(file), "--signal", "traces", "--protocol", "grpc", "--url",
                 f"https://{server.grpc}"]
    done = server.cli(*over_grpc, "--tls-ca", str(certificate))
    assert done.returncode == 0 and "acknowledged  1 of 1" in done.stdout, done.stdout + done.stderr
    done = server.cli(*over_grpc)
    assert done.returncode == 1 and "--tls-ca" in done.stderr, done.stderr
    done = server.cli("services", "--url", server.http)
    assert done.returncode == 1 and "--tls-ca" in done.stderr, done.stderr
    with pytest.raises(requests.RequestException):
        requests.get(server.http.replace("https", "http") + "/livez", timeout=10)
    with pytest.raises(grpc.RpcError), grpc.insecure_channel(server.grpc) as channel:
        channel.unary_unary(path)(body, timeout=5)


# -- Ports


@pytest.mark.parametrize("flag", ["--http", "--grpc"])
def test_a_taken_port_is_all_that_is_said(binary: Path, tmp_path: Path, flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ports = {"--http": "127.0.0.1:0", "--grpc": "127.0.0.1:0"} | {flag: address}
        options = [word for option in ports.items() for word in option]
        done = run_cli(binary, "serve", "--data", str(tmp_path / "data"), *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert [line.strip() for line in done.stderr.splitlines() if line] == [
        f"Error: {address} ({flag}) is already in use, maybe by another server",
        f"Stop the other program, or choose another address with {flag} HOST:PORT.",
    ]


# -- Waiting with the body


def test_expect_100_continue(make_server: MakeServer) -> None:
    server = make_server()
    body = trace_request([span(1, 1)]).SerializeToString()
    host, port = server.http.removeprefix("http://").split(":")

    def head(length: int) -> bytes:
        lines = ["POST /v1/traces HTTP/1.1", f"Host: {host}", "Content-Type: application/x-protobuf",
                 f"Content-Length: {length}", "Expect: 100-continue", "", ""]
        return "\r\n".join(lines).encode()

    with socket.create_connection((host, int(port)), timeout=10) as wanted:
        for _ in range(2):
            wanted.sendall(head(len(body)))
            assert wanted.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
            wanted.sendall(body)
            assert wanted.recv(4096).startswith(b"HTTP/1.1 200 ")
    with socket.create_connection((host, int(port)), timeout=10) as refused:
        refused.sendall(head(1 << 30))
        assert refused.recv(4096).startswith(b"HTTP/1.1 413 ")
    assert len(server.get("/api/traces", service="shop")["data"]) == 1


# -- What describes itself


def test_openapi_describes_what_is_served(server: Holdfast) -> None:
    document = server.get("/openapi.json")
    validate(document)
    served = {
        "/v1/traces", "/v1/logs", "/v1/metrics", "/api/services", "/api/services/{service}/operations",
        "/api/operations", "/api/traces", "/api/traces/{id}", "/api/dependencies", "/api/v3/services",
        "/api/v3/operations", "/api/v3/traces", "/api/v3/traces/{id}", "/api/logs", "/api/metrics/names",
        "/api/metrics/series", "/api/metrics/range", "/api/spaces", "/api/status", "/metrics", "/livez",
        "/readyz",
    }
    assert served <= document["paths"].keys()


def test_rows_of_derived_tables_are_counted_once_they_are_made(server: Holdfast) -> None:
    server.send("traces", trace_request([span(1, 1), span(1, 2, parent=1)]))
    rows = server.space_status()["rows"]
    assert rows["spans"] == 2 and not {"traces", "metric_series"} & rows.keys()
    server.flush()
    rows = server.space_status()["rows"]
    assert rows["spans"] == 2 and rows["traces"] == 1


def test_every_metric_is_described(server: Holdfast) -> None:
    server.send("traces", trace_request([span(1, 1)]))
    told = set(re.findall(r"^# TYPE (\S+)", server.request("GET", "/metrics").text, re.MULTILINE))
    page = (REPOSITORY / "docs/operating/README.md").read_text()
    table = page.split("| in `/metrics` | says |")[1].split("\n\n")[0]
    assert told == set(re.findall(r"`((?:holdfast|process)_\w+)`", table))


def test_health_and_the_first_page(server: Holdfast) -> None:
    assert server.get("/livez")["ok"] is True
    ready = server.get("/readyz")
    assert ready["ok"] is True and all(check["ok"] for check in ready["checks"])
    page = server.request("GET", "/")
    assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html")
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page.text), "assets from outside"
    server.send("traces", edge_spans())
    metrics = server.request("GET", "/metrics")
    assert 'holdfast_acknowledged_records_total{signal="spans"} 4' in metrics.text
    names = [line.split()[2] for line in metrics.text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names)), "a metric has two TYPE lines"
