"""OTLP messages: making them, reading Holdfast's answers back into them, and comparing.

Everything that is compared is first turned into protobuf messages, so that "equal" means every field of
the OpenTelemetry protocol, with the type of each value.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import json_format, text_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics, ScopeMetrics
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import (
    ResourceSpans, ScopeSpans, Span, Status, TracesData,
)

# A moment in the past that all tests count from: 2026-01-15T12:00:00Z.
NOON = 1_768_478_400_000_000_000
SECOND = 1_000_000_000
MILLISECOND = 1_000_000


class Pairs(list[tuple[str, Any]]):
    """A key-value list in order, keys possibly repeated."""


# -- Values


def any_value(value: Any) -> AnyValue:
    """A Python value as AnyValue: None is empty, Pairs and dicts are kvlists."""
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case str():
            return AnyValue(string_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case Pairs():
            return AnyValue(kvlist_value=KeyValueList(values=attributes(value)))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=attributes(value)))
        case list() | tuple():
            return AnyValue(array_value=ArrayValue(values=[any_value(v) for v in value]))
    raise TypeError(f"no AnyValue for {value!r}")


def attributes(pairs: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> list[KeyValue]:
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return [KeyValue(key=key, value=any_value(value)) for key, value in items]


def python_value(value: AnyValue) -> Any:
    """The inverse of `any_value`; kvlists become Pairs."""
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [python_value(v) for v in value.array_value.values]
        case "kvlist_value":
            return Pairs((p.key, python_value(p.value)) for p in value.kvlist_value.values)
        case name:
            return getattr(value, name)


def value_json(text: str) -> Any:
    """Reads the JSON text in which Holdfast keeps structured values (`ValueJSON` in Sources/OTLP)."""

    def members(pairs: list[tuple[str, Any]]) -> Any:
        if len(pairs) == 1:
            match pairs[0]:
                case ("$bytes", str(text)):
                    return base64.b64decode(text, validate=True)
                case ("$double", str(text)):
                    return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}[text]
        return Pairs((key[1:] if key.startswith("$$") else key, value) for key, value in pairs)

    def refuse(text: str) -> Any:
        raise ValueError(f"{text} is not JSON")

    return json.loads(text, object_pairs_hook=members, parse_constant=refuse)


# -- Comparing


def _sorted_attributes(pairs: Iterable[KeyValue]) -> list[KeyValue]:
    for pair in pairs:
        pair.value.SetInParent()  # a missing value and an empty one mean the same
    return sorted(pairs, key=lambda p: (p.key, p.SerializeToString(deterministic=True)))


def canonical(message: Message) -> Message:
    """A copy whose attribute sets are sorted by key; order within values stays."""
    copy = type(message)()
    copy.CopyFrom(message)
    for field, value in copy.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.name == "KeyValue":
            pairs = _sorted_attributes(value)
            del value[:]
            value.extend(pairs)
        elif field.message_type.name == "AnyValue":
            continue
        elif hasattr(value, "add"):
            children = [canonical(child) for child in value]
            del value[:]
            value.extend(children)
        else:
            value.CopyFrom(canonical(value))
    if isinstance(copy, Span) and copy.status == Status():
        copy.ClearField("status")  # unset, and absent, mean the same
    return copy


def text(message: Message) -> str:
    return text_format.MessageToString(canonical(message), use_short_repeated_primitives=True)


def flat_spans(groups: Iterable[ResourceSpans]) -> dict[str, str]:
    """Each span by trace and span id, as text together with its resource, scope and schema URLs."""
    found: dict[str, str] = {}
    for group in groups:
        for scope in group.scope_spans:
            for span in scope.spans:
                key = f"{span.trace_id.hex()}/{span.span_id.hex()}"
                assert key not in found, f"span {key} is there twice"
                found[key] = "\n".join([
                    f"resource: {text(group.resource)}", f"resource_schema: {group.schema_url}",
                    f"scope: {text(scope.scope)}", f"scope_schema: {scope.schema_url}",
                    f"span: {text(span)}",
                ])
    return found


def assert_same_spans(actual: Iterable[ResourceSpans], expected: Iterable[ResourceSpans]) -> None:
    assert flat_spans(actual) == flat_spans(expected)


# -- Reading OTLP/JSON


def traces_from_json(result: dict[str, Any]) -> list[ResourceSpans]:
    """The spans of `{"resourceSpans":[...]}`: hex ids, enums as numbers, nothing unknown."""

    def ids_to_base64(value: Any) -> Any:
        if isinstance(value, list):
            return [ids_to_base64(v) for v in value]
        if not isinstance(value, dict):
            return value
        ids = {"traceId", "spanId", "parentSpanId"}
        return {
            key: base64.b64encode(bytes.fromhex(item)).decode() if key in ids else ids_to_base64(item)
            for key, item in value.items()
        }

    data = json_format.ParseDict(ids_to_base64(result), TracesData())
    return list(data.resource_spans)


# -- Building requests


def resource(service: str, **more: Any) -> Resource:
    pairs = {"service.name": service} | {k.replace("_", "."): v for k, v in more.items()}
    return Resource(attributes=attributes(pairs))


def trace_request(
    spans: Iterable[Span], service: str = "shop", origin: Resource | None = None
) -> ExportTraceServiceRequest:
    scope = ScopeSpans(scope=InstrumentationScope(name="e2e", version="1"), spans=spans)
    group = ResourceSpans(resource=origin or resource(service), scope_spans=[scope])
    return ExportTraceServiceRequest(resource_spans=[group])


def log_request(
    records: Iterable[LogRecord], service: str = "shop", origin: Resource | None = None
) -> ExportLogsServiceRequest:
    scope = ScopeLogs(scope=InstrumentationScope(name="e2e", version="1"), log_records=records)
    group = ResourceLogs(resource=origin or resource(service), scope_logs=[scope])
    return ExportLogsServiceRequest(resource_logs=[group])


def metric_request(
    metrics: Iterable[Metric], service: str = "shop", origin: Resource | None = None
) -> ExportMetricsServiceRequest:
    scope = ScopeMetrics(scope=InstrumentationScope(name="e2e", version="1"), metrics=metrics)
    group = ResourceMetrics(resource=origin or resource(service), scope_metrics=[scope])
    return ExportMetricsServiceRequest(resource_metrics=[group])


def span(
    trace: int,
    number: int,
    *,
    parent: int = 0,
    name: str = "op",
    start: int = NOON,
    duration: int = MILLISECOND,
    kind: int = Span.SPAN_KIND_SERVER,
    tags: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Span:
    return Span(
        trace_id=trace.to_bytes(16, "big"),
        span_id=number.to_bytes(8, "big"),
        parent_span_id=parent.to_bytes(8, "big") if parent else b"",
        name=name,
        kind=kind,
        start_time_unix_nano=start,
        end_time_unix_nano=start + duration,
        attributes=attributes(tags or {}),
        **fields,
    )


def log(
    body: Any,
    *,
    time: int = NOON,
    severity: int = 9,
    severity_text: str = "INFO",
    tags: Mapping[str, Any] | None = None,
    **fields: Any,
) -> LogRecord:
    return LogRecord(
        time_unix_nano=time,
        observed_time_unix_nano=time + 1,
        severity_number=severity,
        severity_text=severity_text,
        body=any_value(body),
        attributes=attributes(tags or {}),
        **fields,
    )


def hex_trace(number: int) -> str:
    return f"{number:032x}"
