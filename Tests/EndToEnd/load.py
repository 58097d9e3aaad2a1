"""Clients that send traces and logs as fast as they are answered, keep a ledger, and look everything up again."""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable

import requests

from holdfast_server import Holdfast
from ledger import Answer, Batch, Ledger, Verdict
from otlp import NOON, SECOND, log, log_request, span, trace_request

PAGE = 10_000


class Load:
    """Threads that send batches of one round to one server, from `with` to the end of its block.

    A connection that breaks leaves its batch without an answer; the thread goes on until it is stopped.
    """

    def __init__(
        self, server: Holdfast, ledger: Ledger, round_number: int, *, threads: int = 4, padding: int = 100
    ) -> None:
        self.base = server.http
        self.ledger = ledger
        self.round = round_number
        self.padding = padding
        self.problems: list[str] = []
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

    def _send(self, worker: int) -> None:
        choice = random.Random(f"{self.round}/{worker}")
        signal = "traces" if worker % 2 == 0 else "logs"
        headers = {"Content-Type": "application/x-protobuf"}
        with requests.Session() as session:
            session.trust_env = False
            while not self._stop.is_set():
                batch = self.ledger.attempt(self.round, signal, choice.randint(1, 30))
                body = encode(batch, self.padding, choice)
                try:
                    answer = session.post(
                        f"{self.base}/v1/{signal}", data=body, headers=headers, timeout=30
                    )
                except requests.RequestException:
                    self._stop.wait(0.02)
                    continue
                self._note(batch, answer)

    def _note(self, batch: Batch, answer: requests.Response) -> None:
        if answer.status_code == 200 and answer.content == b"":
            batch.answer = Answer.STORED
        elif answer.status_code in (429, 503) and "Retry-After" in answer.headers:
            batch.answer = Answer.REFUSED
            self._stop.wait(0.02)
        else:
            self.problems.append(f"batch {batch.number}: {answer.status_code} {answer.content!r}")
            self._stop.set()


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
