"""What was sent and what the APIs answer, in one form that can be compared."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from typing import Any

import requests
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import DataPointFlags
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from holdfast_server import Holdfast
from otlp import any_value, attributes, text, traces_from_json, value_json

KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"]


def before_and_after_flush(server: Holdfast, check: Callable[[], None]) -> None:
    """Checks rows in memory, then the same rows in segments."""
    assert not server.files(), "nothing is in segments yet"
    check()
    server.flush()
    assert server.files(), "rows are in segments now"
    check()


# -- Traces


def trace_ids(groups: list[ResourceSpans]) -> list[str]:
    found = {
        span.trace_id.hex() for group in groups for scope in group.scope_spans for span in scope.spans
    }
    return sorted(found)


def stored_traces(server: Holdfast, ids: list[str]) -> list[ResourceSpans]:
    """Traces by id through version 3 of Jaeger's API."""
    groups: list[ResourceSpans] = []
    for trace_id in ids:
        groups += traces_from_json(server.get(f"/api/v3/traces/{trace_id}")["result"])
    return groups


def jaeger_tag(pair: KeyValue) -> dict[str, Any]:
    """The tag that stands for an attribute; structured values are JSON text, compared as values."""
    value = pair.value
    match value.WhichOneof("value"):
        case "string_value":
            return {"key": pair.key, "type": "string", "value": value.string_value}
        case "bool_value":
            return {"key": pair.key, "type": "bool", "value": value.bool_value}
        case "int_value":
            is_exact = abs(value.int_value) < 2**53  # browsers would round others: they are text
            number = value.int_value if is_exact else str(value.int_value)
            return {"key": pair.key, "type": "int64", "value": number}
        case "double_value":
            number = value.double_value
            odd = "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
            return {"key": pair.key, "type": "float64", "value": number if math.isfinite(number) else odd}
        case "bytes_value":
            encoded = base64.b64encode(value.bytes_value).decode()
            return {"key": pair.key, "type": "binary", "value": encoded}
        case _:
            return {"key": pair.key, "type": "string", "structured": text(value)}


def _comparable(tags: list[dict[str, Any]], expected: list[dict[str, Any]]) -> list[str]:
    """Tags sorted, those that are expected to hold JSON read as such; -0.0 differs from 0.0."""
    structured = {tag["key"] for tag in expected if "structured" in tag}
    result = []
    for tag in tags:
        if tag["key"] in structured and "value" in tag:
            value = text(any_value(value_json(tag["value"])))
            tag = {"key": tag["key"], "type": tag["type"], "structured": value}
        result.append(repr(sorted(tag.items())))
    return sorted(result)


