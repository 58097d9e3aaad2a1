"""The command line answers what the APIs answer, for people and as JSON."""

from __future__ import annotations

import http.server
import json
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint

from conftest import MakeServer
from holdfast_server import Holdfast, run_cli
from otlp import (
    MILLISECOND, NOON, SECOND, hex_trace, log, log_request, metric_request, span, trace_request,
)
from samples import edge_metrics


@pytest.fixture(scope="module")
def recent(make_shared_server: MakeServer) -> Holdfast:
    """A server with a little telemetry of just now and of 30 minutes ago: the commands look back an hour."""
    server = make_shared_server()
    now = time.time_ns()
    earlier = now - 1800 * SECOND
    spans = [
        span(1, 1, name="GET /cart", start=now, duration=30 * MILLISECOND, tags={"user.id": "u-1"}),
        span(1, 2, parent=1, name="load", start=now + 1, tags={"cart.id": 7},
             status={"code": 2, "message": "no cart"}),
    ]
    server.send("traces", trace_request(spans, "web"))
    server.send("traces", trace_request([span(2, 1, name="other", start=now - 5)], "db"))
    server.send("traces", trace_request([span(3, 1, name="early", start=earlier, status={"code": 1})], "db"))
    server.send("logs", log_request([
        log("payment failed", time=now, severity=17, severity_text="ERROR", trace_id=(1).to_bytes(16, "big"),
            tags={"user.id": "u-1", "attempt": 2}),
        log("all well", time=now + 1, tags={"user.id": "u-1"}),
        log("warming up", time=earlier),
    ], "web"))
    gauge = edge_metrics().resource_metrics[0].scope_metrics[0].metrics[0]
    for point in gauge.gauge.data_points:
        point.time_unix_nano += now - NOON
    server.send("metrics", metric_request([gauge], "web"))
    heat = Gauge(data_points=[
        NumberDataPoint(time_unix_nano=earlier, as_int=41), NumberDataPoint(time_unix_nano=now, as_int=73),
    ])
    server.send("metrics", metric_request([Metric(name="heat", gauge=heat)], "web"))
    return server


def run(server: Holdfast, *arguments: str) -> str:
    done = server.cli(*arguments, "--url", server.http)
    assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def run_json(server: Holdfast, *arguments: str) -> Any:
    return json.loads(run(server, *arguments, "--json"))


@pytest.mark.parametrize(
    ("arguments", "says", "hides"),
    [
        (["services"], ["web", "db"], []),
        (["traces"], ["GET /cart", "other", "early"], []),
        (["traces", "--service", "web", "--operation", "GET /cart"], ["GET /cart"], ["other"]),
        (["traces", "--tag", "user.id=u-1"], ["GET /cart"], ["other"]),
        (["traces", "--min-duration", "20ms"], ["GET /cart"], ["other"]),
        (["traces", "--until", "20m"], ["early"], ["GET /cart", "other"]),
        (["traces", "--since", "50m", "--until", "40m"], [], ["GET /cart", "other", "early"]),
        (["traces", "--status", "error"], ["GET /cart"], ["other", "early"]),
        (["traces", "--status", "ok"], ["early"], ["GET /cart", "other"]),
        (["traces", "--status", "unset"], ["GET /cart", "other"], ["early"]),
        (["traces", "--status", "error", "--tag", "cart.id=7"], ["GET /cart"], ["other", "early"]),
        (["traces", "--status", "error", "--tag", "cart.id=8"], [], ["GET /cart", "other", "early"]),
        (["traces", "--status", "ok", "--tag", "error=true"], [], ["GET /cart", "other", "early"]),
        (["trace", "1"], ["GET /cart", "load", "web", "30.0ms"], ["other"]),
        (["logs"], ["payment failed", "all well", "warming up"], []),
        (["logs", "--query", "payment f"], ["payment failed"], ["all well"]),
        (["logs", "--severity", "error"], ["payment failed"], ["all well"]),
        (["logs", "--trace-id", hex_trace(1)], ["payment failed"], ["all well"]),
        (["logs", "--tag", "user.id=u-1"], ["payment failed", "all well"], ["warming up"]),
        (["logs", "--tag", "user.id=u-1", "--tag", "attempt=2"], ["payment failed"], ["all well"]),
        (["logs", "--tag", "user.id=u-1", "--tag", "user.id=u-2"], [], ["payment failed", "all well"]),
        (["logs", "--until", "20m"], ["warming up"], ["payment failed", "all well"]),
        (["metrics"], ["edge.gauge", "{thing}", "heat"], []),
        (["metrics", "--service", "web"], ["edge.gauge", "heat"], []),
        (["metrics", "--service", "nobody"], [], ["edge.gauge", "heat"]),
        (["metrics", "--until", "20m"], ["heat"], ["edge.gauge"]),
        (["metrics", "--since", "50m", "--until", "40m"], [], ["edge.gauge", "heat"]),
        (["metrics", "edge.gauge"], ["route=/a", "-9.223e+18"], []),
        (["metrics", "heat"], ["73"], []),
        (["metrics", "heat", "--until", "20m"], ["41"], ["73"]),
        (["spaces", "list"], ["default"], []),
        (["status"], ["default"], ["dead letters"]),
    ],
    ids=" ".join,
)
def test_tables(recent: Holdfast, arguments: list[str], says: list[str], hides: list[str]) -> None:
    told = run(recent, *arguments)
    assert all(word in told for word in says), told
    assert not any(word in told for word in hides), told
    run_json(recent, *arguments)


