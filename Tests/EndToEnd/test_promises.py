"""Promises that hold while things move: acknowledgement, resends, pages, spaces."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pyarrow.parquet as pq
import pytest

from conftest import MakeServer
from holdfast_server import FLUSH_SOON, Holdfast
from otlp import NOON, SECOND, hex_trace, log, log_request, metric_request, span, trace_request
from samples import edge_metrics
from readback import stored_points


# -- Acknowledgement


def acknowledged(server: Holdfast) -> dict[str, int]:
    return server.get("/api/status")["acknowledged"]


def test_counters_move_with_acknowledgements_only(server: Holdfast) -> None:
    assert acknowledged(server) == {"batches": 0, "spans": 0, "logs": 0, "points": 0}
    server.send("traces", trace_request([span(1, 1), span(1, 2)]))
    server.send("logs", log_request([log("a"), log("b"), log("c")]))
    server.send("metrics", edge_metrics())
    points = sum(
        len(getattr(metric, metric.WhichOneof("data")).data_points)
        for metric in edge_metrics().resource_metrics[0].scope_metrics[0].metrics
    )
    expected = {"batches": 3, "spans": 2, "logs": 3, "points": points}
    assert acknowledged(server) == expected
    assert server.post("/v1/traces", b"\xff\xff").status_code == 400
    assert server.post("/v1/traces", trace_request([]).SerializeToString()).status_code == 200
    assert server.post("/v1/logs", b"", "text/plain").status_code == 415
    assert acknowledged(server) == expected
    lsn = server.space_status()["journaledLsn"]
    server.restart(kill=True)
    assert acknowledged(server) == {"batches": 0, "spans": 0, "logs": 0, "points": 0}
    assert server.space_status()["journaledLsn"] >= lsn
    assert server.metric("holdfast_recovered_batches") == 3


def test_status_after_a_flush(server: Holdfast) -> None:
    server.send("traces", trace_request([span(1, 1), span(2, 2)]))
    server.send("logs", log_request([log("a")]))
    server.flush()
    status = server.space_status()
    assert status["segments"] == len(server.files()) == 3
    assert status["foldedLsn"] == status["journaledLsn"]
    assert status["bytes"] == sum(file["bytes"] for file in server.files())
    rows = {table: count for table, count in status["rows"].items() if count}
    assert rows == {"spans": 2, "traces": 2, "logs": 1}


def test_a_batch_is_visible_when_it_is_acknowledged(make_server: MakeServer) -> None:
    server = make_server(*FLUSH_SOON, "--memtable-mib", "1")
    for number in range(1, 151):
        server.send("traces", trace_request([span(number, index) for index in range(1, 4)]))
        (trace,) = server.get(f"/api/traces/{hex_trace(number)}")["data"]
        assert len(trace["spans"]) == 3
        server.send("logs", log_request([log(f"log {number}", time=NOON + number)]))
        assert server.get("/api/logs", q=f"log {number}", limit=1)["logs"][0]["body"] == f"log {number}"


# -- Resends


@pytest.mark.parametrize("flush_between", [False, True])
def test_resent_spans_and_points_are_there_once(server: Holdfast, flush_between: bool) -> None:
    sent = trace_request([span(1, index, name=f"op {index}") for index in range(1, 6)])
    for _ in range(3):
        server.send("traces", sent)
        server.send("metrics", edge_metrics())
        if flush_between:
            server.flush()
    (trace,) = server.get(f"/api/traces/{hex_trace(1)}")["data"]
    assert sorted(s["operationName"] for s in trace["spans"]) == [f"op {i}" for i in range(1, 6)]
    (trace,) = server.get("/api/traces", service="shop")["data"]
    assert len(trace["spans"]) == 5
    assert all(len(points) <= 2 for points in stored_points(server, "edge.sum").values())
    server.flush()
    server.restart()
    assert len(server.get(f"/api/traces/{hex_trace(1)}")["data"][0]["spans"]) == 5
    if not flush_between:
        table = pq.read_table(server.paths("spans"), columns=["span_id"])
        assert table.num_rows == 5, "one flush keeps one of each"


def test_resent_calls_are_counted_once(server: Holdfast) -> None:
    for _ in range(3):
        server.send("traces", trace_request([span(1, 1)], "web"))
        server.send("traces", trace_request([span(1, 2, parent=1)], "db"))
        server.flush()
    (edge,) = server.get("/api/dependencies")["data"]
    assert (edge["parent"], edge["child"], edge["callCount"]) == ("web", "db", 1)


# -- Pages


def all_pages(server: Holdfast, limit: int, between: Any = None, **parameters: Any) -> list[str]:
    """The bodies of all pages; `between` runs after the second page."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    for number in itertools.count():
        assert number < 1_000, "the pages do not end"
        page = server.get("/api/logs", limit=limit, **cursor, **parameters)
        assert len(page["logs"]) <= limit
        found += [entry["body"] for entry in page["logs"]]
        if page["nextCursor"] is None:
            return found
        assert len(page["logs"]) == limit
        cursor = {"cursor": page["nextCursor"]}
        if number == 1 and between:
            between()
    raise AssertionError


