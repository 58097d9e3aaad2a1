"""Telemetry that uses every field of OTLP, with the edges of each type."""

from __future__ import annotations

import math
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    DataPointFlags, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge,
    Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    Summary, SummaryDataPoint,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from otlp import NOON, SECOND, any_value, attributes

# Every kind of value, and the edges of each kind.
EDGES: dict[str, Any] = {
    "text": "plain",
    "text.empty": "",
    "text.unicode": "naïve – 日本語 – 👩‍🚀 – \u202eright-to-left",
    "text.controls": 'tab\t newline\n quote" backslash\\ nul\x00 del\x7f',
    "text.long": "x" * 70_000,
    "text.looks.like.json": '{"$bytes":"AQI="}',
    "bool.true": True,
    "bool.false": False,
    "int.zero": 0,
    "int.least": -(2**63),
    "int.greatest": 2**63 - 1,
    "int.above.double": 2**53 + 1,
    "double.one": 1.0,
    "double.minus.zero": -0.0,
    "double.nan": math.nan,
    "double.inf": math.inf,
    "double.minus.inf": -math.inf,
    "double.least": 5e-324,
    "double.greatest": 1.7976931348623157e308,
    "double.third": 1 / 3,
    "bytes": bytes(range(256)),
    "bytes.empty": b"",
    "empty": None,
    "array.empty": [],
    "array.text": ["a", "", "ü"],
    "array.mixed": [1, 1.0, "1", True, None, b"\x00\xff", [[], [2.5, -0.0]], {"in": "array"}],
    "kvlist.empty": {},
    "kvlist": {
        "int": 1, "double": 1.0, "bytes": b"\x01", "nan": math.nan, "minus.inf": -math.inf,
        "empty": None, "": "empty key", "$bytes": "not bytes", "$$double": 2,
        "nested": {"array": [{"deep": [True, {"er": 2**63 - 1}]}, -(2**63)]},
    },
    # Well-known attributes of the expected type, and of another.
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "server.port": "not a number",
    "url.path": "",
    "error.type": 7,
    "": "empty key",
    "ключ 👾": "unicode key",
}


# The greatest number of the fields that are uint32.
MOST = 2**32 - 1


def _resource(**more: Any) -> Resource:
    return Resource(
        attributes=attributes({
            "service.name": "edge", "service.namespace": "ns", "service.instance.id": "i-1",
            "host.ip": ["10.0.0.1", "::1"], "blob": b"\x00\x01", "replicas": 3, "ratio": 1.0,
            "labels": {"a": None, "b": [1, "2"]}, **more,
        }),
        dropped_attributes_count=MOST,
    )


SCOPE = InstrumentationScope(
    name="edge.scope", version="1.2.3-β", dropped_attributes_count=MOST,
    attributes=attributes({"scope.flag": True, "scope.bytes": b"\xfe", "scope.list": [1, 2.0]}),
)
SCHEMA = "https://opentelemetry.io/schemas/1.37.0"
OLD_SCHEMA = "https://opentelemetry.io/schemas/1.21.0"


def edge_spans() -> ExportTraceServiceRequest:
    """Three traces; the first span carries every field, the others leave fields out."""
    trace = bytes(range(1, 17))
    full = Span(
        trace_id=trace, span_id=b"\x00\x00\x00\x00\x00\x00\x00\x01", parent_span_id=b"\xff" * 8,
        trace_state="vendor=a:b,other=ü", flags=MOST, name="GET /ünï", kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=NOON + 123_456_789, end_time_unix_nano=NOON + 2 * SECOND + 1,
        attributes=attributes(EDGES), dropped_attributes_count=MOST, dropped_events_count=MOST - 1,
        dropped_links_count=1 << 31, status=Status(code=Status.STATUS_CODE_ERROR, message="it broke: ß"),
        events=[
            Span.Event(
                time_unix_nano=NOON + SECOND + 7, name="exception", dropped_attributes_count=MOST,
                attributes=attributes({**EDGES, "exception.type": "Oops"}),
            ),
            Span.Event(time_unix_nano=0, name=""),
        ],
        links=[
            Span.Link(
                trace_id=b"\xaa" * 16, span_id=b"\xbb" * 8, trace_state="l=1", flags=MOST,
                attributes=attributes(EDGES), dropped_attributes_count=MOST,
            ),
            Span.Link(trace_id=b"\xab" * 16, span_id=b"\xbc" * 8),
        ],
    )
    root = Span(
        trace_id=trace, span_id=b"\xff" * 8, name="", start_time_unix_nano=NOON,
        end_time_unix_nano=NOON, status=Status(code=Status.STATUS_CODE_OK),
    )
    bare = Span(trace_id=b"\xff" * 16, span_id=b"\x80" + b"\x00" * 7)
    backwards = Span(
        trace_id=b"\x00" * 15 + b"\x01", span_id=b"\x00" * 7 + b"\x02", name="ends before it starts",
        start_time_unix_nano=NOON + SECOND, end_time_unix_nano=NOON, kind=Span.SPAN_KIND_CONSUMER,
        status=Status(message="unset, with a message"),
    )
    return ExportTraceServiceRequest(resource_spans=[
        ResourceSpans(
            resource=_resource(), schema_url=SCHEMA,
            scope_spans=[
                ScopeSpans(scope=SCOPE, schema_url=OLD_SCHEMA, spans=[full]),
                ScopeSpans(spans=[root]),
            ],
        ),
        ResourceSpans(
            resource=_resource(**{"service.name": "edge-2"}),
            scope_spans=[ScopeSpans(scope=SCOPE, spans=[backwards])],
        ),
        ResourceSpans(scope_spans=[ScopeSpans(spans=[bare])]),
    ])


