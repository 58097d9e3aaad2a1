#!/usr/bin/env python3
"""The other side of CrossCheckTests: requests by opentelemetry-proto.

build DIR     writes NAME.SIGNAL.pb and NAME.SIGNAL.json, the same request in both encodings
compare DIR   reads what the Swift side made of each (NAME.SIGNAL.{pb,json}.out.{pb,json}) and compares
              it with the request, message for message; prints the number of comparisons
"""
import base64
import json
import pathlib
import random
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

REQUESTS = {
    "traces": trace_service_pb2.ExportTraceServiceRequest,
    "logs": logs_service_pb2.ExportLogsServiceRequest,
    "metrics": metrics_service_pb2.ExportMetricsServiceRequest,
}
TEXTS = ["", "a", "service.name", 'q"uo\\te', "line\nbreak\t", "é漢😀", "\x00\x1f\x7f", "$bytes", "x" * 300]
INTEGERS = [0, 1, -1, 127, 128, 2**31, -(2**63), 2**63 - 1]
DOUBLES = [0.0, -0.0, 1.0, 0.1, -1.5, 5e-324, 1.7976931348623157e308, 1e16, float("inf"), float("-inf"), float("nan")]


class Builder:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self):
        return self.random.choice(TEXTS)

    def word(self):
        return self.random.choice([0, 1, 2**32, 2**64 - 1, self.random.getrandbits(63)])

    def half(self):
        return self.random.choice([0, 1, 2**32 - 1, self.random.getrandbits(31)])

    def double(self):
        return self.random.choice(DOUBLES + [self.random.gauss(0, 1e6)])

    def count(self, most=3):
        return self.random.randrange(most + 1)

    def identifier(self, length):
        return self.random.getrandbits(length * 8 - 1).to_bytes(length, "big") or b"\1" * length

    def value(self, value, depth=0):
        kind = self.random.randrange(6 if depth > 3 else 8)
        value.SetInParent()
        if kind == 0:
            value.string_value = self.text()
        elif kind == 1:
            value.bool_value = self.random.random() < 0.5
        elif kind == 2:
            value.int_value = self.random.choice(INTEGERS)
        elif kind == 3:
            value.double_value = self.double()
        elif kind == 4:
            value.bytes_value = self.random.randbytes(self.random.randrange(6))
        elif kind == 6:
            value.array_value.SetInParent()
            for _ in range(self.count()):
                self.value(value.array_value.values.add(), depth + 1)
        elif kind == 7:
            value.kvlist_value.SetInParent()
            for _ in range(self.count()):
                pair = value.kvlist_value.values.add(key=self.text())
                self.value(pair.value, depth + 1)

    def attributes(self, field, most=5):
        for _ in range(self.count(most)):
            self.value(field.add(key=self.text()).value)

    def origin(self, group):
        group.resource.SetInParent()
        group.schema_url = self.text()
        self.attributes(group.resource.attributes)
        group.resource.dropped_attributes_count = self.half()

    def scope(self, group):
        group.scope.name = self.text()
        group.scope.version = self.text()
        group.schema_url = self.text()
        self.attributes(group.scope.attributes)
        group.scope.dropped_attributes_count = self.half()

    def traces(self, request):
        for _ in range(1 + self.count()):
            group = request.resource_spans.add()
            self.origin(group)
            for _ in range(1 + self.count()):
                scope = group.scope_spans.add()
                self.scope(scope)
                for _ in range(1 + self.count()):
                    self.span(scope.spans.add())

    def span(self, span):
        span.trace_id = self.identifier(16)
        span.span_id = self.identifier(8)
        span.parent_span_id = self.random.choice([b"", self.identifier(8)])
        span.trace_state = self.text()
        span.flags = self.half()
        span.name = self.text()
        span.kind = self.random.randrange(6)
        span.start_time_unix_nano = self.word()
        span.end_time_unix_nano = self.word()
        self.attributes(span.attributes, 8)
        span.dropped_attributes_count = self.half()
        span.dropped_events_count = self.half()
        span.dropped_links_count = self.half()
        for _ in range(self.count()):
            event = span.events.add(time_unix_nano=self.word(), name=self.text())
            event.dropped_attributes_count = self.half()
            self.attributes(event.attributes)
        for _ in range(self.count()):
            link = span.links.add(trace_id=self.identifier(16), span_id=self.identifier(8))
            link.trace_state = self.text()
            link.flags = self.half()
            link.dropped_attributes_count = self.half()
            self.attributes(link.attributes)
        if self.random.random() < 0.5:
            span.status.code = 1 + self.random.randrange(2)
            span.status.message = self.text()

    def logs(self, request):
        for _ in range(1 + self.count()):
            group = request.resource_logs.add()
            self.origin(group)
            for _ in range(1 + self.count()):
                scope = group.scope_logs.add()
                self.scope(scope)
                for _ in range(1 + self.count()):
                    self.log(scope.log_records.add())

    def log(self, log):
        log.time_unix_nano = self.word()
        log.observed_time_unix_nano = self.word()
        log.severity_number = self.random.randrange(25)
        log.severity_text = self.text()
        self.value(log.body)
        if log.body.WhichOneof("value") is None:
            log.ClearField("body")
        self.attributes(log.attributes)
        log.dropped_attributes_count = self.half()
        log.flags = self.half()
        log.trace_id = self.random.choice([b"", self.identifier(16)])
        log.span_id = self.random.choice([b"", self.identifier(8)])
        log.event_name = self.text()

    def metrics(self, request):
        for _ in range(1 + self.count()):
            group = request.resource_metrics.add()
            self.origin(group)
            for _ in range(1 + self.count()):
                scope = group.scope_metrics.add()
                self.scope(scope)
                for _ in range(1 + self.count()):
                    self.metric(scope.metrics.add())

    def metric(self, metric):
        metric.name = self.text()
        metric.description = self.text()
        metric.unit = self.text()
        self.attributes(metric.metadata)
        kind = self.random.choice(["gauge", "sum", "histogram", "exponential_histogram", "summary"])
        data = getattr(metric, kind)
        data.SetInParent()
        if kind not in ("gauge", "summary"):
            data.aggregation_temporality = self.random.randrange(3)
        if kind == "sum":
            data.is_monotonic = self.random.random() < 0.5
        for _ in range(self.count()):
            point = data.data_points.add()
            self.attributes(point.attributes)
            point.start_time_unix_nano = self.word()
            point.time_unix_nano = self.word()
            point.flags = self.half()
            if kind != "summary":
                for _ in range(self.count(2)):
                    self.exemplar(point.exemplars.add())
            getattr(self, kind)(point)

    def number(self, point):
        kind = self.random.randrange(3)
        if kind == 0:
            point.as_int = self.random.choice(INTEGERS)
        elif kind == 1:
            point.as_double = self.double()

    gauge = sum = number

    def extremes(self, point):
        point.count = self.word()
        for name in ("sum", "min", "max"):
            if self.random.random() < 0.5:
                setattr(point, name, self.double())

    def histogram(self, point):
        self.extremes(point)
        if self.random.random() < 0.8:
            bounds = sorted({self.random.gauss(0, 100) for _ in range(self.count(8))})
            point.explicit_bounds.extend(bounds)
            point.bucket_counts.extend(self.word() for _ in range(len(bounds) + 1))

    def exponential_histogram(self, point):
        self.extremes(point)
        point.scale = self.random.choice([0, -1, 20, -(2**31), 2**31 - 1])
        point.zero_count = self.word()
        point.zero_threshold = abs(self.random.gauss(0, 1))
        for side in (point.positive, point.negative):
            if self.random.random() < 0.7:
                side.offset = self.random.choice([1, -1, 1000, -(2**31)])
                side.bucket_counts.extend(self.word() for _ in range(self.count(8)))

    def summary(self, point):
        point.count = self.word()
        point.sum = self.random.gauss(0, 10)
        for _ in range(self.count()):
            point.quantile_values.add(quantile=self.random.random(), value=self.double())

    def exemplar(self, exemplar):
        self.attributes(exemplar.filtered_attributes)
        exemplar.time_unix_nano = self.word()
        self.number(exemplar)
        exemplar.trace_id = self.random.choice([b"", self.identifier(16)])
        exemplar.span_id = self.random.choice([b"", self.identifier(8)])


