"""The query APIs, over rows in memory and over the same rows in segments."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint, Sum
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from conftest import MakeServer
from holdfast_server import Holdfast
from otlp import (
    MILLISECOND, NOON, SECOND, attributes, hex_trace, log, log_request, metric_request, resource, span,
    trace_request,
)

TRACES = 30
ODD_SERVICE = "team/web app ü"
SERVICES = ["cart", "db", ODD_SERVICE, "web"]
ENVELOPE = {"limit": 0, "offset": 0, "errors": None}


def start_of(number: int) -> int:
    return NOON + number * SECOND


def send_shop(server: Holdfast) -> None:
    """Trace n starts n seconds after noon and lasts n ms; every fifth fails in the cart."""
    for n in range(1, TRACES + 1):
        start = start_of(n)
        web = [
            span(n, 1, name="GET /cart", start=start, duration=n * MILLISECOND, tags={
                "http.request.method": "GET", "http.response.status_code": 500 if n % 5 == 0 else 200,
                "user.id": f"u-{n % 3}", "retry": n, "cached": n % 2 == 0, "ratio": n / 4,
            }),
            span(n, 2, parent=1, name="call cart", kind=Span.SPAN_KIND_CLIENT, start=start + 10),
        ]
        cart = [span(
            n, 3, parent=2, name="list", start=start + 20, tags={"user.id": "nobody", "n": n},
            status={"code": 2, "message": "no cart"} if n % 5 == 0 else {},
        )]
        db = [span(n, 4, parent=3, name="SELECT", kind=Span.SPAN_KIND_INTERNAL, start=start + 30)]
        for service, spans in [("web", web), ("cart", cart), ("db", db)]:
            request = trace_request(spans, origin=resource(service, deployment_environment=f"env-{n % 2}"))
            scope = InstrumentationScope(name="lib", version="9", attributes=attributes({"team": "t-1"}))
            request.resource_spans[0].scope_spans[0].scope.CopyFrom(scope)
            server.send("traces", request)
    server.send("traces", trace_request([span(900, 1, name="odd", start=NOON - SECOND)], ODD_SERVICE))


def send_logs_and_metrics(server: Holdfast) -> None:
    server.send("logs", log_request([
        log("user logged in", time=NOON + 1, severity=9, severity_text="INFO", tags={"user": "a", "n": 1}),
        log("payment FAILED badly", time=NOON + 2, severity=17, severity_text="Error",
            trace_id=(5).to_bytes(16), span_id=(3).to_bytes(8), tags={"exception.type": "Oops"}),
        log({"order": 7, "what": "payment declined"}, time=NOON + 3, severity=18, severity_text=""),
        log("disk slow", time=NOON + 4, severity=13, severity_text="WARN"),
    ], service="web"))
    server.send("logs", log_request([log("cart log", time=NOON + 5, event_name="cart.event")], "cart"))
    points = [
        NumberDataPoint(time_unix_nano=NOON + s * SECOND, as_int=s * 10, attributes=attributes({"code": 200}))
        for s in range(10)
    ]
    other = [NumberDataPoint(time_unix_nano=NOON, as_double=0.5, attributes=attributes({"code": 500}))]
    total = Metric(name="requests", unit="1", sum=Sum(
        data_points=points + other, aggregation_temporality=2, is_monotonic=True))
    server.send("metrics", metric_request([total], "web"))
    heat = Metric(name="heat", unit="Cel", description="how hot", gauge=Gauge(data_points=other))
    server.send("metrics", metric_request([heat], "db"))


@pytest.fixture(scope="module", params=["memory", "segments"])
def shop(request: pytest.FixtureRequest, make_shared_server: MakeServer) -> Holdfast:
    server = make_shared_server()
    send_shop(server)
    send_logs_and_metrics(server)
    if request.param == "segments":
        server.flush()
    return server


def found(server: Holdfast, **parameters: Any) -> list[int]:
    """The numbers of the traces that a search answers, in its order."""
    answer = server.get("/api/traces", **parameters)
    assert answer["errors"] is None and answer["total"] == len(answer["data"])
    return [int(trace["traceID"], 16) for trace in answer["data"]]


def newest(*numbers: int) -> list[int]:
    return sorted(numbers, reverse=True)


# -- Services, operations, dependencies


def test_services(shop: Holdfast) -> None:
    assert shop.get("/api/services") == {"data": SERVICES, "total": 4, **ENVELOPE}
    assert shop.get("/api/v3/services") == {"services": SERVICES}


def test_operations(shop: Holdfast) -> None:
    web = [{"name": "GET /cart", "spanKind": "server"}, {"name": "call cart", "spanKind": "client"}]
    names = [operation["name"] for operation in web]
    assert shop.get("/api/services/web/operations") == {"data": names, "total": 2, **ENVELOPE}
    assert shop.get("/api/operations", service="web") == {"data": web, "total": 2, **ENVELOPE}
    assert shop.get("/api/operations", service="web", spanKind="client")["data"] == web[1:]
    assert shop.get("/api/v3/operations", service="web") == {"operations": web}
    assert shop.get("/api/v3/operations", service="web", span_kind="server") == {"operations": web[:1]}
    assert shop.get("/api/services/none/operations")["data"] == []


def test_operations_of_a_service_whose_name_needs_escapes(shop: Holdfast) -> None:
    path = f"/api/services/{quote(ODD_SERVICE, safe='')}/operations"
    assert shop.get(path)["data"] == ["odd"]
    assert shop.get("/api/operations", service=ODD_SERVICE)["data"] == [{"name": "odd", "spanKind": "server"}]
    assert found(shop, service=ODD_SERVICE) == [900]


def test_dependencies(shop: Holdfast) -> None:
    def calls(end: int, lookback: int) -> dict[tuple[str, str], int]:
        answer = shop.get("/api/dependencies", endTs=end // MILLISECOND, lookback=lookback)
        assert answer["errors"] is None
        return {(d["parent"], d["child"]): d["callCount"] for d in answer["data"]}

    end = start_of(TRACES + 1)
    assert calls(end, 3_600_000) == {("web", "cart"): TRACES, ("cart", "db"): TRACES}
    assert calls(start_of(10) + MILLISECOND, 3_600_000) == {("web", "cart"): 10, ("cart", "db"): 10}
    assert calls(end, 5_500) == {("web", "cart"): 5, ("cart", "db"): 5}


# -- One trace


def test_shape_of_a_trace(shop: Holdfast) -> None:
    answer = shop.get(f"/api/traces/{hex_trace(5)}", start=0, end=0)  # as Grafana asks
    (trace,) = answer.pop("data")
    assert answer == {"total": 1, **ENVELOPE}
    assert trace.keys() == {"traceID", "spans", "processes", "warnings"} and trace["warnings"] is None
    by_id = {one["spanID"]: one for one in trace["spans"]}
    cart = by_id[f"{3:016x}"]
    process = trace["processes"][cart.pop("processID")]
    assert process == {
        "serviceName": "cart",
        "tags": [{"key": "deployment.environment", "type": "string", "value": "env-1"}],
    }
    tags = sorted(cart.pop("tags"), key=lambda tag: tag["key"])
    assert tags == [
        {"key": "error", "type": "bool", "value": True},
        {"key": "n", "type": "int64", "value": 5},
        {"key": "otel.scope.name", "type": "string", "value": "lib"},
        {"key": "otel.scope.version", "type": "string", "value": "9"},
        {"key": "otel.status_code", "type": "string", "value": "ERROR"},
        {"key": "otel.status_description", "type": "string", "value": "no cart"},
        {"key": "span.kind", "type": "string", "value": "server"},
        {"key": "user.id", "type": "string", "value": "nobody"},
    ]
    assert cart == {
        "traceID": hex_trace(5), "spanID": f"{3:016x}", "operationName": "list", "flags": 0,
        "references": [{"refType": "CHILD_OF", "traceID": hex_trace(5), "spanID": f"{2:016x}"}],
        "startTime": start_of(5) // 1000, "duration": 1000, "logs": [], "warnings": None,
    }
    assert by_id[f"{1:016x}"]["references"] == []
    assert len({p for p in trace["processes"]}) == 3


def test_a_trace_by_short_and_upper_case_id(shop: Holdfast) -> None:
    for text in ("1e", "1E", hex_trace(30).upper()):
        assert shop.get(f"/api/traces/{text}")["data"][0]["traceID"] == hex_trace(30)


def test_version_3_of_a_trace(shop: Holdfast) -> None:
    result = shop.get(f"/api/v3/traces/{hex_trace(5)}")["result"]
    services = {
        p["value"]["stringValue"]
        for group in result["resourceSpans"] for p in group["resource"]["attributes"]
        if p["key"] == "service.name"
    }
    assert services == {"web", "cart", "db"}
    spans = [s for g in result["resourceSpans"] for c in g["scopeSpans"] for s in c["spans"]]
    root = next(s for s in spans if "parentSpanId" not in s or not s["parentSpanId"])
    assert root["traceId"] == hex_trace(5) and root["spanId"] == f"{1:016x}" and root["kind"] == 2
    assert root["startTimeUnixNano"] == str(start_of(5))
    values = {p["key"]: p["value"] for p in root["attributes"]}
    assert values["http.response.status_code"] in ({"intValue": "500"}, {"intValue": 500})
    assert values["ratio"] == {"doubleValue": 1.25} and values["cached"] == {"boolValue": False}


# -- Search


EVERY = range(1, TRACES + 1)


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ({"http.request.method": "GET"}, [*EVERY]),
        ({"http.response.status_code": "500"}, [5, 10, 15, 20, 25, 30]),
        ({"http.response.status_code": 500}, [5, 10, 15, 20, 25, 30]),
        ({"user.id": "u-1"}, [n for n in EVERY if n % 3 == 1]),
        ({"retry": "7"}, [7]),
        ({"cached": "true"}, [n for n in EVERY if n % 2 == 0]),
        ({"cached": False}, [n for n in EVERY if n % 2]),
        ({"ratio": "2.5"}, [10]),
        ({"deployment.environment": "env-1", "retry": "3"}, [3]),
        ({"deployment.environment": "env-0"}, [n for n in EVERY if n % 2 == 0]),
        ({"team": "t-1"}, [*EVERY]),
        ({"span.kind": "client"}, [*EVERY]),
        ({"error": "true"}, []),
        ({"user.id": "nobody", "http.request.method": "GET"}, []),
        ({"user.id": "u-1", "cached": "true"}, [n for n in EVERY if n % 6 == 4]),
        ({"user.id": "U-1"}, []),
        ({"missing": ""}, []),
    ],
    ids=str,
)
def test_search_by_tags(shop: Holdfast, tags: dict[str, Any], wanted: list[int]) -> None:
    assert found(shop, service="web", tags=json.dumps(tags), limit=100) == newest(*wanted)
    text = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in tags.items()}
    pairs = [("query.service_name", "web"), ("query.attributes", json.dumps(text)),
             ("query.search_depth", "100")]
    result = shop.get("/api/v3/traces?" + "&".join(f"{k}={quote(v)}" for k, v in pairs))["result"]
    ids = {s["traceId"] for g in result.get("resourceSpans", []) for c in g["scopeSpans"] for s in c["spans"]}
    assert ids == {hex_trace(n) for n in wanted}


def test_search_for_errors(shop: Holdfast) -> None:
    failed = newest(5, 10, 15, 20, 25, 30)
    assert found(shop, service="cart", tags='{"error":"true"}') == failed
    assert found(shop, service="cart", tag="error:true") == failed
    assert found(shop, service="cart", tags='{"otel.status_code":"ERROR"}') == failed
    summaries = shop.get("/api/v3/trace-summaries", **{
        "query.serviceName": "cart", "query.attributes": '{"error":"true"}'
    })["summaries"]
    assert [s["traceId"] for s in summaries] == [hex_trace(n) for n in failed]
    assert summaries[0]["rootServiceName"] == "web" and summaries[0]["rootOperationName"] == "GET /cart"
    assert summaries[0]["minTimeUnixNano"] == str(start_of(30))
    assert summaries[0]["maxTimeUnixNano"] == str(start_of(30) + 30 * MILLISECOND)
    assert (summaries[0]["spanCount"], summaries[0]["errorSpanCount"]) == (4, 1)
    assert {"name": "cart", "spanCount": 1, "errorSpanCount": 1} in summaries[0]["services"]


def test_search_by_operation_duration_and_time(shop: Holdfast) -> None:
    get = {"service": "web", "operation": "GET /cart", "limit": 100}
    assert found(shop, **get) == newest(*EVERY)
    assert found(shop, **get | {"operation": "list"}) == []
    assert found(shop, **get, minDuration="28ms") == [30, 29, 28]
    assert found(shop, **get, maxDuration="2ms") == [2, 1]
    assert found(shop, **get, minDuration="2000us", maxDuration="0.003s") == [3, 2]
    window = {"start": start_of(7) // 1000, "end": start_of(9) // 1000}
    assert found(shop, **get, **window) == [9, 8, 7]
    assert found(shop, **get, start=start_of(9) // 1000 + 1, end=start_of(10) // 1000 - 1) == []
    rfc = {"query.start_time_min": "2026-01-15T12:00:07Z", "query.start_time_max": "2026-01-15T12:00:09.5Z"}
    summaries = shop.get("/api/v3/trace-summaries", **rfc, **{"query.service_name": "web"})["summaries"]
    assert [int(s["traceId"], 16) for s in summaries] == [9, 8, 7]


def test_the_limit_keeps_the_newest(shop: Holdfast) -> None:
    assert found(shop, service="web", limit=3) == [30, 29, 28]
    assert len(found(shop, service="web")) == 20
    assert found(shop, service="nobody") == []


def test_as_grafana_asks(shop: Holdfast) -> None:
    """Every parameter that Grafana's Jaeger data source sends with a search."""
    parameters = {
        "service": "web", "operation": "GET /cart", "tags": '{"http.response.status_code":"500"}',
        "minDuration": "1ms", "maxDuration": "20ms", "limit": 2, "lookback": "custom",
        "start": (NOON - 3600 * SECOND) // 1000, "end": (NOON + 3600 * SECOND) // 1000,
    }
    assert found(shop, **parameters) == [20, 15]
    assert found(shop, **parameters | {"operation": "", "limit": 1, "tags": ""}) == [20]


def test_several_traces_by_id(shop: Holdfast) -> None:
    answer = shop.get(f"/api/traces?traceID={hex_trace(2)}&traceID={hex_trace(3)}&traceID=ffffff")
    assert {int(t["traceID"], 16) for t in answer["data"]} == {2, 3}


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
