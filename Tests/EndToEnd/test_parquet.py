"""pyarrow and DuckDB read every table, and find in it what was sent."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

import samples
from conftest import MakeServer
from holdfast_server import FLUSH_SOON, Holdfast
from otlp import NOON, SECOND, any_value, hex_trace, log, log_request, span, trace_request
from parquet_rows import Expected, Row, arrow_rows, arrow_table, duckdb_rows
from random_telemetry import RandomTelemetry

QUERIES = Path(__file__).resolve().parents[2] / "docs/queries.md"
SEED = 20_260_115
POINT_TABLES = {
    "metric_points": {"gauge", "sum"},
    "metric_histograms": {"histogram"},
    "metric_exp_histograms": {"exponential_histogram"},
    "metric_summaries": {"summary"},
}
TABLES = ["spans", "traces", "logs", *POINT_TABLES, "metric_series"]
ENGINES: dict[str, Callable[[list[str]], list[Row]]] = {
    "pyarrow": arrow_rows, "duckdb": duckdb_rows,
}


class Sent:
    """A server whose rows are all in segments, and what it was sent."""

    def __init__(self, server: Holdfast) -> None:
        randomly = RandomTelemetry(SEED)
        self.server = server
        self.spans = samples.edge_spans()
        self.spans.MergeFrom(randomly.spans(2000))
        self.logs = samples.edge_logs()
        self.logs.MergeFrom(randomly.logs(1500))
        self.metrics = samples.edge_metrics()
        self.metrics.MergeFrom(randomly.metrics(800))
        for signal, message in [("traces", self.spans), ("logs", self.logs), ("metrics", self.metrics)]:
            server.send(signal, message)
        server.flush()

    def rows(self, table: str) -> list[Row]:
        expected = Expected(arrow_table(self.server.paths(table)[:1]).schema)
        match table:
            case "spans":
                return expected.spans(self.spans)
            case "logs":
                return expected.logs(self.logs)
            case _:
                return expected.metrics(self.metrics, POINT_TABLES[table])


@pytest.fixture(scope="module")
def sent(make_shared_server: MakeServer) -> Sent:
    return Sent(make_shared_server(*FLUSH_SOON))


def by_text(rows: list[Row]) -> list[str]:
    return sorted("\n".join(f"{name} = {value}" for name, value in sorted(row.items())) for row in rows)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("table", ["spans", "logs", *POINT_TABLES])
def test_rows_are_what_was_sent(sent: Sent, table: str, engine: str) -> None:
    actual = by_text(ENGINES[engine](sent.server.paths(table)))
    expected = by_text(sent.rows(table))
    assert len(actual) == len(expected)
    for got, wanted in zip(actual, expected, strict=True):
        assert got == wanted


@pytest.mark.parametrize("table", TABLES)
def test_files_say_how_many_rows_they_hold(sent: Sent, table: str) -> None:
    files = sent.server.files(table)
    assert files, f"{table} has no files"
    for file in files:
        metadata = pq.read_metadata(file["path"])
        assert metadata.num_rows == file["rows"] > 0
        assert Path(file["path"]).stat().st_size == file["bytes"]
    with duckdb.connect() as connection:
        (counted,) = connection.execute(
            "select count(*) from read_parquet(?)", [[f["path"] for f in files]]
        ).fetchone() or (None,)
    assert counted == sum(f["rows"] for f in files)


def test_the_quoted_list_is_the_same_list(sent: Sent) -> None:
    done = sent.server.cli("files", "--data", str(sent.server.data), "--table", "logs", "--quoted")
    assert re.findall(r"'([^']+)'", done.stdout) == sent.server.paths("logs")


def test_traces_sum_up_their_spans(sent: Sent) -> None:
    expected: dict[str, list[tuple[int, int, int, str]]] = defaultdict(list)
    for group in sent.spans.resource_spans:
        names = [p.value.string_value for p in group.resource.attributes if p.key == "service.name"]
        for scope in group.scope_spans:
            for one in scope.spans:
                expected[one.trace_id.hex()].append((
                    one.start_time_unix_nano, one.end_time_unix_nano, one.status.code,
                    names[0] if names else "unknown_service",
                ))
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in arrow_table(sent.server.paths("traces")).to_pylist():
        found[row["trace_id"]].append(row)
    assert found.keys() == expected.keys()
    for trace, spans in expected.items():
        rows = found[trace]
        assert sum(r["span_count"] for r in rows) == len(spans)
        assert sum(r["error_count"] for r in rows) == sum(code == 2 for _, _, code, _ in spans)
        assert min(r["start_unix_nano"] for r in rows) == min(start for start, *_ in spans)
        assert {s for r in rows for s in r["services"]} == {service for *_, service in spans}


def test_series_sum_up_their_points(sent: Sent) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    labels: dict[str, set[str]] = defaultdict(set)
    for table in POINT_TABLES:
        for row in arrow_table(sent.server.paths(table)).to_pylist():
            counts[row["metric_name"], row["series_id"]] += 1
            keys = (
                "metric_name", "service_name", "resource_attributes", "resource_schema_url", "scope_name",
                "scope_version", "scope_attributes", "scope_schema_url", "type", "unit",
            )
            maps = [sorted(row[f"attributes_{k}"]) for k in ("string", "int", "double", "bool")]
            labels[row["series_id"]].add(repr([row[k] for k in keys] + maps))
    assert all(len(distinct) == 1 for distinct in labels.values()), "one id, two series"
    assert len({next(iter(v)) for v in labels.values()}) == len(labels), "one series, two ids"
    summed: Counter[tuple[str, str]] = Counter()
    for row in arrow_table(sent.server.paths("metric_series")).to_pylist():
        summed[row["metric_name"], row["series_id"]] += row["point_count"]
        assert row["first_unix_nano"] <= row["last_unix_nano"]
    assert summed == counts


# -- Layout


SORTED_BY = {
    "spans": ["trace_id", "start_unix_nano", "span_id"],
    "traces": ["trace_id", "start_unix_nano"],
    "logs": ["service_name", "time_unix_nano"],
    "metric_points": ["metric_name", "series_id", "time_unix_nano"],
    "metric_series": ["metric_name", "series_id"],
}


@pytest.mark.parametrize("table", SORTED_BY)
def test_rows_are_sorted_as_the_footer_says(sent: Sent, table: str) -> None:
    wanted = SORTED_BY[table]
    for path in sent.server.paths(table):
        file = pq.ParquetFile(path)
        leaves = [file.metadata.schema.column(i).path for i in range(file.metadata.num_columns)]
        for index in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(index)
            assert [leaves[s.column_index] for s in group.sorting_columns] == wanted
            assert not any(s.descending for s in group.sorting_columns)
            rows = file.read_row_group(index, columns=wanted).to_pylist()
            keys = [tuple(row[name] for name in wanted) for row in rows]
            assert keys == sorted(keys)


def test_statistics_bound_the_times(sent: Sent) -> None:
    for path in sent.server.paths("spans"):
        file = pq.ParquetFile(path)
        for index in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(index)
            starts = file.read_row_group(index, columns=["start_unix_nano"])[0].to_pylist()
            column = next(
                group.column(i) for i in range(group.num_columns)
                if group.column(i).path_in_schema == "start_unix_nano"
            )
            assert (column.statistics.min, column.statistics.max) == (min(starts), max(starts))
            assert column.statistics.null_count == 0
            assert column.compression == "ZSTD" and column.has_offset_index and column.has_column_index


@pytest.mark.parametrize("table", ["spans", "logs", "traces"])
def test_bloom_filters_know_the_trace_ids(sent: Sent, table: str) -> None:
    probe = "select bool_and(bloom_filter_excludes) from parquet_bloom_probe(?, 'trace_id', ?)"
    excluded = tried = 0
    with duckdb.connect() as connection:
        for path in sent.server.paths(table):
            ids = {row["trace_id"] for row in pq.read_table(path, columns=["trace_id"]).to_pylist()}
            for trace in sorted(i for i in ids if i)[:20]:
                assert connection.execute(probe, [path, trace]).fetchone() == (False,), (path, trace)
            if ids == {None}:
                continue
            for number in range(20):
                answer = connection.execute(probe, [path, f"{number:08x}" * 4]).fetchone()
                excluded, tried = excluded + (answer == (True,)), tried + 1
    assert excluded > 0.9 * tried, "the filters hardly exclude anything"


# -- The queries of the documentation


def documented_queries() -> dict[str, str]:
    text = QUERIES.read_text()
    return dict(re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?```sql\n(.*?)```", text, re.M | re.S))


def run_documented(server: Holdfast, title: str, trace: str = "") -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        for table in ("spans", "logs"):
            done = server.cli("files", "--data", str(server.data), "--table", table, "--quoted")
            connection.execute(f"create view {table} as from read_parquet([{done.stdout.strip()}])")
        connection.execute(f"set variable trace = '{trace}'")
        found = connection.execute(documented_queries()[title])
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def restaurant(make_shared_server: MakeServer) -> Holdfast:
    """Ten traces of two services; trace n lasts n seconds, and every third fails in the kitchen."""
    server = make_shared_server(*FLUSH_SOON)
    for n in range(1, 11):
        start = NOON + n * 600 * SECOND
        failed = {"code": 2} if n % 3 == 0 else {}
        server.send("traces", trace_request([span(n, 1, name="order", start=start, duration=n * SECOND)]))
        kitchen = [span(n, 2, parent=1, name="cook", start=start + 5, status=failed)]
        for _ in range(2 if n == 10 else 1):  # the last one is sent twice
            server.send("traces", trace_request(kitchen, service="kitchen"))
        server.send("logs", log_request([
            log(f"{n}/{m}", time=start + m, trace_id=n.to_bytes(16, "big"), span_id=(1 + m % 2).to_bytes(8, "big"))
            for m in range(4)
        ]))
    server.flush()
    return server


def test_the_documentation_has_the_queries() -> None:
    assert set(documented_queries()) == {"Slowest traces", "Errors by service", "Logs of a trace"}


def test_slowest_traces(restaurant: Holdfast) -> None:
    rows = run_documented(restaurant, "Slowest traces")
    assert [(r["trace_id"], r["duration_ms"], r["spans"]) for r in rows] == [
        (hex_trace(n), n * 1000.0, 2) for n in range(10, 0, -1)
    ]
    assert {(r["root_service"], r["root_name"]) for r in rows} == {("shop", "order")}


def test_errors_by_service(restaurant: Holdfast) -> None:
    assert run_documented(restaurant, "Errors by service") == [
        {"service_name": "kitchen", "errors": 3, "spans": 10, "error_percent": 30.0, "most_often": "cook"},
        {"service_name": "shop", "errors": 0, "spans": 10, "error_percent": 0.0, "most_often": None},
    ]


def test_logs_of_a_trace(restaurant: Holdfast) -> None:
    rows = run_documented(restaurant, "Logs of a trace", hex_trace(7))
    assert [(r["body"], r["severity"], r["span_name"]) for r in rows] == [
        ("7/0", "INFO", "order"), ("7/1", "INFO", "cook"), ("7/2", "INFO", "order"), ("7/3", "INFO", "cook"),
    ]


def test_a_repeated_key_is_kept_and_spoils_no_map(make_server: MakeServer) -> None:
    """OTLP forbids repeated keys and clients send them; engines refuse maps that have them."""
    server = make_server(*FLUSH_SOON)
    request = trace_request([span(1, 1, tags={"a": "first", "b": "other"})])
    sent = request.resource_spans[0].scope_spans[0].spans[0]
    sent.attributes.append(KeyValue(key="a", value=any_value("second")))
    server.send("traces", request)
    server.flush()
    with duckdb.connect() as connection:
        query = "select attributes_string, attributes_json from read_parquet(?)"
        rows = connection.execute(query, [server.paths("spans")]).fetchall()
    assert rows == [({"a": "first", "b": "other"}, '{"a":"second"}')]
    tags = server.get(f"/api/traces/{hex_trace(1)}")["data"][0]["spans"][0]["tags"]
    assert sorted(t["value"] for t in tags if t["key"] == "a") == ["first", "second"]