def identifiers(tree, convert):
    """OTLP/JSON has ids in hexadecimal where protobuf's JSON has base64."""
    if isinstance(tree, dict):
        return {
            key: convert(value)
            if key in ("traceId", "spanId", "parentSpanId")
            else identifiers(value, convert)
            for key, value in tree.items()
        }
    return [identifiers(item, convert) for item in tree] if isinstance(tree, list) else tree


def to_json(request):
    tree = json_format.MessageToDict(request, use_integers_for_enums=True)
    return json.dumps(identifiers(tree, lambda text: base64.b64decode(text).hex()))


def from_json(text, request):
    tree = identifiers(json.loads(text), lambda text: base64.b64encode(bytes.fromhex(text)).decode())
    return json_format.ParseDict(tree, request)


def canonical(request):
    return request.SerializeToString(deterministic=True)


def build(directory):
    for seed in range(60):
        for signal, message in REQUESTS.items():
            request = message()
            getattr(Builder(seed), signal)(request)
            (directory / f"{seed}.{signal}.pb").write_bytes(request.SerializeToString())
            (directory / f"{seed}.{signal}.json").write_text(to_json(request))


def compare(directory):
    compared = 0
    for path in sorted(directory.glob("*.out.*")):
        seed, signal, source, _, encoding = path.name.split(".")
        expected = REQUESTS[signal].FromString((directory / f"{seed}.{signal}.pb").read_bytes())
        if encoding == "pb":
            actual = REQUESTS[signal].FromString(path.read_bytes())
        else:
            actual = from_json(path.read_text(), REQUESTS[signal]())
        if canonical(actual) != canonical(expected):
            sys.exit(f"{path.name} differs:\n--- sent\n{expected}\n--- read\n{actual}")
        compared += 1
    print(compared)


if __name__ == "__main__":
    {"build": build, "compare": compare}[sys.argv[1]](pathlib.Path(sys.argv[2]))