def assert_same_tags(actual: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert _comparable(actual, expected) == _comparable(expected, expected)


def expected_jaeger_tags(span: Span, scope_name: str, scope_version: str) -> list[dict[str, Any]]:
    tags = [jaeger_tag(pair) for pair in span.attributes]

    def add(key: str, value: Any, kind: str = "string") -> None:
        tags.append({"key": key, "type": kind, "value": value})

    if span.kind:
        add("span.kind", KINDS[span.kind])
    if scope_name:
        add("otel.scope.name", scope_name)
    if scope_version:
        add("otel.scope.version", scope_version)
    if span.trace_state:
        add("w3c.tracestate", span.trace_state)
    if span.status.code:
        add("otel.status_code", ["", "OK", "ERROR"][span.status.code])
    if span.status.code == 2:
        add("error", True, "bool")
    if span.status.message:
        add("otel.status_description", span.status.message)
    return tags


def assert_jaeger_trace(server: Holdfast, sent: ExportTraceServiceRequest) -> None:
    """Every span through the first Jaeger API, field by field."""
    for trace_id in trace_ids(list(sent.resource_spans)):
        (trace,) = server.get(f"/api/traces/{trace_id}")["data"]
        assert trace["traceID"] == trace_id
        found = {span["spanID"]: span for span in trace["spans"]}
        assert len(found) == len(trace["spans"])
        for group in sent.resource_spans:
            for scope in group.scope_spans:
                for span in scope.spans:
                    if span.trace_id.hex() != trace_id:
                        continue
                    got = found.pop(span.span_id.hex())
                    process = trace["processes"][got["processID"]]
                    _assert_process(process, group.resource)
                    _assert_jaeger_span(got, span, scope.scope.name, scope.scope.version)
        assert not found, f"spans that were not sent: {found}"


def _assert_process(process: dict[str, Any], resource: Resource) -> None:
    names = [p.value.string_value for p in resource.attributes if p.key == "service.name"]
    assert process["serviceName"] == (names[0] if names else "unknown_service")
    expected = [jaeger_tag(p) for p in resource.attributes if p.key != "service.name"]
    assert_same_tags(process["tags"], expected)


def _assert_jaeger_span(got: dict[str, Any], span: Span, scope: str, version: str) -> None:
    assert got["traceID"] == span.trace_id.hex()
    assert got["operationName"] == span.name
    assert got["startTime"] == span.start_time_unix_nano // 1000
    length = max(0, span.end_time_unix_nano - span.start_time_unix_nano)
    assert got["duration"] == length // 1000
    parents = [("CHILD_OF", span.trace_id.hex(), span.parent_span_id.hex())]
    links = [("FOLLOWS_FROM", link.trace_id.hex(), link.span_id.hex()) for link in span.links]
    references = [(r["refType"], r["traceID"], r["spanID"]) for r in got["references"]]
    assert references == (parents if span.parent_span_id else []) + links
    assert_same_tags(got["tags"], expected_jaeger_tags(span, scope, version))
    assert len(got["logs"]) == len(span.events)
    for event, entry in zip(span.events, got["logs"], strict=True):
        assert entry["timestamp"] == event.time_unix_nano // 1000
        fields = [{"key": "event", "type": "string", "value": event.name}]
        assert_same_tags(entry["fields"], fields + [jaeger_tag(p) for p in event.attributes])


# -- Logs


def raw_json(answer: requests.Response) -> Any:
    """A body of /api/logs with its attribute values as AnyValue sees them (Pairs for objects)."""
    assert answer.status_code == 200, answer.text
    return value_json(answer.content.decode())


def stored_logs(server: Holdfast, **parameters: Any) -> list[tuple[str, str]]:
    """Every log as text: the record, and its resource's attributes with scope name and version."""
    found: list[tuple[str, str]] = []
    cursor = None
    for _ in range(10_000):
        page = {"limit": 100} | parameters | ({"cursor": cursor} if cursor else {})
        answer = dict(raw_json(server.request("GET", "/api/logs", params=page)))
        for pairs in answer["logs"]:
            log = dict(pairs)
            record = LogRecord(
                time_unix_nano=int(log["timeUnixNano"]),
                observed_time_unix_nano=int(log["observedTimeUnixNano"]),
                severity_number=log["severityNumber"], severity_text=log["severityText"],
                body=any_value(log["body"]), event_name=log["eventName"], flags=log["flags"],
                trace_id=bytes.fromhex(log["traceId"]), span_id=bytes.fromhex(log["spanId"]),
                attributes=attributes(log["attributes"]),
            )
            scope = dict(log["scope"])
            origin = text(Resource(attributes=attributes(log["resource"])))
            found.append((text(record), f"{origin}|{scope['name']}|{scope['version']}"))
        cursor = answer["nextCursor"]
        if cursor is None:
            return found
    raise AssertionError("the pages of /api/logs do not end")


def expected_logs(sent: ExportLogsServiceRequest) -> list[tuple[str, str]]:
    expected = []
    for group in sent.resource_logs:
        origin = text(Resource(attributes=group.resource.attributes))
        for scope in group.scope_logs:
            for record in scope.log_records:
                copy = LogRecord()
                copy.CopyFrom(record)
                copy.dropped_attributes_count = 0  # this API does not tell; the Parquet test looks
                copy.body.CopyFrom(record.body if record.HasField("body") else AnyValue())
                if not copy.time_unix_nano:
                    copy.time_unix_nano = copy.observed_time_unix_nano
                expected.append((text(copy), f"{origin}|{scope.scope.name}|{scope.scope.version}"))
    return expected


# -- Metrics


def label(value: AnyValue) -> str:
    """The text of an attribute of a point: JSON if it is structured."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "int_value":
            return str(value.int_value)
        case "double_value":
            return repr(value.double_value)
    return json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=False)


def _plain(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case None:
            return None
        case "bytes_value":
            return {"$bytes": base64.b64encode(value.bytes_value).decode()}
        case "array_value":
            return [_plain(one) for one in value.array_value.values]
        case "kvlist_value":
            return {pair.key: _plain(pair.value) for pair in value.kvlist_value.values}
        case name:
            return getattr(value, name)


Points = dict[tuple[tuple[str, str], ...], dict[int, float | int]]


def expected_points(sent: ExportMetricsServiceRequest) -> dict[str, Points]:
    """By metric name and labels: time and value of every number a point holds.

    A point that says it holds none makes no series.
    """
    found: dict[str, Points] = {}
    for group in sent.resource_metrics:
        known = {p.key: p.value.string_value for p in group.resource.attributes}
        origin = {"service.name": known.get("service.name") or "unknown_service"}
        if "service.instance.id" in known:
            origin["service.instance.id"] = known["service.instance.id"]
        for scope in group.scope_metrics:
            for metric in scope.metrics:
                series = found.setdefault(metric.name, {})
                for point in getattr(metric, metric.WhichOneof("data")).data_points:
                    labels = {p.key: label(p.value) for p in point.attributes} | origin
                    for statistic, value in _numbers(point):
                        extra = {"statistic": statistic} if statistic else {}
                        key = tuple(sorted((labels | extra).items()))
                        series.setdefault(key, {})[point.time_unix_nano] = value
    return found


def _numbers(point: Any) -> list[tuple[str, float | int]]:
    if point.flags & DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK:
        return []
    fields = {descriptor.name for descriptor in point.DESCRIPTOR.fields}
    if "as_double" in fields:
        which = point.WhichOneof("value")
        return [("", getattr(point, which))] if which else []
    if "quantile_values" in fields:
        quantiles = [(f"quantile {q.quantile!r}", q.value) for q in point.quantile_values]
        return [("count", point.count), ("sum", point.sum), *quantiles]
    found = [("count", point.count)]
    return found + [(name, getattr(point, name)) for name in ("sum", "min", "max") if point.HasField(name)]


def stored_points(server: Holdfast, name: str) -> Points:
    found: Points = {}
    for series in server.get("/api/metrics/range", name=name)["series"]:
        key = tuple(sorted(series["labels"].items()))
        assert key not in found, f"two series of {name} have the labels {key}"
        times = [int(time) for time, _ in series["points"]]
        assert times == sorted(set(times)), "points come in order of time, each time once"
        found[key] = {int(time): value for time, value in series["points"]}
    return found
