#!/usr/bin/env python3
"""Kills a loaded server at random moments and checks that nothing acknowledged is ever lost.

Each round sends traces and logs from several threads, kills the server with SIGKILL, sometimes kills it again
while it recovers, starts it, and looks every batch up: acknowledged batches are there exactly once, batches
without an answer are there whole or not at all. A random earlier round is looked up again each time, and all of
them at the end; every few rounds `holdfast verify` has to find nothing.

    kill_loop.py --rounds 200 --seed 7 --binary .build/release/holdfast
"""

from __future__ import annotations

import argparse
import random
import shlex
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
import requests

from holdfast_server import Holdfast, StartFailure
from kill_ledger import Answer, Batch, Ledger, Verdict
from otlp import NOON, SECOND, log, log_request, span, trace_request

SERVER_OPTIONS = ("--memtable-mib", "1", "--memtable-age-seconds", "1")
BATCHES_PER_ROUND_MAX = 4_000
PAGE = 10_000


class KillFailure(AssertionError):
    """Something was lost, torn or duplicated, or the store is damaged."""


class KillLoop:
    """The rounds. Randomness of the load comes from the seed; the moments of the kills are as exact as the
    clock lets them be."""

    def __init__(
        self, binary: Path, data: Path, *, rounds: int, seed: int, threads: int = 4,
        verify_every: int = 20, log: Path | None = None,
    ) -> None:
        self.rounds, self.seed, self.threads = rounds, seed, threads
        self.verify_every = verify_every
        self.random = random.Random(seed)
        self.ledger = Ledger()
        self.verdict = Verdict()
        self.kills = self.kills_in_recovery = self.torn_tails = self.verified = 0
        self.segments_seen = 0
        self.server = Holdfast(binary, data, *SERVER_OPTIONS, log=log)

    def run(self) -> None:
        """Runs all rounds; raises KillFailure at the first that is not clean."""
        self.server.start()
        try:
            for number in range(self.rounds):
                self._load_and_kill(number)
                self._recover()
                self.verdict.kept_unanswered += self._check([number])
                self._check([self.random.randrange(number + 1)])
                if number + 1 == self.rounds:
                    self._check(range(self.rounds))
                if (number + 1) % self.verify_every == 0 or number + 1 == self.rounds:
                    self._verify()
                print(
                    f"round {number + 1}/{self.rounds}: {len(self.ledger.batches)} batches, "
                    f"{self.ledger.count(Answer.STORED)} acknowledged, "
                    f"{self.verdict.kept_unanswered} kept without an answer", flush=True,
                )
        finally:
            self.server.kill9()

    # -- Load

    def _load_and_kill(self, number: int) -> None:
        stop = threading.Event()
        budget = threading.Semaphore(BATCHES_PER_ROUND_MAX)
        workers = [
            threading.Thread(target=self._send, args=(number, worker, stop, budget))
            for worker in range(self.threads)
        ]
        for worker in workers:
            worker.start()
        time.sleep(self.random.uniform(0.01, 1.0))  # the random moment
        self.server.kill9()
        self.kills += 1
        stop.set()
        for worker in workers:
            worker.join(60)
            assert not worker.is_alive(), "a client hangs"

    def _send(
        self, round_number: int, worker: int, stop: threading.Event, budget: threading.Semaphore
    ) -> None:
        choice = random.Random(f"{self.seed}/{round_number}/{worker}")
        signal = "traces" if worker % 2 == 0 else "logs"
        headers = {"Content-Type": "application/x-protobuf"}
        with requests.Session() as session:
            session.trust_env = False
            while not stop.is_set() and budget.acquire(blocking=False):
                batch = self.ledger.attempt(round_number, signal, choice.randint(1, 60))
                body = encode(batch, self.seed, choice)
                try:
                    answer = session.post(
                        f"{self.server.http}/v1/{signal}", data=body, headers=headers, timeout=30
                    )
                except requests.RequestException:
                    return
                if answer.status_code == 200 and answer.content == b"":
                    batch.answer = Answer.STORED
                elif answer.status_code in (429, 503) and "Retry-After" in answer.headers:
                    batch.answer = Answer.REFUSED
                else:
                    self.verdict.problems.append(
                        f"batch {batch.number}: {answer.status_code} {answer.content!r}"
                    )
                    return

    # -- Recovery

    def _recover(self) -> None:
        while self.random.random() < 0.25:
            killer = threading.Timer(self.random.uniform(0.0, 0.1), self._kill_starting)
            killer.start()
            try:
                self.server.start()
                self.server.kill9()
            except StartFailure as failure:
                if failure.exit_code >= 0:
                    raise KillFailure(f"the store does not open: {failure}") from failure
            finally:
                killer.join(30)
            self.kills_in_recovery += 1
        self.server.start()
        self.torn_tails += int(self.server.metric("holdfast_recovered_torn_tails"))

    def _kill_starting(self) -> None:
        process = self.server.process
        if process is not None:
            process.kill()

    # -- Checks

    def _check(self, rounds: Iterable[int]) -> int:
        """Looks rounds up; returns how many batches without an answer are there."""
        kept = 0
        for number in rounds:
            verdict = self.ledger.judge(number, "traces", self._stored_spans(number))
            verdict.add(self.ledger.judge(number, "logs", self._stored_logs(number)))
            kept += verdict.kept_unanswered
            verdict.kept_unanswered = 0
            self.verdict.add(verdict)
        self.segments_seen = max(self.segments_seen, self.server.space_status()["segments"])
        self._raise_problems()
        return kept

    def _raise_problems(self) -> None:
        if not self.verdict.is_clean:
            problems = self.verdict.problems
            raise KillFailure("\n".join(problems[:20] + [f"... {len(problems)} problems in all"]))

    def _stored_spans(self, number: int) -> dict[int, Counter[int]]:
        found: dict[int, Counter[int]] = defaultdict(Counter)
        traces = self.server.get("/api/traces", service=f"kill-{number}", limit=PAGE)["data"]
        for trace in traces:
            for one in trace["spans"]:
                tags = {tag["key"]: tag["value"] for tag in one["tags"]}
                found[tags["batch"]][tags["index"]] += 1
        return found

    def _stored_logs(self, number: int) -> dict[int, Counter[int]]:
        found: dict[int, Counter[int]] = defaultdict(Counter)
        cursor: dict[str, str] = {}
        for _ in range(1_000):
            page = self.server.get("/api/logs", service=f"kill-{number}", limit=PAGE, **cursor)
            for one in page["logs"]:
                found[one["attributes"]["batch"]][one["attributes"]["index"]] += 1
            if page["nextCursor"] is None:
                return found
            cursor = {"cursor": page["nextCursor"]}
        raise KillFailure("the pages of /api/logs do not end")

    def _verify(self) -> None:
        code = self.server.terminate()
        if code != 0:
            raise KillFailure(f"SIGTERM ended the server with {code}")
        done = self.server.verify()
        if done.returncode != 0:
            raise KillFailure(f"holdfast verify:\n{done.stdout}{done.stderr}")
        self._check_segments()
        self.verified += 1
        self.server.start()

    def _check_segments(self) -> None:
        """Queries hide a span that is stored twice; the files may not hold one either."""
        seen: Counter[tuple[str, str]] = Counter()
        for path in self.server.paths("spans"):
            table = pq.read_table(path, columns=["trace_id", "span_id"], partitioning=None)
            seen.update(zip(table[0].to_pylist(), table[1].to_pylist(), strict=True))
        if twice := [key for key, count in seen.items() if count > 1]:
            raise KillFailure(f"{len(twice)} spans are in segments more than once, such as {twice[0]}")

    # -- Telling

    def table(self) -> str:
        rows = [
            ("rounds", self.rounds), ("kills", self.kills),
            ("kills during recovery", self.kills_in_recovery),
            ("batches attempted", len(self.ledger.batches)),
            ("batches acknowledged", self.ledger.count(Answer.STORED)),
            ("batches refused", self.ledger.count(Answer.REFUSED)),
            ("kept without an answer", self.verdict.kept_unanswered),
            ("torn journal tails cut", self.torn_tails), ("most segments at once", self.segments_seen),
            ("times verified clean", self.verified), ("lost", self.verdict.lost),
            ("duplicated", self.verdict.duplicated), ("torn", self.verdict.torn),
        ]
        return "\n".join(f"{name:<24}{value:>12,}" for name, value in rows)


