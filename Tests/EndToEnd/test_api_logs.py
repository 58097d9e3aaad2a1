"""The APIs of logs and metrics, over rows in memory and over the same rows in segments."""

from __future__ import annotations

import json
import math
from typing import Any

from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
)

from holdfast_server import Holdfast
from otlp import NOON, SECOND, hex_trace, metric_request, resource


# -- Logs


def bodies(server: Holdfast, **parameters: Any) -> list[Any]:
    return [entry["body"] for entry in server.get("/api/logs", **parameters)["logs"]]


def test_filters_of_logs(shop: Holdfast) -> None:
    order = {"order": 7, "what": "payment declined"}
    everything = ["cart log", "disk slow", order, "payment FAILED badly", "user logged in"]
    assert bodies(shop) == everything
    assert bodies(shop, service="cart") == ["cart log"]
    assert bodies(shop, q="payment") == [order, "payment FAILED badly"]
    assert bodies(shop, q="FAILED bad") == ["payment FAILED badly"]
    assert bodies(shop, q="no such text") == []
    assert bodies(shop, severity="error") == [order, "payment FAILED badly"]
    assert bodies(shop, severity="WARN") == ["disk slow"]
    assert bodies(shop, traceId=hex_trace(5)) == ["payment FAILED badly"]
    assert bodies(shop, attributes='{"user":"a"}') == ["user logged in"]
    assert bodies(shop, attributes='{"exception.type":"Oops"}') == ["payment FAILED badly"]
    assert bodies(shop, start=NOON + 2, end=NOON + 4) == everything[1:4]
    assert bodies(shop, start="2026-01-15T12:00:01Z") == []
    assert bodies(shop, limit=2) == everything[:2]


def test_shape_of_a_log(shop: Holdfast) -> None:
    (entry,) = shop.get("/api/logs", q="FAILED")["logs"]
    wanted = {
        "timeUnixNano": str(NOON + 2), "severityText": "Error", "severityNumber": 17,
        "body": "payment FAILED badly", "service": "web", "traceId": hex_trace(5), "spanId": f"{3:016x}",
        "attributes": {"exception.type": "Oops"}, "resource": {"service.name": "web"},
    }
    assert {name: entry[name] for name in wanted} == wanted
    assert shop.get("/api/logs", q="FAILED")["nextCursor"] is None


def test_a_log_keeps_where_it_came_from(server: Holdfast) -> None:
    attribute = {"key": "scope.part", "value": {"stringValue": "queue"}}
    request = {"resourceLogs": [{
        "schemaUrl": "https://example.com/resource", "resource": {},
        "scopeLogs": [{
            "scope": {"name": "lib", "version": "2", "attributes": [attribute]},
            "schemaUrl": "https://example.com/scope",
            "logRecords": [{"timeUnixNano": str(NOON), "droppedAttributesCount": 3}],
        }],
    }]}
    answer = server.post("/v1/logs", json.dumps(request).encode(), "application/json")
    assert answer.status_code == 200
    for _ in range(2):
        (entry,) = server.get("/api/logs")["logs"]
        assert entry["droppedAttributesCount"] == 3
        assert entry["resourceSchemaUrl"] == "https://example.com/resource"
        assert entry["scope"] == {
            "name": "lib", "version": "2", "attributes": {"scope.part": "queue"},
            "schemaUrl": "https://example.com/scope",
        }
        server.flush()


# -- Metrics


def test_names_of_metrics(shop: Holdfast) -> None:
    assert shop.get("/api/metrics/names")["metrics"] == [
        {"name": "heat", "type": "gauge", "unit": "Cel", "description": "how hot", "services": ["db"]},
        {"name": "requests", "type": "sum", "unit": "1", "description": "", "services": ["web"]},
    ]


def test_series_and_ranges_of_metrics(shop: Holdfast) -> None:
    ok, failed = ({"code": code, "service.name": "web"} for code in ("200", "500"))
    series = shop.get("/api/metrics/series", name="requests")["series"]
    assert [s["labels"] for s in series] == [ok, failed]

    def points(**parameters: Any) -> list[list[Any]]:
        answer = shop.get("/api/metrics/range", name="requests", **parameters)["series"]
        return next((s["points"] for s in answer if s["labels"] == ok), [])

    every = [[str(NOON + s * SECOND), s * 10] for s in range(10)]
    assert points() == every and points(service="web") == every and points(service="db") == []
    assert points(start=NOON + 2 * SECOND, end=NOON + 4 * SECOND) == every[2:5]
    stepped = points(start=NOON, end=NOON + 9 * SECOND, step="4s")
    assert stepped == [[str(NOON), 30], [str(NOON + 4 * SECOND), 70], [str(NOON + 8 * SECOND), 90]]
    assert shop.get("/api/metrics/range", name="nothing") == {"series": []}


def test_times_of_points_are_unsigned_and_in_order(server: Holdfast) -> None:
    times = [NOON, 2**63, 2**64 - 1]
    points = [NumberDataPoint(time_unix_nano=time, as_int=-5) for time in reversed(times)]
    server.send("metrics", metric_request([Metric(name="far", gauge=Gauge(data_points=points))]))
    for _ in range(2):
        (series,) = server.get("/api/metrics/range", name="far")["series"]
        assert series["points"] == [[str(time), -5] for time in times]
        server.flush()


def test_counts_are_unsigned(server: Holdfast) -> None:
    most = 2**64 - 1
    point = HistogramDataPoint(time_unix_nano=NOON, count=most, bucket_counts=[most])
    histogram = Histogram(data_points=[point], aggregation_temporality=2)
    server.send("metrics", metric_request([Metric(name="many", histogram=histogram)]))
    for _ in range(2):
        (series,) = server.get("/api/metrics/range", name="many")["series"]
        assert series["points"] == [[str(NOON), most]]
        server.flush()


def test_what_json_has_no_number_for_is_text(server: Holdfast) -> None:
    values = [math.nan, math.inf, -math.inf, 1.5]
    points = [NumberDataPoint(time_unix_nano=NOON + i, as_double=value) for i, value in enumerate(values)]
    server.send("metrics", metric_request([Metric(name="odd", gauge=Gauge(data_points=points))]))
    for _ in range(2):
        (series,) = server.get("/api/metrics/range", name="odd")["series"]
        assert [value for _, value in series["points"]] == ["NaN", "Infinity", "-Infinity", 1.5]
        server.flush()


def test_series_of_two_instances_can_be_told_apart(server: Holdfast) -> None:
    for instance, value in (("a", 1.0), ("b", 2.0)):
        point = NumberDataPoint(time_unix_nano=NOON, as_double=value)
        cpu = Metric(name="cpu", gauge=Gauge(data_points=[point]))
        origin = resource("web", service_instance_id=instance)
        server.send("metrics", metric_request([cpu], origin=origin))
    series = server.get("/api/metrics/range", name="cpu")["series"]
    assert sorted(s["points"][0][1] for s in series) == [1.0, 2.0]
    assert series[0]["labels"] != series[1]["labels"], "the labels of two series are the same"
