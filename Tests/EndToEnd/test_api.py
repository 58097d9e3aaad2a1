"""Jaeger's query APIs, over rows in memory and over the same rows in segments."""

from __future__ import annotations

import json
import math
import time
from typing import Any
from urllib.parse import quote

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from holdfast_server import Holdfast
from otlp import MILLISECOND, NOON, SECOND, attributes, hex_trace, span, trace_request
from shop import ODD_SERVICE, SERVICES, TRACES, start_of

ENVELOPE = {"limit": 0, "offset": 0, "errors": None}


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
    assert summaries[0]["minStartTimeUnixNano"] == summaries[0]["minTimeUnixNano"]
    assert summaries[0]["maxEndTimeUnixNano"] == summaries[0]["maxTimeUnixNano"]
    assert (summaries[0]["spanCount"], summaries[0]["errorSpanCount"]) == (4, 1)
    assert "orphanSpanCount" not in summaries[0]
    assert {"name": "cart", "spanCount": 1, "errorSpanCount": 1} in summaries[0]["services"]


def test_a_summary_counts_spans_without_their_parent(server: Holdfast) -> None:
    server.send("traces", trace_request([span(1, 1), span(1, 2, parent=1), span(1, 3, parent=9)]))
    (summary,) = server.get("/api/v3/trace-summaries")["summaries"]
    assert (summary["spanCount"], summary["orphanSpanCount"]) == (3, 1)


def test_spans_of_no_kind(server: Holdfast) -> None:
    """Lists of operations take them for internal; a trace of the first API has no tag."""
    kinds = [0, 1, 2]
    server.send("traces", trace_request([span(1, n, kind=kind) for n, kind in enumerate(kinds, 1)]))
    both = [{"name": "op", "spanKind": "internal"}, {"name": "op", "spanKind": "server"}]
    assert server.get("/api/v3/operations") == {"operations": both}
    assert server.get("/api/v3/operations", spanKind="internal") == {"operations": both[:1]}
    assert server.get("/api/operations")["data"] == both
    assert server.get("/api/operations", spanKind="internal")["data"] == both[:1]
    (trace,) = server.get(f"/api/traces/{hex_trace(1)}")["data"]
    tags = {s["spanID"]: [t["value"] for t in s["tags"] if t["key"] == "span.kind"] for s in trace["spans"]}
    assert tags == {f"{1:016x}": [], f"{2:016x}": ["internal"], f"{3:016x}": ["server"]}


def test_attributes_and_names_of_events_are_found(server: Holdfast) -> None:
    event = Span.Event(
        time_unix_nano=NOON, name="exception", attributes=attributes({"exception.type": "IOError"})
    )
    server.send("traces", trace_request([span(1, 1, events=[event]), span(2, 1)], "disk"))
    for tags in ('{"exception.type":"IOError"}', '{"event":"exception"}'):
        assert found(server, service="disk", tags=tags) == [1]
    assert found(server, service="disk", tags='{"exception.type":"EOF"}') == []


def test_integers_that_browsers_would_round_are_text(server: Holdfast) -> None:
    numbers = [2**53 - 1, 2**53, 1 - 2**53, -(2**63)]
    server.send("traces", trace_request([span(1, 1, tags={str(n): n for n in numbers})]))
    (trace,) = server.get(f"/api/traces/{hex_trace(1)}")["data"]
    tags = {tag["key"]: tag for tag in trace["spans"][0]["tags"]}
    for number in numbers:
        value = number if abs(number) < 2**53 else str(number)
        assert tags[str(number)] == {"key": str(number), "type": "int64", "value": value}


def test_numbers_that_json_has_not_are_text(server: Holdfast) -> None:
    values = {"nan": math.nan, "up": math.inf, "down": -math.inf, "half": 0.5}
    server.send("traces", trace_request([span(1, 1, tags=values)]))
    (trace,) = server.get(f"/api/traces/{hex_trace(1)}")["data"]
    tags = {tag["key"]: tag for tag in trace["spans"][0]["tags"]}
    for key, value in {"nan": "NaN", "up": "+Inf", "down": "-Inf", "half": 0.5}.items():
        assert tags[key] == {"key": key, "type": "float64", "value": value}


def test_lookback_without_an_end_counts_from_now(server: Holdfast) -> None:
    now = time.time_ns()
    starts = [now - 600 * SECOND, now - 7200 * SECOND]
    server.send("traces", trace_request([span(n, 1, start=start) for n, start in enumerate(starts, 1)]))
    assert found(server, lookback="1h") == [1]
    assert found(server, lookback="3h") == [1, 2]
    assert found(server, lookback="5m") == []


def test_errors_as_clients_of_jaeger_read_them(server: Holdfast) -> None:
    answer = server.request("GET", "/api/traces/ffff")
    assert answer.status_code == 404
    first = answer.json()
    (error,) = first.pop("errors")
    assert error == {"code": 404, "msg": first.pop("error")["message"]}
    assert first == {"data": None, "total": 0, "limit": 0, "offset": 0}
    for path, http, grpc in [("/api/v3/traces/ffff", 404, 5), ("/api/v3/traces/nonsense", 400, 3)]:
        answer = server.request("GET", path)
        assert answer.status_code == http and answer.json().keys() == {"error"}
        error = answer.json()["error"]
        assert (error["httpCode"], error["grpcCode"]) == (http, grpc)
        assert error["code"] and error["message"] and error["remedy"]


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
    assert found(shop, **get, end=window["end"], lookback="2s") == [9, 8, 7]
    assert found(shop, **get, **window, lookback="1s") == [9, 8, 7], "start says it already"
    assert found(shop, **get, lookback="custom") == newest(*EVERY)
    assert found(shop, **get, lookback="1h") == [], "an hour before now"
    rfc = {"query.start_time_min": "2026-01-15T12:00:07Z", "query.start_time_max": "2026-01-15T12:00:09.5Z"}
    summaries = shop.get("/api/v3/trace-summaries", **rfc, **{"query.service_name": "web"})["summaries"]
    assert [int(s["traceId"], 16) for s in summaries] == [9, 8, 7]


def test_the_limit_keeps_the_newest(shop: Holdfast) -> None:
    assert found(shop, service="web", limit=3) == [30, 29, 28]
    assert len(found(shop, service="web")) == 20
    assert found(shop, service="nobody") == []
    nobody = shop.get("/api/v3/traces", **{"query.service_name": "nobody"})
    assert nobody == {"result": {"resourceSpans": []}}


def test_as_grafana_asks(shop: Holdfast) -> None:
    """Every parameter that Grafana's Jaeger data source sends with a search."""
    parameters = {
        "service": "web", "operation": "GET /cart", "tags": '{"http.response.status_code":"500"}',
        "minDuration": "1ms", "maxDuration": "20ms", "limit": 2, "lookback": "custom",
        "start": (NOON - 3600 * SECOND) // 1000, "end": (NOON + 3600 * SECOND) // 1000,
    }
    assert found(shop, **parameters) == [20, 15]
    long = {"minDuration": "15ms", "operation": "", "tags": ""}
    assert found(shop, **parameters | long) == [20, 19]


def test_several_traces_by_id(shop: Holdfast) -> None:
    answer = shop.get(f"/api/traces?traceID={hex_trace(2)}&traceID={hex_trace(3)}&traceID=ffffff")
    assert {int(t["traceID"], 16) for t in answer["data"]} == {2, 3}
    assert answer["errors"] == [{"code": 404, "msg": "trace not found", "traceID": f"{0xffffff:032x}"}]