def edge_logs() -> ExportLogsServiceRequest:
    """One record with every field, one per kind of body, one without anything."""
    full = LogRecord(
        time_unix_nano=NOON + 1, observed_time_unix_nano=NOON + 2, severity_number=17,
        severity_text="ERRÖR", body=any_value("full"), attributes=attributes(EDGES),
        dropped_attributes_count=MOST, flags=MOST, trace_id=bytes(range(1, 17)), span_id=b"\xff" * 8,
        event_name="edge.full",
    )
    bodies = [
        LogRecord(
            time_unix_nano=NOON + 10 + index, body=any_value(value), event_name=f"body {key}",
        )
        for index, (key, value) in enumerate(EDGES.items())
    ]
    observed_only = LogRecord(
        observed_time_unix_nano=NOON + 5_000, severity_number=24, event_name="observed only"
    )
    scope_logs = [
        ScopeLogs(scope=SCOPE, schema_url=OLD_SCHEMA, log_records=[full, *bodies]),
        ScopeLogs(log_records=[observed_only]),
    ]
    return ExportLogsServiceRequest(
        resource_logs=[ResourceLogs(resource=_resource(), schema_url=SCHEMA, scope_logs=scope_logs)]
    )


# Values that every kind of metric point carries.
LABELS: dict[str, Any] = {
    "route": "/a", "empty": "", "shard": -1, "ratio": 1.0, "ok": True, "ü": "ß", "none": None,
    "bytes": b"\x00\xff", "list": [1, "a", True], "map": {"k": [2.5, None]},
}


def _exemplars(value: float | int) -> list[Exemplar]:
    number = {"as_int": value} if isinstance(value, int) else {"as_double": value}
    return [
        Exemplar(
            time_unix_nano=NOON + 5, trace_id=b"\x0a" * 16, span_id=b"\x0b" * 8,
            filtered_attributes=attributes({"user": "u-1", "raw": b"\x01", "n": 1}), **number,
        ),
        Exemplar(time_unix_nano=NOON + 6, **number),
    ]


def edge_metrics() -> ExportMetricsServiceRequest:
    """All five kinds of metric, with exemplars, flags, metadata and optional fields left out."""
    common = {"attributes": attributes(LABELS), "start_time_unix_nano": NOON - SECOND}
    point = {**common, "time_unix_nano": NOON}
    later = {**common, "time_unix_nano": NOON + SECOND}
    metrics = [
        Metric(
            name="edge.gauge", unit="{thing}", description="a gauge – ü",
            metadata=attributes({"origin": "by hand", "list": [1]}),
            gauge=Gauge(data_points=[
                NumberDataPoint(as_double=1.5, exemplars=_exemplars(2.5), flags=MOST - 1, **point),
                NumberDataPoint(as_double=-0.0, **later),
                NumberDataPoint(as_int=-(2**63), time_unix_nano=NOON),
                NumberDataPoint(
                    time_unix_nano=NOON + 2,
                    flags=DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK,
                    attributes=attributes({"gone": True}),
                ),
            ]),
        ),
        Metric(
            name="edge.sum", unit="By",
            sum=Sum(
                aggregation_temporality=2, is_monotonic=True,
                data_points=[
                    NumberDataPoint(as_int=2**53 + 1, exemplars=_exemplars(3), **point),
                    NumberDataPoint(as_int=2**63 - 1, **later),
                ],
            ),
        ),
        Metric(
            name="edge.delta",
            sum=Sum(aggregation_temporality=1, data_points=[NumberDataPoint(as_double=-7.25, **point)]),
        ),
        Metric(
            name="edge.histogram", unit="s",
            histogram=Histogram(aggregation_temporality=2, data_points=[
                HistogramDataPoint(
                    count=6, sum=21.5, min=0.25, max=9.0, bucket_counts=[1, 2, 0, 3],
                    explicit_bounds=[1.0, 2.5, 5.0], exemplars=_exemplars(9.0), **point,
                ),
                HistogramDataPoint(count=0, bucket_counts=[0], **later),
                HistogramDataPoint(count=2, sum=0.0, time_unix_nano=NOON),
            ]),
        ),
        Metric(
            name="edge.exponential",
            exponential_histogram=ExponentialHistogram(aggregation_temporality=1, data_points=[
                ExponentialHistogramDataPoint(
                    count=9, sum=-1.5, min=-8.0, max=8.0, scale=-3, zero_count=2,
                    zero_threshold=0.001,
                    positive=ExponentialHistogramDataPoint.Buckets(offset=-5, bucket_counts=[1, 0, 2]),
                    negative=ExponentialHistogramDataPoint.Buckets(offset=7, bucket_counts=[4]),
                    exemplars=_exemplars(8.0), **point,
                ),
            ]),
        ),
        Metric(
            name="edge.summary",
            summary=Summary(data_points=[
                SummaryDataPoint(
                    count=10, sum=55.5, quantile_values=[
                        SummaryDataPoint.ValueAtQuantile(quantile=0.5, value=5.0),
                        SummaryDataPoint.ValueAtQuantile(quantile=0.99, value=9.75),
                    ], **point,
                ),
            ]),
        ),
    ]
    scopes = [ScopeMetrics(scope=SCOPE, schema_url=OLD_SCHEMA, metrics=metrics)]
    return ExportMetricsServiceRequest(
        resource_metrics=[
            ResourceMetrics(resource=_resource(), schema_url=SCHEMA, scope_metrics=scopes)
        ]
    )
