"""What clients sent and were told while a server was mistreated, and the judgement over what is found later."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum


class Answer(Enum):
    """What a client was told about a batch."""

    NONE = "no answer"  # whole or absent
    STORED = "acknowledged"  # there, exactly once
    REFUSED = "refused"  # absent


@dataclass
class Batch:
    """One request. `records` is how many spans or log records it carried."""

    number: int
    round: int
    signal: str
    records: int
    answer: Answer = Answer.NONE


# Of one signal: by batch number, how often each record of the batch was found.
Found = Mapping[int, Counter[int]]


@dataclass
class Verdict:
    """Problems are sentences; the counts are of batches."""

    lost: int = 0
    duplicated: int = 0
    torn: int = 0
    foreign: int = 0
    kept_unanswered: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.problems

    def add(self, other: Verdict) -> None:
        self.lost += other.lost
        self.duplicated += other.duplicated
        self.torn += other.torn
        self.foreign += other.foreign
        self.kept_unanswered += other.kept_unanswered
        self.problems += other.problems


class Ledger:
    """Batches by number; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.batches: list[Batch] = []

    def attempt(self, round_number: int, signal: str, records: int) -> Batch:
        with self._lock:
            batch = Batch(len(self.batches), round_number, signal, records)
            self.batches.append(batch)
            return batch

    def copy(self) -> Ledger:
        """What is known at this moment."""
        twin = Ledger()
        with self._lock:
            twin.batches = [replace(batch) for batch in self.batches]
        return twin

    def of_round(self, round_number: int, signal: str) -> list[Batch]:
        return [b for b in self.batches if b.round == round_number and b.signal == signal]

    def count(self, answer: Answer) -> int:
        return sum(batch.answer is answer for batch in self.batches)

    def judge(self, round_number: int, signal: str, found: Found) -> Verdict:
        """Compares what was found of one round and signal with what clients were told."""
        verdict = Verdict()
        batches = {batch.number: batch for batch in self.of_round(round_number, signal)}
        for number in sorted(found.keys() - batches.keys()):
            verdict.foreign += 1
            verdict.problems.append(f"{signal} of batch {number} were never sent in round {round_number}")
        for batch in batches.values():
            self._judge(batch, found.get(batch.number, Counter()), verdict)
        return verdict

    @staticmethod
    def _judge(batch: Batch, records: Counter[int], verdict: Verdict) -> None:
        what = "spans" if batch.signal == "traces" else "logs"
        name = f"batch {batch.number} of round {batch.round} ({batch.records} {what}, {batch.answer.value})"
        if unknown := records.keys() - set(range(batch.records)):
            verdict.foreign += 1
            verdict.problems.append(f"{name} holds records that were never sent: {sorted(unknown)}")
        if twice := [index for index, count in records.items() if count > 1]:
            verdict.duplicated += 1
            verdict.problems.append(f"{name} holds records more than once: {sorted(twice)[:20]}")
        missing = batch.records - len(records)
        if not records:
            if batch.answer is Answer.STORED:
                verdict.lost += 1
                verdict.problems.append(f"{name} is lost")
            return
        if missing > 0:
            verdict.torn += 1
            verdict.problems.append(f"{name} is torn: {missing} records are missing")
        if batch.answer is Answer.REFUSED:
            verdict.foreign += 1
            verdict.problems.append(f"{name} is there although the client was told it is not")
        if batch.answer is Answer.NONE:
            verdict.kept_unanswered += 1
