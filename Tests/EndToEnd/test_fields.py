"""Every field of OTLP through every door: what the SDK cannot make is sent as raw protobuf and JSON."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message

import samples
from holdfast_server import Holdfast
from otlp import assert_same_spans
from readback import (
    assert_jaeger_trace, before_and_after_flush, expected_logs, expected_points, stored_logs,
    stored_points, stored_traces, trace_ids,
)


def otlp_json(message: Message) -> bytes:
    """OTLP/JSON: ids in hexadecimal, enums as numbers."""

    def hex_ids(value: Any) -> Any:
        if isinstance(value, list):
            return [hex_ids(v) for v in value]
        if not isinstance(value, dict):
            return value
        ids = {"traceId", "spanId", "parentSpanId"}
        return {
            k: base64.b64decode(v).hex() if k in ids else hex_ids(v)
            for k, v in value.items()
        }

    plain = json_format.MessageToDict(message, use_integers_for_enums=True)
    return json.dumps(hex_ids(plain), ensure_ascii=False).encode()


def deliver(server: Holdfast, door: str, signal: str, message: Message) -> None:
    match door:
        case "http-protobuf":
            server.send(signal, message)
        case "http-json":
            answer = server.post(f"/v1/{signal}", otlp_json(message), "application/json")
            assert (answer.status_code, answer.json()) == (200, {})
            assert answer.headers["Content-Type"] == "application/json"
        case "http-gzip":
            body = gzip.compress(message.SerializeToString())
            answer = server.post(f"/v1/{signal}", body, Content_Encoding="gzip")
            assert (answer.status_code, answer.content) == (200, b"")
        case "grpc":
            assert server.export_grpc(signal, message.SerializeToString()) == b""


DOORS = ["http-protobuf", "http-json", "http-gzip", "grpc"]


@pytest.mark.parametrize("door", DOORS)
def test_every_field_of_spans(server: Holdfast, door: str) -> None:
    sent = samples.edge_spans()
    deliver(server, door, "traces", sent)

    def check() -> None:
        groups = list(sent.resource_spans)
        assert_same_spans(stored_traces(server, trace_ids(groups)), groups)
        assert_jaeger_trace(server, sent)

    before_and_after_flush(server, check)


@pytest.mark.parametrize("door", DOORS)
def test_every_field_of_logs(server: Holdfast, door: str) -> None:
    sent = samples.edge_logs()
    deliver(server, door, "logs", sent)
    before_and_after_flush(
        server, lambda: _assert_equal(sorted(stored_logs(server)), sorted(expected_logs(sent)))
    )


@pytest.mark.parametrize("door", DOORS)
def test_every_kind_of_metric(server: Holdfast, door: str) -> None:
    sent = samples.edge_metrics()
    deliver(server, door, "metrics", sent)
    expected = expected_points(sent)
    before_and_after_flush(
        server,
        lambda: _assert_equal({name: stored_points(server, name) for name in expected}, expected),
    )


def _assert_equal(actual: Any, expected: Any) -> None:
    assert actual == expected