def send_equal_times(server: Holdfast, count: int = 230) -> list[str]:
    """Records of which many share a time, over many batches and two services."""
    wanted = []
    for batch in range(0, count, 10):
        names = [f"log {batch + i:03}" for i in range(10)]
        times = [NOON + (0 if i % 5 else batch) for i in range(10)]
        records = [log(name, time=time) for name, time in zip(names, times, strict=True)]
        server.send("logs", log_request(records, service=f"service-{batch % 3}"))
        wanted += names
    return sorted(wanted)


@pytest.mark.parametrize("limit", [1, 7, 100, 230, 231])
@pytest.mark.parametrize("where", ["memory", "segments", "both"])
def test_pages_have_no_gaps_and_no_repeats(server: Holdfast, limit: int, where: str) -> None:
    wanted = send_equal_times(server, 100 if where == "both" else 230)
    if where != "memory":
        server.flush()
    if where == "both":
        server.restart("--memtable-age-seconds", "300")
        wanted += [f"log {number}" for number in range(500, 630)]
        server.send("logs", log_request([log(body, time=NOON) for body in wanted[100:]]))
    found = all_pages(server, limit)
    assert Counter(found) == Counter(wanted)


def test_pages_while_rows_move_to_segments(server: Holdfast) -> None:
    wanted = send_equal_times(server)
    found = all_pages(server, 20, between=server.flush)
    assert Counter(found) == Counter(wanted)


def test_pages_while_newer_rows_arrive(server: Holdfast) -> None:
    wanted = send_equal_times(server)
    newer = log_request([log("newer", time=NOON + SECOND)])
    found = all_pages(server, 20, between=lambda: server.send("logs", newer))
    assert Counter(found) == Counter(wanted)


# -- Spaces


def test_spaces_do_not_see_each_other(server: Holdfast) -> None:
    created = server.request("POST", "/api/spaces/team-a")
    assert created.status_code == 200, created.text
    ready = server.get("/api/spaces")
    assert {s["space"] for s in ready["ready"]} == {"default", "team-a"} and ready["quarantined"] == []
    server.send("traces", trace_request([span(1, 1, name="ours")]), space="team-a")
    server.send("traces", trace_request([span(1, 1, name="theirs")]))
    server.export_grpc(
        "logs", log_request([log("ours")]).SerializeToString(), x_holdfast_space="team-a"
    )
    point = metric_request(edge_metrics().resource_metrics[0].scope_metrics[0].metrics[:1])
    server.send("metrics", point, space="team-a")

    def check() -> None:
        for space, name in (("team-a", "ours"), ("default", "theirs")):
            (trace,) = server.get(f"/api/traces/{hex_trace(1)}", space=space)["data"]
            assert [s["operationName"] for s in trace["spans"]] == [name]
            assert server.get("/api/services/shop/operations", space=space)["data"] == [name]
        assert [entry["body"] for entry in server.get("/api/logs", space="team-a")["logs"]] == ["ours"]
        assert server.get("/api/logs")["logs"] == []
        assert server.get("/api/metrics/names")["metrics"] == []
        assert len(server.get("/api/metrics/names", space="team-a")["metrics"]) == 1

    check()
    server.flush()
    server.flush("team-a")
    check()
    assert {f["table"] for f in server.files(space="team-a")} >= {"spans", "logs", "metric_points"}
    assert "logs" not in {f["table"] for f in server.files()}
    server.restart(kill=True)
    check()
    again = server.request("POST", "/api/spaces/team-a")
    assert again.status_code == 400 and "exists" in again.json()["error"]["message"]
    assert server.request("POST", "/api/spaces/No%20Space").status_code == 400
