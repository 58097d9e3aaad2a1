"""The rows that the tables must hold for what was sent, and rows as engines read them, both as plain text.

A row is a dictionary from column to text. Doubles keep their sign of zero and NaN; maps are sorted by key;
JSON columns are compared as values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from otlp import any_value, attributes, text, value_json
from readback import KINDS

Row = dict[str, str]

OBJECT_COLUMNS = {"resource_attributes", "scope_attributes", "attributes_json", "metadata"}
TIME_COLUMNS = {"time", "start_time"}
# Made by Holdfast; tested on their own.
DERIVED_COLUMNS = {"series_id"}


def object_text(pairs: Iterable[KeyValue]) -> str | None:
    """An attribute set, in any order; null when it is empty."""
    pairs = list(pairs)
    return text(Resource(attributes=pairs)) if pairs else None


def _object(json: str | None) -> str | None:
    return None if json is None else object_text(attributes(value_json(json)))


# -- Rows as engines read them


def _plain(column: str, value: Any) -> Any:
    if value is None:
        return None
    if column in OBJECT_COLUMNS:
        return _object(value)
    if column == "body_json":
        return text(any_value(value_json(value)))
    if column.startswith("attributes_"):
        return sorted(value.items() if isinstance(value, dict) else value)
    if column in {"events", "links", "exemplars"}:
        return [
            {name: _object(item) if name == "attributes" else item for name, item in entry.items()}
            for entry in value
        ]
    return value


def _row(row: dict[str, Any]) -> Row:
    return {
        name: repr(_plain(name, value)) for name, value in row.items() if name not in DERIVED_COLUMNS
    }


def arrow_table(paths: list[str]) -> pa.Table:
    return pa.concat_tables([pq.read_table(path, partitioning=None) for path in paths])


def arrow_rows(paths: list[str]) -> list[Row]:
    """Rows by pyarrow; times as microseconds."""
    table = arrow_table(paths)
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            assert field.type == pa.timestamp("us", tz="UTC"), field
            table = table.set_column(index, field.name, table[index].cast(pa.int64()))
    return [_row(row) for row in table.to_pylist()]


def duckdb_rows(paths: list[str]) -> list[Row]:
    """Rows by DuckDB; times as microseconds."""
    files = ", ".join(f"'{path}'" for path in paths)
    with duckdb.connect() as connection:
        relation = f"read_parquet([{files}], hive_partitioning = false)"
        described = connection.execute(f"describe select * from {relation}").fetchall()
        times = [name for name, kind, *_ in described if str(kind).startswith("TIMESTAMP")]
        replaced = ", ".join(f"epoch_us({name}) as {name}" for name in times)
        result = connection.execute(f"select * replace ({replaced}) from {relation}")
        names = [column[0] for column in result.description]
        return [_row(dict(zip(names, row, strict=True))) for row in result.fetchall()]


# -- Rows as they must be


class Expected:
    """Spreads records over columns, given the columns that a table has."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema

    def _promoted(self, pair: KeyValue) -> str | None:
        """The column of a well-known attribute, if the value has its type."""
        column = pair.key.replace(".", "_")
        if "." not in pair.key or column not in self.schema.names:
            return None
        kind = self.schema.field(column).type
        wanted = {"string_value": pa.types.is_string, "int_value": pa.types.is_int64,
                  "double_value": pa.types.is_float64}
        fits = wanted.get(pair.value.WhichOneof("value") or "")
        return column if fits and fits(kind) else None

    def attributes(self, pairs: Iterable[KeyValue]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        maps: dict[str, dict[str, Any]] = {k: {} for k in ("string", "int", "double", "bool")}
        rest = []
        for pair in pairs:
            kind = pair.value.WhichOneof("value") or ""
            if column := self._promoted(pair):
                row[column] = getattr(pair.value, kind)
            elif kind.removesuffix("_value") in maps:
                maps[kind.removesuffix("_value")][pair.key] = getattr(pair.value, kind)
            else:
                rest.append(pair)
        for kind, values in maps.items():
            row[f"attributes_{kind}"] = sorted(values.items())
        return row | {"attributes_json": object_text(rest)}

    def origin(
        self, resource: Resource, schema: str, scope: InstrumentationScope, scope_schema: str
    ) -> dict[str, Any]:
        known = {p.key: p.value.string_value for p in resource.attributes}
        return {
            "service_name": known.get("service.name") or "unknown_service",
            "service_namespace": known.get("service.namespace"),
            "service_instance_id": known.get("service.instance.id"),
            "resource_attributes": object_text(resource.attributes),
            "resource_dropped_attributes_count": resource.dropped_attributes_count,
            "resource_schema_url": schema or None,
            "scope_name": scope.name or None,
            "scope_version": scope.version or None,
            "scope_attributes": object_text(scope.attributes),
            "scope_dropped_attributes_count": scope.dropped_attributes_count,
            "scope_schema_url": scope_schema or None,
        }

    def finish(self, row: dict[str, Any]) -> Row:
        """The whole row: columns that nothing was said about are null."""
        names = set(self.schema.names) - DERIVED_COLUMNS
        assert set(row) <= names, f"columns are missing: {set(row) - names}"
        return {name: repr(row.get(name)) for name in self.schema.names if name in names}

    # -- Tables

    def spans(self, sent: ExportTraceServiceRequest) -> list[Row]:
        rows = []
        for group in sent.resource_spans:
            for scope in group.scope_spans:
                origin = self.origin(group.resource, group.schema_url, scope.scope, scope.schema_url)
                for span in scope.spans:
                    start, end = span.start_time_unix_nano, span.end_time_unix_nano
                    rows.append(self.finish(origin | self.attributes(span.attributes) | {
                        "trace_id": span.trace_id.hex(), "span_id": span.span_id.hex(),
                        "parent_span_id": span.parent_span_id.hex() or None,
                        "trace_state": span.trace_state or None, "flags": span.flags,
                        "name": span.name, "kind": span.kind, "kind_text": KINDS[span.kind],
                        "start_time": start // 1000, "start_unix_nano": start,
                        "end_unix_nano": end, "duration_nano": end - start,
                        "status_code": span.status.code,
                        "status_message": span.status.message or None,
                        "dropped_attributes_count": span.dropped_attributes_count,
                        "dropped_events_count": span.dropped_events_count,
                        "dropped_links_count": span.dropped_links_count,
                        "events": [
                            {"time_unix_nano": e.time_unix_nano, "name": e.name,
                             "attributes": object_text(e.attributes),
                             "dropped_attributes_count": e.dropped_attributes_count}
                            for e in span.events
                        ],
                        "links": [
                            {"trace_id": k.trace_id.hex(), "span_id": k.span_id.hex(),
                             "trace_state": k.trace_state or None, "flags": k.flags,
                             "attributes": object_text(k.attributes),
                             "dropped_attributes_count": k.dropped_attributes_count}
                            for k in span.links
                        ],
                    }))
        return rows

    def logs(self, sent: ExportLogsServiceRequest) -> list[Row]:
        rows = []
        for group in sent.resource_logs:
            for scope in group.scope_logs:
                origin = self.origin(group.resource, group.schema_url, scope.scope, scope.schema_url)
                for log in scope.log_records:
                    time = log.time_unix_nano or log.observed_time_unix_nano
                    kind = log.body.WhichOneof("value")
                    is_text = kind == "string_value"
                    rows.append(self.finish(origin | self.attributes(log.attributes) | {
                        "time": time // 1000, "time_unix_nano": time,
                        "observed_unix_nano": log.observed_time_unix_nano,
                        "severity_number": log.severity_number,
                        "severity_text": log.severity_text or None,
                        "body": log.body.string_value if is_text else None,
                        "body_json": text(log.body) if kind and not is_text else None,
                        "event_name": log.event_name or None,
                        "trace_id": log.trace_id.hex() or None,
                        "span_id": log.span_id.hex() or None, "flags": log.flags,
                        "dropped_attributes_count": log.dropped_attributes_count,
                    }))
        return rows

    def metrics(self, sent: ExportMetricsServiceRequest, kinds: set[str]) -> list[Row]:
        """The points of metrics whose data is one of `kinds`."""
        rows = []
        for group in sent.resource_metrics:
            for scope in group.scope_metrics:
                origin = self.origin(group.resource, group.schema_url, scope.scope, scope.schema_url)
                for metric in scope.metrics:
                    kind = metric.WhichOneof("data")
                    if kind not in kinds:
                        continue
                    data = getattr(metric, kind)
                    common = origin | {
                        "metric_name": metric.name, "type": kind, "unit": metric.unit or None,
                        "temporality": ["unspecified", "delta", "cumulative"][
                            getattr(data, "aggregation_temporality", 0)
                        ],
                        "is_monotonic": getattr(data, "is_monotonic", False),
                        "description": metric.description or None,
                        "metadata": object_text(metric.metadata),
                    }
                    rows += [
                        self.finish(common | self.attributes(point.attributes) | _point(point))
                        for point in data.data_points
                    ]
        return rows


def _point(point: Any) -> dict[str, Any]:
    fields = {descriptor.name for descriptor in point.DESCRIPTOR.fields}
    row: dict[str, Any] = {
        "time": point.time_unix_nano // 1000, "time_unix_nano": point.time_unix_nano,
        "start_unix_nano": point.start_time_unix_nano, "flags": point.flags,
        "exemplars": [_exemplar(e) for e in getattr(point, "exemplars", [])],
    }
    if "as_double" in fields:
        which = point.WhichOneof("value")
        row["value_double"] = point.as_double if which == "as_double" else None
        row["value_int"] = point.as_int if which == "as_int" else None
        return row
    row["count"] = point.count
    if "quantile_values" in fields:
        quantiles = [{"quantile": q.quantile, "value": q.value} for q in point.quantile_values]
        return row | {"sum": point.sum, "quantiles": quantiles}
    for name in ("sum", "min", "max"):
        row[name] = getattr(point, name) if point.HasField(name) else None
    if "explicit_bounds" in fields:
        return row | {
            "bucket_counts": list(point.bucket_counts), "explicit_bounds": list(point.explicit_bounds)
        }
    return row | {
        "scale": point.scale, "zero_count": point.zero_count, "zero_threshold": point.zero_threshold,
        "positive_offset": point.positive.offset, "negative_offset": point.negative.offset,
        "positive_bucket_counts": list(point.positive.bucket_counts),
        "negative_bucket_counts": list(point.negative.bucket_counts),
    }


def _exemplar(exemplar: Any) -> dict[str, Any]:
    which = exemplar.WhichOneof("value")
    return {
        "time_unix_nano": exemplar.time_unix_nano,
        "value_int": exemplar.as_int if which == "as_int" else None,
        "value_double": exemplar.as_double if which == "as_double" else None,
        "trace_id": exemplar.trace_id.hex() or None, "span_id": exemplar.span_id.hex() or None,
        "attributes": object_text(exemplar.filtered_attributes),
    }
