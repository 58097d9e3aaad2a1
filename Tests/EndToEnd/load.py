"""Clients that send traces and logs as fast as they are answered, keep a ledger, and look everything up again."""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

import grpc
import requests
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from holdfast_server import Holdfast
from ledger import Answer, Batch, Ledger, Verdict
from otlp import NOON, SECOND, log, log_request, span, trace_request

PAGE = 10_000

CHANNEL = (
    ("grpc.use_local_subchannel_pool", 1),  # every client has a connection of its own
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),  # a call is one request
    # A server that was killed and started again is found at once; a connection may take a second to be made.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
)
# What a call ends with when the connection does, or when its time is over.
BROKEN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED)
REFUSALS = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)


class NoAnswer(Exception):
    """Nobody knows what has become of the request."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__()
        self.timed_out = timed_out


class BadAnswer(Exception):
    """An answer that no request of a load may get."""


class Send(Protocol):
    def __call__(self, body: bytes) -> Answer:
        """Sends one request; raises NoAnswer or BadAnswer."""


@contextmanager
def http_client(server: Holdfast, signal: str, timeout: float) -> Iterator[Send]:
    """A connection to the door of OTLP/HTTP."""
    headers = {"Content-Type": "application/x-protobuf"}

    def send(body: bytes) -> Answer:
        try:
            answer = session.post(f"{base}/v1/{signal}", data=body, headers=headers, timeout=timeout)
        except requests.RequestException as error:
            raise NoAnswer(timed_out=isinstance(error, requests.Timeout)) from error
        if answer.status_code == 200 and answer.content == b"":
            return Answer.STORED
        if answer.status_code in (429, 503) and "Retry-After" in answer.headers:
            return Answer.REFUSED
        raise BadAnswer(f"{answer.status_code} {answer.content!r}")

    base = server.http
    with requests.Session() as session:
        session.trust_env = False
        yield send


@contextmanager
def grpc_client(server: Holdfast, signal: str, timeout: float) -> Iterator[Send]:
    """A connection to the door of OTLP/gRPC."""
    service = {"traces": "trace.v1.Trace", "logs": "logs.v1.Logs"}[signal]

    def send(body: bytes) -> Answer:
        try:
            answer = export(body, timeout=timeout)
        except grpc.RpcError as error:
            code, status = error.code(), status_of(error)
            if status is None and code in BROKEN:
                raise NoAnswer(timed_out=code is grpc.StatusCode.DEADLINE_EXCEEDED) from error
            if status is not None and code in REFUSALS and tells_when_to_repeat(status):
                return Answer.REFUSED
            raise BadAnswer(f"{code} {error.details()}") from error
        if answer == b"":
            return Answer.STORED
        raise BadAnswer(f"part of it was not taken: {answer!r}")

    with grpc.insecure_channel(server.grpc, options=CHANNEL) as channel:
        export = channel.unary_unary(f"/opentelemetry.proto.collector.{service}Service/Export")
        yield send


def status_of(error: grpc.RpcError) -> Status | None:
    """What the server says of a call; nothing when the call never came to an answer."""
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
    return None if details is None else Status.FromString(details)


def tells_when_to_repeat(status: Status) -> bool:
    return any(detail.Is(RetryInfo.DESCRIPTOR) for detail in status.details)


class Load:
    """Threads that send batches of one round to one server, from `with` to the end of its block.

    Half of them send over HTTP, half by gRPC. A connection that breaks leaves its batch without an answer; the thread
    goes on until it is stopped.
    """

    def __init__(
        self, server: Holdfast, ledger: Ledger, round_number: int, *, threads: int = 4, padding: int = 100,
        timeout: float = 30,
    ) -> None:
        self.server = server
        self.ledger = ledger
        self.round = round_number
        self.padding = padding
        self.timeout = timeout
        self.problems: list[str] = []
        self._timeouts = [0] * threads
        self._stop = threading.Event()
        self._workers = [
            threading.Thread(target=self._send, args=(worker,)) for worker in range(threads)
        ]

    def __enter__(self) -> Load:
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for worker in self._workers:
            worker.join(60)
            assert not worker.is_alive(), "a client hangs"
        assert not self.problems, self.problems[:20]

    def count(self, answer: Answer) -> int:
        return sum(b.round == self.round and b.answer is answer for b in list(self.ledger.batches))

    @property
    def all_timed_out(self) -> bool:
        """Whether every client has given up a request because nobody answered it in time."""
        return all(self._timeouts)

    def _send(self, worker: int) -> None:
        choice = random.Random(f"{self.round}/{worker}")
        signal = "traces" if worker % 2 == 0 else "logs"
        client = http_client if worker % 4 < 2 else grpc_client
        with client(self.server, signal, self.timeout) as send:
            while not self._stop.is_set():
                batch = self.ledger.attempt(self.round, signal, choice.randint(1, 30))
                try:
                    batch.answer = send(encode(batch, self.padding, choice))
                except NoAnswer as error:
                    self._timeouts[worker] += error.timed_out
                except BadAnswer as error:
                    self.problems.append(f"batch {batch.number}: {error}")
                    self._stop.set()
                if batch.answer is not Answer.STORED:
                    self._stop.wait(0.02)


def encode(batch: Batch, padding: int, choice: random.Random) -> bytes:
    """A request whose every record carries the number of its batch and its place in it."""
    base = NOON + (batch.round % 3) * 3_600 * SECOND + batch.number * 1_000_000
    service = f"load-{batch.round}"
    records = []
    for index in range(batch.records):
        tags = {"batch": batch.number, "index": index, "padding": choice.randbytes(padding // 2).hex()}
        if batch.signal == "logs":
            records.append(log(f"batch {batch.number} record {index}", time=base + index, tags=tags))
        else:
            # Every fourth batch holds two traces; a trace never belongs to two batches.
            second = index % 2 if batch.number % 4 == 0 else 0
            trace = 1 << 96 | batch.number << 8 | 2 | second
            records.append(span(trace, index + 1, name=f"op {index % 7}", start=base + index, tags=tags))
    make = log_request if batch.signal == "logs" else trace_request
    return make(records, service).SerializeToString()


def judge(server: Holdfast, ledger: Ledger, rounds: Iterable[int]) -> Verdict:
    """Looks rounds up and compares what is there with what clients were told."""
    verdict = Verdict()
    for number in rounds:
        verdict.add(ledger.judge(number, "traces", _stored_spans(server, number)))
        verdict.add(ledger.judge(number, "logs", _stored_logs(server, number)))
    return verdict


def assert_kept(server: Holdfast, ledger: Ledger, rounds: Iterable[int]) -> None:
    problems = judge(server, ledger, rounds).problems
    assert not problems, "\n".join(problems[:20] + [f"... {len(problems)} problems in all"])


def _stored_spans(server: Holdfast, number: int) -> dict[int, Counter[int]]:
    found: dict[int, Counter[int]] = defaultdict(Counter)
    traces = server.get("/api/traces", service=f"load-{number}", limit=PAGE)["data"]
    assert len(traces) < PAGE, "too many traces for one page"
    for trace in traces:
        for one in trace["spans"]:
            tags = {tag["key"]: tag["value"] for tag in one["tags"]}
            found[tags["batch"]][tags["index"]] += 1
    return found


def _stored_logs(server: Holdfast, number: int) -> dict[int, Counter[int]]:
    found: dict[int, Counter[int]] = defaultdict(Counter)
    cursor: dict[str, str] = {}
    for _ in range(1_000):
        page = server.get("/api/logs", service=f"load-{number}", limit=PAGE, **cursor)
        for one in page["logs"]:
            found[one["attributes"]["batch"]][one["attributes"]["index"]] += 1
        if page["nextCursor"] is None:
            return found
        cursor = {"cursor": page["nextCursor"]}
    raise AssertionError("the pages of /api/logs do not end")
