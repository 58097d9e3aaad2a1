"""`holdfast bench ingest`: against a server of ours, and against such that answer what a test wants."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess, ExportTraceServiceResponse,
)

from conftest import MakeServer
from holdfast_server import Holdfast, run_cli
from otlp import span, trace_request

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def request_file(path: Path, bodies: list[bytes]) -> Path:
    path.write_bytes(b"".join(len(body).to_bytes(4, "little") + body for body in bodies))
    return path


def ingest(binary: Path, address: str, file: Path, *options: str, signal: str = "traces") -> tuple[int, Any, str]:
    """The exit code, the report and standard error."""
    done = run_cli(
        binary, "bench", "ingest", "--protocol", "grpc", "--url", f"http://{address}", "--file", str(file),
        "--signal", signal, "--json", *options,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


# -- A server of ours


def test_everything_arrives(server: Holdfast, tmp_path: Path) -> None:
    done = server.cli("bench", "generate", "--out", str(tmp_path), "--spans", "3000", "--logs", "2000",
                      "--points", "1000")
    assert done.returncode == 0, done.stderr
    for signal, counted in (("traces", "spans"), ("logs", "logs"), ("metrics", "points")):
        code, report, errors = ingest(server.binary, server.grpc, tmp_path / f"{signal}.bin",
                                      "--pid", str(server.process.pid), signal=signal)
        assert code == 0, errors
        assert report["acknowledged"] == report["requests"] > 0 and not report["rejected"]
        assert report["answersWithBody"] == report["refused"] == report["reconnected"] == 0
        assert server.get("/api/status")["acknowledged"][counted] == report["items"]
        assert report["server"]["peakResidentBytes"] > 0 and report["latencyMilliseconds"]["p50"] > 0
    done = server.cli("bench", "query", "--queries", str(tmp_path / "queries.json"), "--anew", "--json",
                      "--url", server.http)
    assert all(answer["wrong"] == 0 for answer in json.loads(done.stdout)), done.stdout
    assert 'holdfast_export_requests_total' in server.request("GET", "/metrics").text


def test_large_and_packed_bodies_arrive(server: Holdfast, tmp_path: Path) -> None:
    large = {"large": "x" * 300_000}
    plain = [trace_request([span(t, 1, tags=large)]).SerializeToString() for t in range(1, 5)]
    code, report, errors = ingest(server.binary, server.grpc, request_file(tmp_path / "plain", plain))
    assert (code, report["items"]) == (0, 4), errors
    packed = [gzip.compress(trace_request([span(t, 1), span(t, 2)]).SerializeToString()) for t in range(5, 9)]
    code, report, errors = ingest(server.binary, server.grpc, request_file(tmp_path / "packed", packed),
                                  "--gzip", "--records-per-request", "2")
    assert (code, report["items"]) == (0, 8), errors
    traces = server.get("/api/traces", service="shop", limit=100)["data"]
    assert sorted(len(trace["spans"]) for trace in traces) == [1] * 4 + [2] * 4


def test_a_token_and_a_space(make_server: MakeServer, tmp_path: Path) -> None:
    tokens, wrong = tmp_path / "tokens", tmp_path / "wrong"
    tokens.write_text("s3cret\n")
    tokens.chmod(0o600)
    wrong.write_text("other\n")
    server = make_server("--token-file", str(tokens))
    file = request_file(tmp_path / "file", [trace_request([span(1, 1)]).SerializeToString()] * 3)
    for options in ([], ["--token-file", str(wrong)]):
        code, report, _ = ingest(server.binary, server.grpc, file, *options)
        assert (code, report["acknowledged"], report["rejected"]) == (1, 0, {"UNAUTHENTICATED": 3})
        assert "token" in report["rejection"]
    done = server.cli("bench", "ingest", "--protocol", "grpc", "--url", f"http://{server.grpc}", "--file",
                      str(file), "--signal", "traces", "--token-file", str(wrong))
    assert done.returncode == 1 and "3 with status UNAUTHENTICATED" in done.stdout
    assert done.stderr.startswith("Error: ") and "token" in done.stderr
    right = ["--token-file", str(tokens)]
    code, report, _ = ingest(server.binary, server.grpc, file, *right, "--space", "nowhere")
    assert (code, report["rejected"]) == (1, {"NOT_FOUND": 3}) and "nowhere" in report["rejection"]
    code, report, errors = ingest(server.binary, server.grpc, file, *right)
    assert (code, report["acknowledged"]) == (0, 3), errors


def test_a_port_of_http_is_told_apart(server: Holdfast, tmp_path: Path) -> None:
    file = request_file(tmp_path / "file", [trace_request([span(1, 1)]).SerializeToString()])
    code, report, errors = ingest(server.binary, server.http.removeprefix("http://"), file)
    assert (code, report["acknowledged"]) == (1, 0) and "OTLP/gRPC" in report["failure"], errors
    code, report, _ = ingest(server.binary, "127.0.0.1:1", file)
    assert code == 1 and "127.0.0.1:1" in report["failure"]


# -- A server that answers what a test wants


Answer = Callable[[bytes, grpc.ServicerContext], bytes]


class Scripted(grpc.GenericRpcHandler):
    """Answers calls of Export with what comes next, and remembers what they carried."""

    def __init__(self, answers: list[Answer]) -> None:
        self.answers = answers
        self.seen: list[bytes] = []

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        assert dict(details.invocation_metadata)["x-holdfast-space"] == "default"
        return grpc.unary_unary_rpc_method_handler(self._answer) if details.method == EXPORT else None

    def _answer(self, body: bytes, context: grpc.ServicerContext) -> bytes:
        self.seen.append(body)
        return self.answers.pop(0)(body, context)


@contextmanager
def scripted(*answers: Answer) -> Iterator[tuple[Scripted, str]]:
    """A server and its address."""
    handler = Scripted(list(answers))
    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield handler, f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def ok(body: bytes, context: grpc.ServicerContext) -> bytes:
    return b""


def partial(body: bytes, context: grpc.ServicerContext) -> bytes:
    told = ExportTracePartialSuccess(rejected_spans=1, error_message="one is bad")
    return ExportTraceServiceResponse(partial_success=told).SerializeToString()


def refusing(code: grpc.StatusCode, retry_nanos: int | None = None) -> Answer:
    def answer(body: bytes, context: grpc.ServicerContext) -> bytes:
        if retry_nanos is not None:
            detail = AnyMessage()
            detail.Pack(RetryInfo(retry_delay=Duration(nanos=retry_nanos)))
            status = Status(code=code.value[0], message="later", details=[detail])
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(code, "this is 100 % too much – later")

    return answer


def test_answers_are_judged(binary: Path, tmp_path: Path) -> None:
    bodies = [trace_request([span(t, 1)]).SerializeToString() for t in range(1, 5)]
    file = request_file(tmp_path / "file", bodies)
    unavailable, exhausted = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED
    with scripted(
        refusing(unavailable), ok, refusing(exhausted, 30_000_000), refusing(unavailable, 0), partial,
        refusing(exhausted), ok,
    ) as (server, address):
        code, report, errors = ingest(binary, address, file, "--connections", "1")
    one, two, three, four = bodies
    assert server.seen == [one, one, two, two, two, three, four] and not server.answers
    assert (code, report["acknowledged"], report["refused"], report["retried"]) == (1, 3, 3, 3), errors
    assert report["answersWithBody"] == 1 and report["reconnected"] == 0
    assert report["rejected"] == {"RESOURCE_EXHAUSTED": 1}
    assert report["rejection"] == "this is 100 % too much – later"


@pytest.mark.parametrize("signal", ["logs", "metrics"])
def test_a_service_that_is_missing(binary: Path, tmp_path: Path, signal: str) -> None:
    file = request_file(tmp_path / "file", [b""])
    with scripted() as (_, address):
        code, report, _ = ingest(binary, address, file, signal=signal)
    assert (code, report["rejected"]) == (1, {"UNIMPLEMENTED": 1})


# -- An HTTP server that lets go of connections


class Impatient(BaseHTTPRequestHandler):
    """Closes a connection that is idle for a moment; refuses the second request, and closes then, too."""

    protocol_version = "HTTP/1.1"
    timeout = 0.05
    seen: list[float]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(time.monotonic())
        if len(self.seen) == 2:
            self.send_response(503)
            self.send_header("Retry-After", "1")
            self.send_header("Connection", "close")
        else:
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def test_a_server_that_closes_idle_connections_is_not_silent(binary: Path, tmp_path: Path) -> None:
    handler = type("Handler", (Impatient,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        # Each pause between two requests is longer than a silent server is looked for.
        done = run_cli(
            binary, "bench", "ingest", "--url", f"http://127.0.0.1:{server.server_port}", "--signal", "traces",
            "--file", str(request_file(tmp_path / "file", [b"a", b"b", b"c", b"d"])), "--records-per-request", "1",
            "--connections", "1", "--requests-per-second", "1.5", "--reconnect", "0.4", "--json",
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    report = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (report["acknowledged"], report["refused"], report["retried"]) == (4, 1, 1)
    assert report["reconnected"] >= 3
    one, two, again, *_ = handler.seen
    # A request that was not sent yet stays due when it was, and a refused one waits as long as it was told to.
    assert two - one > 0.6 and again - two > 0.95
