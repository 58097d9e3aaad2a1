"""Random telemetry, the same for the same seed."""

from __future__ import annotations

import math
import random
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from otlp import NOON, SECOND, any_value, attributes
from samples import SCOPE


class RandomTelemetry:
    """A lifelike mixture, the same for the same seed, spread over a few hours."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def value(self, depth: int = 0) -> Any:
        pick = self.random.random()
        if pick < 0.35:
            return self.random.choice(["", "a", "bb", "ü", "日本", "x" * self.random.randrange(200)])
        if pick < 0.55:
            return self.random.choice([0, 1, -1, 200, self.random.getrandbits(63), -(2**63)])
        if pick < 0.70:
            return self.random.choice([0.0, -0.0, 1.0, math.inf, self.random.gauss(0, 1e6)])
        if pick < 0.80:
            return self.random.random() < 0.5
        if pick < 0.87:
            return self.random.randbytes(self.random.randrange(20))
        if pick < 0.90 or depth > 2:
            return None
        if pick < 0.95:
            return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        return {f"k{i}": self.value(depth + 1) for i in range(self.random.randrange(4))}

    def tags(self) -> dict[str, Any]:
        keys = self.random.sample([*"abcdefgh", "http.request.method", "http.response.status_code",
                                   "url.path", "exception.type", "thread.id"], self.random.randrange(8))
        return {key: self.value() for key in keys}

    def _time(self) -> int:
        return NOON + self.random.randrange(3 * 3600 * SECOND)

    def spans(self, count: int) -> ExportTraceServiceRequest:
        groups = []
        for service in range(4):
            spans = []
            trace = b""
            for index in range(count // 4):
                if index % 5 == 0:
                    trace = self.random.randbytes(15) + b"\x01"
                start = self._time()
                spans.append(Span(
                    trace_id=trace, span_id=self.random.randbytes(7) + b"\x01",
                    parent_span_id=b"" if index % 5 == 0 else spans[-1].span_id,
                    name=f"op {self.random.randrange(12)}", kind=self.random.randrange(6),
                    start_time_unix_nano=start,
                    end_time_unix_nano=start + self.random.randrange(SECOND),
                    attributes=attributes(self.tags()),
                    status=Status(code=self.random.choice([0, 0, 1, 2])),
                    events=[
                        Span.Event(
                            time_unix_nano=start + i, name=f"event {i}",
                            attributes=attributes(self.tags()),
                        )
                        for i in range(self.random.choice([0, 0, 0, 1, 3]))
                    ],
                    links=[
                        Span.Link(
                            trace_id=self.random.randbytes(16), span_id=self.random.randbytes(8),
                            attributes=attributes(self.tags()),
                        )
                        for _ in range(self.random.choice([0, 0, 0, 1, 2]))
                    ],
                ))
            origin = Resource(attributes=attributes({"service.name": f"random-{service}", "n": service}))
            scopes = [ScopeSpans(scope=SCOPE, spans=spans[::2]), ScopeSpans(spans=spans[1::2])]
            groups.append(ResourceSpans(resource=origin, scope_spans=scopes))
        return ExportTraceServiceRequest(resource_spans=groups)

    def logs(self, count: int) -> ExportLogsServiceRequest:
        records = [
            LogRecord(
                time_unix_nano=self._time(), observed_time_unix_nano=NOON,
                severity_number=self.random.randrange(25),
                severity_text=self.random.choice(["", "INFO", "WARN"]),
                body=any_value(self.value() if index % 3 == 0 else f"message {index} of many"),
                attributes=attributes(self.tags()), event_name=f"random {index}",
                trace_id=self.random.randbytes(16) if index % 2 else b"",
                span_id=self.random.randbytes(8) if index % 2 else b"",
            )
            for index in range(count)
        ]
        origin = Resource(attributes=attributes({"service.name": "random-0"}))
        return ExportLogsServiceRequest(resource_logs=[
            ResourceLogs(resource=origin, scope_logs=[ScopeLogs(scope=SCOPE, log_records=records)])
        ])

    def metrics(self, count: int) -> ExportMetricsServiceRequest:
        metrics = []
        for kind in range(8):
            points = [
                NumberDataPoint(
                    time_unix_nano=NOON + index * SECOND, start_time_unix_nano=NOON,
                    attributes=attributes({"series": index % 5}),
                    **({"as_int": self.random.getrandbits(40)} if kind % 2
                       else {"as_double": self.random.gauss(0, 1)}),
                )
                for index in range(count // 8)
            ]
            metrics.append(Metric(name=f"random.{kind}", gauge=Gauge(data_points=points)))
        origin = Resource(attributes=attributes({"service.name": "random-1"}))
        return ExportMetricsServiceRequest(resource_metrics=[
            ResourceMetrics(resource=origin, scope_metrics=[ScopeMetrics(metrics=metrics)])
        ])