def test_json_is_that_of_the_apis(recent: Holdfast) -> None:
    assert run_json(recent, "logs") == recent.get("/api/logs")
    assert run_json(recent, "spaces", "list") == recent.get("/api/spaces")
    assert run_json(recent, "metrics") == recent.get("/api/metrics/names")
    (trace,) = run_json(recent, "trace", hex_trace(1))["data"]
    assert {one["operationName"] for one in trace["spans"]} == {"GET /cart", "load"}


def test_the_list_of_metrics_is_the_same_as_json(recent: Holdfast) -> None:
    def names(*arguments: str) -> set[str]:
        return {metric["name"] for metric in run_json(recent, "metrics", *arguments)["metrics"]}

    assert names() == names("--service", "web") == {"edge.gauge", "heat"}
    assert names("--service", "nobody") == set()
    assert names("--until", "20m") == {"heat"}
    assert names("--since", "50m", "--until", "40m") == set()


def test_a_trace_beyond_signed_nanoseconds_is_drawn(server: Holdfast) -> None:
    late = span(1, 1, name="late", start=2**63, duration=SECOND)
    last = span(1, 2, parent=1, name="last", start=2**64 - 1, duration=0)
    server.send("traces", trace_request([late, last], "far"))
    told = run(server, "trace", "1")
    assert "far late" in told and "└─ far last" in told


def test_failures_say_what_to_do(recent: Holdfast) -> None:
    for arguments, code, says in [
        (["trace", "ffff"], 1, "ffff"),
        (["traces", "--limit", "many"], 2, "limit"),
        (["traces", "--space", "nowhere"], 1, "nowhere"),
        (["traces", "--status", "broken"], 2, "status"),
        (["logs", "--tag", "user.id"], 2, "key=value"),
        (["metrics", "heat", "--until", "2h"], 2, "--since"),
        (["logs", "--follow", "--until", "1m"], 2, "--until"),
        (["nonsense"], 2, "nonsense"),
    ]:
        done = recent.cli(*arguments, *(["--url", recent.http] if arguments[0] != "nonsense" else []))
        assert done.returncode == code, f"{arguments}: {done.returncode} {done.stderr}"
        assert says in done.stderr and not done.stdout
    done = recent.cli("services", "--url", "http://127.0.0.1:1")
    assert done.returncode == 1 and "127.0.0.1:1" in done.stderr


def test_files_know_spaces_and_tables(recent: Holdfast) -> None:
    for option, says in [("--space", "the spaces are: default"), ("--table", "The tables are: spans, ")]:
        done = recent.cli("files", "--data", str(recent.data), option, "nope")
        assert done.returncode == 1 and not done.stdout
        assert "nope" in done.stderr and says in done.stderr


