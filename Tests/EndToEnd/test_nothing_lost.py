"""What was acknowledged is found, once, however often its rows are moved."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
)

from holdfast_server import Holdfast, eventually
from otlp import NOON, attributes, log, log_request, metric_request, resource
from parquet_rows import arrow_table


def two_points(version: str, **more: str) -> ExportMetricsServiceRequest:
    """Two points of one time that differ in their value only, of a scope of this version."""
    common = {"attributes": attributes({"code": 200}), "time_unix_nano": NOON}
    points = [NumberDataPoint(as_int=1, **common), NumberDataPoint(as_double=1.0, **common)]
    scope = ScopeMetrics(
        scope=InstrumentationScope(name="lib", version=version),
        metrics=[Metric(name="load", gauge=Gauge(data_points=points))], **more,
    )
    group = ResourceMetrics(resource=resource("shop"), scope_metrics=[scope])
    return ExportMetricsServiceRequest(resource_metrics=[group])


def merged(server: Holdfast, table: str) -> list[dict[str, Any]]:
    """The rows of a table once its segments are one."""
    eventually(lambda: len(server.files(table)) == 1, f"{table} is one segment", 30)
    return arrow_table(server.paths(table)).to_pylist()


def test_points_that_differ_survive_merges(server: Holdfast) -> None:
    sent = [two_points("1"), two_points("2"), two_points("2", schema_url="https://example.com/s")]

    def check() -> None:
        series = server.get("/api/metrics/range", name="load")["series"]
        assert [s["points"] and Counter(map(repr, s["points"])) for s in series] == [
            Counter([repr([str(NOON), 1]), repr([str(NOON), 1.0])])
        ] * len(sent)
        labels = [{k: v for k, v in s["labels"].items() if k.startswith("otel_")} for s in series]
        assert labels == [
            {"otel_scope_schema_url": "https://example.com/s", "otel_scope_version": "2"},
            {"otel_scope_version": "1"}, {"otel_scope_version": "2"},
        ]

    for request in sent:
        server.send("metrics", request)
    check()
    # Sent again, in a segment of its own each: nothing more, and nothing less.
    for request in sent * 2:
        server.send("metrics", request)
        server.flush()
        check()
    rows = merged(server, "metric_points")
    check()
    found = Counter((r["scope_version"], r["value_int"], r["value_double"]) for r in rows)
    assert found == {("1", 1, None): 1, ("1", None, 1.0): 1, ("2", 1, None): 2, ("2", None, 1.0): 2}
    assert len({r["series_id"] for r in rows}) == len(sent)
    assert {r["series_id"] for r in merged(server, "metric_series")} == {r["series_id"] for r in rows}


def test_a_temporality_below_zero_is_a_number(server: Holdfast) -> None:
    metric = Metric(name="odd")
    metric.sum.data_points.append(NumberDataPoint(time_unix_nano=NOON, as_int=1))
    # An open enumeration: protobuf's own setter takes known numbers only where it checks them.
    metric.sum.aggregation_temporality = -1
    server.send("metrics", metric_request([metric]))
    (series,) = server.get("/api/metrics/range", name="odd")["series"]
    assert series["points"] == [[str(NOON), 1]]


@pytest.mark.parametrize("limit", [1, 60, 100])
def test_pages_of_one_time_while_rows_move(server: Holdfast, limit: int) -> None:
    wanted = [f"log {number}" for number in range(200)]
    for service in range(2):
        records = [log(body, time=NOON) for body in wanted[service::2]]
        server.send("logs", log_request(records, service=f"service-{service}"))
    found: list[str] = []
    cursor: dict[str, str] = {}
    for number in range(201):
        page = server.get("/api/logs", limit=limit, **cursor)
        found += [entry["body"] for entry in page["logs"]]
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
        if number == 0:
            server.flush()
    assert Counter(found) == Counter(wanted)


def test_cursors_that_counted_by_time_only_are_refused(server: Holdfast) -> None:
    answer = server.request("GET", "/api/logs", params={"cursor": f"{NOON}-3"})
    assert answer.status_code == 400 and "cursor" in answer.json()["error"]["message"]
