"""The official Python SDK and exporters deliver, and what comes back equals what was sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server as make_wsgi_server

import grpc
import pytest
import requests
from google.protobuf.message import Message
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.grpc import _log_exporter as grpc_logs
from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as grpc_metrics
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_traces
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http import _log_exporter as http_logs
from opentelemetry.exporter.otlp.proto.http import metric_exporter as http_metrics
from opentelemetry.exporter.otlp.proto.http import trace_exporter as http_traces
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import (
    ExplicitBucketHistogramAggregation, ExponentialBucketHistogramAggregation, View,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

import samples
from holdfast_server import Holdfast
from otlp import assert_same_spans
from readback import (
    assert_jaeger_trace, before_and_after_flush, expected_logs, expected_points, stored_logs,
    stored_points, stored_traces, trace_ids,
)

RESOURCE = Resource(
    {"service.name": "sdk-shop", "service.version": "1.0", "host.ips": ("::1", "10.0.0.1"), "cpus": 2},
    schema_url=samples.SCHEMA,
)
# What an SDK user may set: nested values and bytes included.
TAGS: dict[str, Any] = {
    "s": "ü", "empty": "", "i": -(2**63), "d": 1.0, "t": True, "f": False, "bytes": b"\x00\xff",
    "strings": ["a", "b"], "ints": [1, 2], "doubles": [1.0, 2.5], "bools": [True, False],
    "nested": {"list": [1, "two", 3.0, None, {"deep": b"\x01"}], "empty": {}},
    "http.request.method": "POST", "http.response.status_code": 503,
}


class Tee:
    """Passes batches to an official exporter, and keeps the request it sends."""

    def __init__(self, inner: Any, encode: Callable[[Any], Message]) -> None:
        self._inner, self._encode = inner, encode
        self.requests: list[Any] = []

    def export(self, batch: Any, *args: Any, **options: Any) -> Any:
        result = self._inner.export(batch, *args, **options)
        assert result.name == "SUCCESS", f"the exporter says {result}"
        self.requests.append(self._encode(batch))
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def merged(self) -> Any:
        whole = type(self.requests[0])()
        for request in self.requests:
            whole.MergeFrom(request)
        return whole


class Exporters:
    """The three official exporters of one transport."""

    def __init__(self, server: Holdfast, transport: str) -> None:
        if transport == "grpc":
            options = {"endpoint": f"http://{server.grpc}", "insecure": True}
            spans, logs, metrics = (
                grpc_traces.OTLPSpanExporter(**options, compression=grpc.Compression.Gzip),
                grpc_logs.OTLPLogExporter(**options), grpc_metrics.OTLPMetricExporter(**options),
            )
        else:
            spans, logs, metrics = (
                http_traces.OTLPSpanExporter(
                    endpoint=f"{server.http}/v1/traces", compression=Compression.Gzip
                ),
                http_logs.OTLPLogExporter(endpoint=f"{server.http}/v1/logs"),
                http_metrics.OTLPMetricExporter(endpoint=f"{server.http}/v1/metrics"),
            )
        self.spans = Tee(spans, encode_spans)
        self.logs = Tee(logs, encode_logs)
        self.metrics = Tee(metrics, encode_metrics)


@pytest.fixture(params=["grpc", "http"])
def exporters(request: pytest.FixtureRequest, server: Holdfast) -> Exporters:
    return Exporters(server, request.param)


# -- The SDK


def test_spans_of_the_sdk(server: Holdfast, exporters: Exporters) -> None:
    provider = TracerProvider(resource=RESOURCE)
    provider.add_span_processor(BatchSpanProcessor(exporters.spans))
    tracer = provider.get_tracer("e2e.sdk", "2.0", samples.SCHEMA, {"scope.tag": [1, 2]})
    remote = SpanContext(0xABC, 0xDEF, True, TraceFlags(1), TraceState([("k", "v")]))
    with tracer.start_as_current_span(
        "parent", kind=SpanKind.SERVER, attributes=TAGS, links=[Link(remote, TAGS)]
    ) as parent:
        parent.add_event("said", TAGS)
        with tracer.start_as_current_span("child", kind=SpanKind.CLIENT) as child:
            child.record_exception(ValueError("no – nein"))
            child.set_status(Status(StatusCode.ERROR, "failed"))
        for number in range(20):
            tracer.start_span(f"sibling {number}", attributes={"n": number}).end()
    provider.shutdown()
    sent = exporters.spans.merged()
    assert sum(len(s.spans) for g in sent.resource_spans for s in g.scope_spans) == 22

    def check() -> None:
        groups = list(sent.resource_spans)
        assert_same_spans(stored_traces(server, trace_ids(groups)), groups)
        assert_jaeger_trace(server, sent)
        (found,) = server.get("/api/traces", service="sdk-shop", operation="child")["data"]
        tags = {t["key"]: t["value"] for s in found["spans"] if s["operationName"] == "parent" for t in s["tags"]}
        assert tags["bytes"] == "AP8=" and tags["i"] == str(-(2**63)) and tags["empty"] == ""
        assert json.loads(tags["nested"])["list"][:3] == [1, "two", 3.0]

    before_and_after_flush(server, check)


def test_logs_of_the_sdk(server: Holdfast, exporters: Exporters) -> None:
    provider = LoggerProvider(resource=RESOURCE)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporters.logs))
    logger = provider.get_logger("e2e.logs", "3", samples.SCHEMA)
    context = trace.set_span_in_context(
        trace.NonRecordingSpan(SpanContext(0x123, 0x456, False, TraceFlags(1)))
    )
    for number, body in enumerate(["text", "", 7, 1.0, True, None, b"\x00", ["a", 1, None], TAGS]):
        logger.emit(LogRecord(
            timestamp=samples.NOON + number, observed_timestamp=samples.NOON + 100, body=body,
            severity_number=SeverityNumber.ERROR, severity_text="ERROR", attributes=TAGS,
            event_name=f"event {number}", context=context,
        ))
    provider.shutdown()
    sent = exporters.logs.merged()

    def check() -> None:
        found = stored_logs(server)
        assert len(found) == 9
        assert sorted(found) == sorted(expected_logs(sent))
        trace_id = f"{0x123:032x}"
        assert len(stored_logs(server, traceId=trace_id, severity="error", service="sdk-shop")) == 9

    before_and_after_flush(server, check)


def test_metrics_of_the_sdk(server: Holdfast, exporters: Exporters) -> None:
    reader = PeriodicExportingMetricReader(exporters.metrics, export_interval_millis=3_600_000)
    views = [
        View(instrument_type=Histogram, instrument_name="explicit",
             aggregation=ExplicitBucketHistogramAggregation([1, 10, 100])),
        View(instrument_type=Histogram, instrument_name="exponential",
             aggregation=ExponentialBucketHistogramAggregation()),
    ]
    provider = MeterProvider([reader], RESOURCE, views=views)
    meter = provider.get_meter("e2e.metrics", "4")
    counter = meter.create_counter("counter", "1", "counts")
    balance = meter.create_up_down_counter("balance")
    gauge = meter.create_gauge("gauge", "Cel")
    explicit, exponential = meter.create_histogram("explicit", "ms"), meter.create_histogram("exponential")
    meter.create_observable_counter("seen", [lambda _: [Observation(11, {"k": "v"})]])
    meter.create_observable_up_down_counter("level", [lambda _: [Observation(-3)]])
    meter.create_observable_gauge("heat", [lambda _: [Observation(36.6, {"room": r}) for r in "ab"]])
    for round_number in range(3):
        counter.add(2, {"route": "/a", "code": 200, "ok": True})
        counter.add(1, {"route": "/b"})
        balance.add(-1.5)
        gauge.set(20.5 + round_number)
        for value in (0.5, 5, 50, 500, 5000):
            explicit.record(value, {"route": "/a"})
            exponential.record(value * round_number)
        provider.force_flush()
    provider.shutdown()
    expected = expected_points(exporters.metrics.merged())
    assert set(expected) == {
        "counter", "balance", "gauge", "explicit", "exponential", "seen", "level", "heat",
    }

    def check() -> None:
        assert {name: stored_points(server, name) for name in expected} == expected
        names = {m["name"]: m for m in server.get("/api/metrics/names")["metrics"]}
        assert set(names) >= set(expected)
        assert names["counter"] == {
            "name": "counter", "type": "sum", "unit": "1", "description": "counts",
            "services": ["sdk-shop"],
        }
        assert names["exponential"]["type"] == "exponential_histogram"

    before_and_after_flush(server, check)


# -- A web application instrumented from outside


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    if environ["PATH_INFO"] == "/raise":
        raise RuntimeError("the kitchen is on fire")
    status = "500 Oops" if environ["PATH_INFO"] == "/fail" else "200 OK"
    start_response(status, [("Content-Type", "text/plain")])
    return iter([b"hello"])


def test_instrumented_web_application(server: Holdfast, exporters: Exporters) -> None:
    tracers = TracerProvider(resource=RESOURCE)
    tracers.add_span_processor(BatchSpanProcessor(exporters.spans))
    reader = PeriodicExportingMetricReader(exporters.metrics, export_interval_millis=3_600_000)
    meters = MeterProvider([reader], RESOURCE)
    wrapped = OpenTelemetryMiddleware(application, tracer_provider=tracers, meter_provider=meters)
    web = make_wsgi_server("127.0.0.1", 0, wrapped, handler_class=Quiet)
    web.get_stderr = lambda: None  # type: ignore[attr-defined]
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        url = f"http://127.0.0.1:{web.server_port}"
        for path in ["/", "/", "/fail", "/ünï?q=1&token=x"]:
            requests.get(url + path, timeout=10)
    finally:
        web.shutdown()
        thread.join(10)
        web.server_close()
    tracers.shutdown()
    meters.shutdown()
    sent = exporters.spans.merged()
    expected = expected_points(exporters.metrics.merged())
    assert len(trace_ids(list(sent.resource_spans))) == 4
    assert expected, "the middleware measures requests"

    def check() -> None:
        groups = list(sent.resource_spans)
        assert_same_spans(stored_traces(server, trace_ids(groups)), groups)
        assert len(server.get("/api/traces", service="sdk-shop")["data"]) == 4
        assert len(server.get("/api/traces", service="sdk-shop", tags='{"error":"true"}')["data"]) == 1
        assert {name: stored_points(server, name) for name in expected} == expected

    before_and_after_flush(server, check)


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_automatically_instrumented_web_application(server: Holdfast, protocol: str) -> None:
    """`opentelemetry-instrument` before an application without a line about OpenTelemetry."""
    signals = {f"OTEL_{signal}_EXPORTER": "otlp" for signal in ("TRACES", "METRICS", "LOGS")}
    process = subprocess.Popen(
        [
            Path(sys.executable).with_name("opentelemetry-instrument"), sys.executable,
            Path(__file__).with_name("web_application.py"),
        ],
        env={
            **os.environ, **signals,
            "OTEL_SERVICE_NAME": "auto-shop",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_ENDPOINT":
                f"http://{server.grpc}" if protocol == "grpc" else server.http,
            "OTEL_EXPORTER_OTLP_INSECURE": "true",
            "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true",
        },
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        statuses = [requests.get(url + path, timeout=10).status_code for path in ("/items/1", "/items/2", "/fail")]
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert statuses == [200, 200, 500] and process.returncode == 0, errors

    def check() -> None:
        traces = server.get("/api/traces", service="auto-shop")["data"]
        spans = {span["traceID"]: span for trace in traces for span in trace["spans"]}
        assert sorted(span["operationName"] for span in spans.values()) == [
            "GET /fail", "GET /items/<int:number>", "GET /items/<int:number>",
        ]
        failed = next(span for span in spans.values() if span["operationName"] == "GET /fail")
        fields = {field["key"]: field["value"] for log in failed["logs"] for field in log["fields"]}
        assert fields["exception.message"] == "the kitchen is on fire"
        assert {"key": "error", "type": "bool", "value": True} in failed["tags"]
        logs = server.get("/api/logs", service="auto-shop", q="nearly sold out")["logs"]
        assert sorted(log["body"] for log in logs) == [f"item {n} is nearly sold out" for n in (1, 2)]
        for log in logs:
            assert log["severityText"] in ("WARN", "WARNING") and log["severityNumber"] == 13
            span = spans[log["traceId"]]
            assert log["spanId"] == span["spanID"] and span["operationName"].startswith("GET /items")
        raised = server.get("/api/logs", service="auto-shop", q="Exception on /fail")["logs"]
        assert [log["traceId"] for log in raised] == [failed["traceID"]]
        names = {metric["name"] for metric in server.get("/api/metrics/names")["metrics"]}
        assert any(name.startswith("http.server.") for name in names), names

    before_and_after_flush(server, check)