def encode(batch: Batch, seed: int, choice: random.Random) -> bytes:
    """A request whose every record carries the number of its batch and its place in it."""
    base = NOON + (batch.round % 3) * 3_600 * SECOND + batch.number * 1_000_000
    service = f"kill-{batch.round}"
    padding = "p" * choice.choice([0, 10, 100, 1_000])
    records = []
    for index in range(batch.records):
        tags = {"batch": batch.number, "index": index, "padding": padding + str(choice.random())}
        if batch.signal == "logs":
            records.append(log(f"batch {batch.number} record {index}", time=base + index, tags=tags))
        else:
            # Every fourth batch holds two traces; a trace never belongs to two batches.
            second = index % 2 if batch.number % 4 == 0 else 0
            trace = (seed % 2**32) << 96 | batch.number << 8 | 2 | second
            records.append(span(trace, index + 1, name=f"op {index % 7}", start=base + index, tags=tags))
    make = log_request if batch.signal == "logs" else trace_request
    return make(records, service).SerializeToString()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--binary", type=Path, default=Path(".build/release/holdfast"))
    parser.add_argument("--data", type=Path, help="default: a new directory, removed when all is well")
    parser.add_argument("--threads", type=int, default=4)
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="holdfast-kill-"))
    data = options.data or scratch / "data"
    print(f"seed {options.seed}, data {data}", flush=True)
    loop = KillLoop(
        options.binary.resolve(), data, rounds=options.rounds, seed=options.seed,
        threads=options.threads, log=scratch / "server.log",
    )
    try:
        loop.run()
    except AssertionError as failure:
        print(f"\n{loop.table()}\n\nFAILED with seed {options.seed}:\n{failure}", file=sys.stderr)
        print(f"\nthe server said:\n{loop.server.log(40)}", file=sys.stderr)
        replay = [sys.argv[0], "--rounds", options.rounds, "--seed", options.seed,
                  "--threads", options.threads, "--binary", options.binary]
        print(f"\ndata kept in {data}; replay: {shlex.join(map(str, replay))}", file=sys.stderr)
        return 1
    shutil.rmtree(scratch)
    print(f"\n{loop.table()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
