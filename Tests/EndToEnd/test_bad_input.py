"""The bad-input table, first part: requests. Each is refused with the right status, a cause and a remedy, and
what was stored before is still there."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint

from conftest import MakeServer
from holdfast_server import Holdfast, StartFailure
from otlp import NOON, hex_trace, log, log_request, metric_request, span, trace_request

MIB = 1 << 20
PROTOBUF, JSON = "application/x-protobuf", "application/json"
GOOD = trace_request([span(7, 1)]).SerializeToString()


@pytest.fixture(scope="module")
def small(make_shared_server: MakeServer) -> Holdfast:
    """A server that takes requests up to 1 MiB and holds one trace and one log."""
    server = make_shared_server("--max-request-mib", "1")
    store_earlier(server)
    return server


def store_earlier(server: Holdfast) -> None:
    server.send("traces", trace_request([span(1, 1, name="earlier"), span(1, 2, parent=1)]))
    server.send("logs", log_request([log("earlier")]))


def assert_earlier(server: Holdfast) -> None:
    (trace,) = server.get(f"/api/traces/{hex_trace(1)}")["data"]
    assert [s["operationName"] for s in trace["spans"]] == ["earlier", "op"]
    assert [entry["body"] for entry in server.get("/api/logs", q="earlier")["logs"]] == ["earlier"]


# -- OTLP/HTTP


def deep_value(depth: int) -> bytes:
    value = '{"stringValue":"x"}'
    for _ in range(depth):
        value = '{"arrayValue":{"values":[' + value + "]}}"
    return (
        '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":' + value + "}]}]}]}"
    ).encode()


@dataclass
class Bad:
    """A request, the status it must get, and words that the answer must say."""

    name: str
    status: int
    code: grpc.StatusCode
    says: list[str]
    body: Callable[[], bytes] = lambda: GOOD
    content_type: str = PROTOBUF
    headers: dict[str, str] = field(default_factory=dict)
    signal: str = "traces"


INVALID, EXHAUSTED = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED
BAD = [
    Bad("malformed protobuf", 400, INVALID, ["OTLP"], lambda: b"\xff" * 40),
    Bad("truncated protobuf", 400, INVALID, ["OTLP"], lambda: GOOD[:-3]),
    Bad("length beyond the end", 400, INVALID, ["OTLP"], lambda: b"\x0a\xff\xff\xff\xff\x0f"),
    Bad("malformed JSON", 400, INVALID, ["OTLP"], lambda: b'{"resourceSpans": [', JSON),
    Bad("JSON of another shape", 400, INVALID, ["OTLP"], lambda: b'{"resourceSpans": 7}', JSON),
    Bad("not JSON at all", 400, INVALID, ["OTLP"], lambda: b"hello", JSON),
    Bad("nested too deep", 400, INVALID, ["deep"], lambda: deep_value(5_000), JSON, signal="logs"),
    Bad("nested one too deep", 400, INVALID, ["deep"], lambda: deep_value(65), JSON, signal="logs"),
    Bad("wrong content type", 415, INVALID, ["Content-Type", "application/x-protobuf"],
        content_type="text/plain"),
    Bad("unknown packing", 415, INVALID, ["Content-Encoding", "gzip"], headers={"Content_Encoding": "br"}),
    Bad("not gzip", 400, INVALID, ["gzip"], headers={"Content_Encoding": "gzip"}),
    Bad("half a gzip", 400, INVALID, ["gzip"], lambda: gzip.compress(GOOD)[:-9],
        headers={"Content_Encoding": "gzip"}),
    Bad("oversized", 413, EXHAUSTED, ["1048576", "--max-request-mib"], lambda: bytes(MIB + 1)),
    Bad("gzip bomb", 413, EXHAUSTED, ["inflated", "--max-request-mib"],
        lambda: gzip.compress(bytes(64 * MIB)), headers={"Content_Encoding": "gzip"}),
    Bad("unknown space", 404, grpc.StatusCode.NOT_FOUND, ["nowhere", "holdfast spaces create"],
        headers={"X_Holdfast_Space": "nowhere"}),
    Bad("space that is a path", 404, grpc.StatusCode.NOT_FOUND, ["../default"],
        headers={"X_Holdfast_Space": "../default"}),
]


def assert_status(status: Status, bad: Bad) -> None:
    assert status.code == bad.code.value[0]
    for word in bad.says:
        assert word in status.message, f"{word!r} is not in {status.message!r}"
    cause, dot, remedy = status.message.partition(". ")
    assert cause and dot and remedy.strip(), f"no remedy in {status.message!r}"
    details = [detail.type_url for detail in status.details]
    assert not any(d.endswith("RetryInfo") for d in details), "sending it again cannot help"
    if bad.code is INVALID:
        request = error_details_pb2.BadRequest()
        assert status.details[0].Unpack(request) and request.field_violations[0].description


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_bad_http_requests(small: Holdfast, bad: Bad) -> None:
    before = small.get("/api/status")["acknowledged"]
    answer = small.post(f"/v1/{bad.signal}", bad.body(), bad.content_type, **bad.headers)
    assert answer.status_code == bad.status, answer.content
    assert "Retry-After" not in answer.headers
    if bad.content_type == PROTOBUF:
        assert answer.headers["Content-Type"] == PROTOBUF
        assert_status(Status.FromString(answer.content), bad)
    else:
        assert answer.headers["Content-Type"] == JSON
        told = answer.json()
        assert told["code"] == bad.code.value[0]
        assert all(word in told["message"] for word in bad.says), told
        assert ". " in told["message"], "no remedy"
    assert small.get("/api/status")["acknowledged"] == before, "something of it was stored"
    assert_earlier(small)


def test_bodies_up_to_the_limit_are_taken(small: Holdfast) -> None:
    body = log_request([log("x" * (MIB - 200))]).SerializeToString()
    assert MIB - 200 < len(body) <= MIB
    assert small.post("/v1/logs", body).status_code == 200
    packed = small.post("/v1/logs", gzip.compress(body), Content_Encoding="gzip")
    assert packed.status_code == 200
    assert_earlier(small)


def test_values_as_deep_as_they_may_be_are_taken(small: Holdfast) -> None:
    assert small.post("/v1/logs", deep_value(64), JSON).status_code == 200
    body = small.get("/api/logs", limit=1)["logs"][0]["body"]
    assert json.dumps(body) == "[" * 64 + '"x"' + "]" * 64


def test_empty_requests_are_a_success(small: Holdfast) -> None:
    for signal in ("traces", "logs", "metrics"):
        assert small.post(f"/v1/{signal}", b"").content == b""
        assert small.post(f"/v1/{signal}", b"{}", JSON).json() == {}


@pytest.mark.parametrize("path", ["/v1/profiles", "/v1development/profiles", "/v1/traces/more"])
def test_signals_that_are_not_taken(small: Holdfast, path: str) -> None:
    answer = small.post(path, GOOD)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, PROTOBUF)
    status = Status.FromString(answer.content)
    assert status.code == 5 and path in status.message and "/openapi.json" in status.message
    answer = small.post(path, b"{}", JSON)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, JSON)
    assert answer.json()["code"] == 5 and path in answer.json()["message"]
    assert_earlier(small)


# -- OTLP/gRPC


@pytest.mark.parametrize(
    "bad", [b for b in BAD if b.content_type == PROTOBUF and "Content_Encoding" not in b.headers],
    ids=lambda bad: bad.name,
)
def test_bad_grpc_requests(small: Holdfast, bad: Bad) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        small.export_grpc(bad.signal, bad.body(), **{k.lower(): v for k, v in bad.headers.items()})
    assert caught.value.code() is bad.code
    trailers = dict(caught.value.trailing_metadata())
    assert_status(Status.FromString(trailers["grpc-status-details-bin"]), bad)
    assert_earlier(small)


# -- Wrong ids


def test_wrong_ids_are_refused_and_the_rest_is_stored(server: Holdfast) -> None:
    wrong = []
    for field_name, values in {
        "trace_id": [b"", bytes(16), b"\x01" * 15, b"\x01" * 17],
        "span_id": [b"", bytes(8), b"\x01" * 7, b"\x01" * 9],
        "parent_span_id": [b"\x01" * 3],
    }.items():
        for value in values:
            one = span(2, 2, name="wrong")
            setattr(one, field_name, value)
            wrong.append(one)
    answer = server.post("/v1/traces", trace_request([*wrong, span(2, 1)]).SerializeToString())
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_spans) == (200, len(wrong))
    assert "trace id" in partial.error_message and "span id" in partial.error_message
    (trace,) = server.get("/api/traces", service="shop")["data"]
    assert [s["operationName"] for s in trace["spans"]] == ["op"]
    assert server.get("/api/status")["acknowledged"]["spans"] == 1


def test_wrong_ids_in_json(server: Holdfast) -> None:
    spans = [
        {"traceId": trace, "spanId": "00000000000000aB", "name": trace, "startTimeUnixNano": f"{NOON}"}
        for trace in ["5b8efff798038103d269b633813fc60C", "xyz", "", "AQIDBAUGBwgJCgsMDQ4PEA=="]
    ]
    body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    answer = server.post("/v1/traces", json.dumps(body).encode(), JSON)
    assert answer.status_code == 200
    partial = answer.json()["partialSuccess"]
    assert partial["rejectedSpans"] in (3, "3") and "trace id" in partial["errorMessage"]
    (trace,) = server.get("/api/traces/5B8EFFF798038103D269B633813FC60C")["data"]
    assert trace["spans"][0]["spanID"] == "00000000000000ab"


def test_partial_success_of_logs_and_metrics(server: Holdfast) -> None:
    logs = log_request([log("bad", trace_id=b"\x01" * 5), log("good")]).SerializeToString()
    told = ExportLogsServiceResponse.FromString(server.post("/v1/logs", logs).content)
    assert told.partial_success.rejected_log_records == 1 and told.partial_success.error_message
    point = NumberDataPoint(time_unix_nano=NOON, as_int=1)
    metrics = metric_request([Metric(name="none"), Metric(name="m", gauge=Gauge(data_points=[point]))])
    told = ExportMetricsServiceResponse.FromString(
        server.export_grpc("metrics", metrics.SerializeToString())
    )
    assert told.partial_success.rejected_data_points == 1 and told.partial_success.error_message
    assert [entry["body"] for entry in server.get("/api/logs")["logs"]] == ["good"]
    assert [m["name"] for m in server.get("/api/metrics/names")["metrics"]] == ["m"]


# -- Queries


@pytest.mark.parametrize(
    ("path", "status", "code", "says"),
    [
        ("/api/traces/xyz", 400, "malformed", "xyz"),
        ("/api/traces/" + "0" * 33, 400, "malformed", "000"),
        ("/api/traces/ffff", 404, "not_found", "ffff"),
        ("/api/v3/traces/ffff", 404, "not_found", "ffff"),
        ("/api/traces?service=shop&tags=[1]", 400, "malformed", "tags"),
        ("/api/traces?service=shop&tags=%7B%22a", 400, "malformed", "tags"),
        ("/api/traces?service=shop&minDuration=long", 400, "malformed", "minDuration"),
        ("/api/traces?service=shop&limit=-1", 400, "malformed", "limit"),
        ("/api/traces?service=shop&start=now", 400, "malformed", "start"),
        ("/api/v3/traces?query.filter=true", 400, "malformed", "query.filter"),
        ("/api/logs?limit=0", 400, "malformed", "limit"),
        ("/api/logs?cursor=7", 400, "malformed", "cursor"),
        ("/api/logs?start=yesterday", 400, "malformed", "start"),
        ("/api/metrics/range", 400, "malformed", "name"),
        ("/api/metrics/range?name=m&step=fast", 400, "malformed", "step"),
        ("/api/metrics/range?name=m&step=0", 400, "malformed", "step"),
        ("/api/nothing", 404, "not_found", "/api/nothing"),
        ("/v1/traces", 405, "", "GET"),
    ],
)
def test_bad_queries(small: Holdfast, path: str, status: int, code: str, says: str) -> None:
    answer = small.request("GET", path)
    assert answer.status_code == status, answer.text
    told = answer.json()
    if path.startswith("/v1/"):
        assert says in told["message"]
    else:
        assert told["error"]["code"] == code
        assert says in told["error"]["message"] and told["error"]["remedy"]


def test_queries_of_an_unknown_space(small: Holdfast) -> None:
    for path in ("/api/services", "/api/traces?service=shop", "/api/logs", "/api/metrics/names"):
        answer = small.request("GET", path, headers={"X-Holdfast-Space": "nowhere"})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (404, "unknown_space")
        assert "nowhere" in error["message"] and "holdfast spaces" in error["remedy"]


# -- Tokens


def test_refused_calls_leave_the_others_of_their_connection_alone(
    make_server: MakeServer, tmp_path: Any
) -> None:
    """HTTP/2 servers remember only so many streams that they have reset."""
    tokens = tmp_path / "tokens"
    tokens.write_text("s3cret\n")
    tokens.chmod(0o600)
    server = make_server("--token-file", str(tokens))
    method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    body = trace_request([span(1, n, name="x" * 1000) for n in range(1, 100)]).SerializeToString()
    with grpc.insecure_channel(server.grpc, options=[("grpc.enable_http_proxy", 0)]) as channel:
        call = channel.unary_unary(method, lambda text: text, lambda text: text)
        for _ in range(5):
            refused = [call.future(body, timeout=20) for _ in range(64)]
            good = call.future(GOOD, timeout=20, metadata=[("authorization", "Bearer s3cret")])
            assert good.result() == b""
            assert {one.exception().code() for one in refused} == {grpc.StatusCode.UNAUTHENTICATED}


def test_without_a_token_nobody_passes(make_server: MakeServer, tmp_path: Any) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("# who may pass\nagent:s3cret-one\ns3cret-two\n")
    tokens.chmod(0o644)
    with pytest.raises(StartFailure) as refused:
        make_server("--token-file", str(tokens))
    assert str(tokens) in refused.value.output and "chmod 600" in refused.value.output
    tokens.chmod(0o600)
    server = make_server("--token-file", str(tokens))
    for token in (None, "Bearer s3cret", "Bearer s3cret-oneX", "Basic s3cret-one", "Bearer agent:s3cret-one"):
        headers = {"Authorization": token} if token else {}
        answer = server.post("/v1/traces", GOOD, **headers)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")
        status = Status.FromString(answer.content)
        assert status.code == 16 and "token" in status.message and "Authorization" in status.message
        query = server.request("GET", "/api/services", headers=headers)
        assert query.status_code == 401 and query.json()["error"]["code"] == "unauthenticated"
        with pytest.raises(grpc.RpcError) as caught:
            server.export_grpc("traces", GOOD, **{k.lower(): v for k, v in headers.items()})
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert server.request("GET", "/livez").status_code == 200
    server.session.headers["Authorization"] = "Bearer s3cret-two"
    assert server.get("/api/services")["data"] == [], "a refused request left something behind"
    store_earlier(server)
    server.export_grpc("traces", GOOD, authorization="Bearer s3cret-one")
    assert_earlier(server)
    assert server.get(f"/api/traces/{hex_trace(7)}")["data"]
    for secret in ("s3cret-one", "s3cret-two"):
        assert secret not in server.log(1000), "a token is in the log"