def test_logs_say_that_there_are_more(recent: Holdfast) -> None:
    some = recent.cli("logs", "--limit", "2", "--url", recent.http)
    assert "payment failed" in some.stdout and "warming up" not in some.stdout
    assert some.stderr.startswith("… more: --limit 20 or --until ")
    rest = recent.cli("logs", "--until", some.stderr.split()[-1], "--url", recent.http)
    assert "warming up" in rest.stdout and rest.stderr == ""
    every = recent.cli("logs", "--limit", "3", "--url", recent.http)
    assert "warming up" in every.stdout and every.stderr == ""


def test_the_shell_completes(binary: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        done = run_cli(binary, "--generate-completion-script", shell)
        assert done.returncode == 0 and "dead-letters" in done.stdout, done.stderr


@pytest.mark.parametrize("name", ["it's \"odd\"", "back\\slash and\nline"])
def test_what_is_printed_of_an_odd_directory_can_be_read(
    make_server: MakeServer, tmp_path: Path, name: str
) -> None:
    server = make_server(data=tmp_path / name)
    server.send("traces", trace_request([span(1, 1)], "web"))
    server.flush()
    (path,) = server.paths("spans")
    assert path.startswith(f"{tmp_path / name}/") and Path(path).is_file()
    quoted = server.cli("files", "--data", str(server.data), "--table", "spans", "--quoted").stdout
    with duckdb.connect() as connection:
        assert connection.execute(f"select {quoted}").fetchall() == [(path,)]
    Path(path).write_bytes(b"damaged")
    verify = server.cli("verify", "--data", str(server.data), "--json")
    report = json.loads(verify.stdout)
    assert verify.returncode == 1 and report["segments"] > 0
    assert any(Path(path).name in problem for problem in report["problems"]), report


def test_a_space_made_on_the_command_line(server: Holdfast) -> None:
    run(server, "spaces", "create", "team-b")
    server.send("traces", trace_request([span(1, 1)], "b"), space="team-b")
    assert "b" in run(server, "services", "--space", "team-b")
    assert run_json(server, "spaces", "list")["ready"][1]["space"] == "team-b"


# -- The load generator and the shop


def test_bench_measures_what_it_made(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server()
    done = server.cli("bench", "generate", "--out", str(tmp_path), "--spans", "3000", "--logs", "2000",
                      "--points", "1000")
    assert done.returncode == 0, done.stderr
    for signal, least in (("traces", 3000), ("logs", 2000), ("metrics", 1000)):
        report = run_json(server, "bench", "ingest", "--file", str(tmp_path / f"{signal}.bin"),
                          "--signal", signal, "--pid", str(server.process.pid))
        assert report["acknowledged"] == report["requests"] and report["items"] >= least
        assert report["server"]["peakResidentBytes"] > 0 and report["latencyMilliseconds"]["p50"] > 0
        # A histogram's buckets are samples of their own.
        assert (report.get("samples", 0) > report["items"]) == (signal == "metrics")
    answers = run_json(server, "bench", "query", "--queries", str(tmp_path / "queries.json"), "--anew")
    assert {answer["kind"].split()[0] for answer in answers} >= {"trace", "unknown", "search", "logs"}
    assert all(answer["wrong"] == 0 and answer["median"] > 0 for answer in answers), answers


def test_the_shop_goes_to_nobody_else(binary: Path) -> None:
    asked: list[str] = []

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_error(404)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{other.server_port}"
        done = run_cli(binary, "demo", "--duration", "1s", "--url", url)
        other.shutdown()
    assert done.returncode == 1 and "is not a Holdfast server" in done.stderr, done.stderr
    assert asked == ["GET /readyz"] and not done.stdout


def test_the_shop_arrives(make_server: MakeServer) -> None:
    server = make_server()
    said = run(server, "demo", "--duration", "1s", "--backfill", "2m", "--rate", "2", "--seed", "9")
    assert "visits a second" in said
    services = run_json(server, "services")["data"]
    assert len(services) >= 12
    assert len(server.get("/api/operations")["data"]) >= 40
    assert server.get("/api/logs", limit=5)["logs"] and server.get("/api/metrics/names")["metrics"]
    traces = server.get("/api/traces", limit=200)["data"]
    traced = {trace["traceID"] for trace in traces}
    logs = server.get("/api/logs", limit=500)["logs"]
    assert any(log.get("traceId") in traced for log in logs)
