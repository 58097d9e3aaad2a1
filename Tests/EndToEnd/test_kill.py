"""A short run of the kill loop, and proof that its judgement can fail."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from kill_ledger import Answer, Ledger
from kill_loop import KillLoop

ROUNDS = 8
SEED = 1


def test_kill_9_under_load(binary: Path, tmp_path: Path) -> None:
    loop = KillLoop(binary, tmp_path / "data", rounds=ROUNDS, seed=SEED, verify_every=4)
    try:
        loop.run()
    finally:
        print(f"{loop.table()}\nreplay: kill_loop.py --rounds {ROUNDS} --seed {SEED}\n{loop.server.log(30)}")
    assert loop.verdict.is_clean, loop.verdict.problems
    assert loop.kills == ROUNDS and loop.verified == 2
    assert loop.ledger.count(Answer.STORED) > 20 * ROUNDS, "there was hardly any load"
    assert loop.segments_seen > 0, "nothing was ever flushed: the kills hit no flush"


@pytest.mark.parametrize(
    ("answer", "found", "problem"),
    [
        (Answer.STORED, {0: 1, 1: 1, 2: 1}, None),
        (Answer.STORED, {}, "is lost"),
        (Answer.STORED, {0: 1, 2: 1}, "is torn"),
        (Answer.STORED, {0: 1, 1: 2, 2: 1}, "more than once"),
        (Answer.STORED, {0: 1, 1: 1, 2: 1, 3: 1}, "never sent"),
        (Answer.NONE, {}, None),
        (Answer.NONE, {0: 1, 1: 1, 2: 1}, None),
        (Answer.NONE, {1: 1}, "is torn"),
        (Answer.REFUSED, {}, None),
        (Answer.REFUSED, {0: 1, 1: 1, 2: 1}, "was told it is not"),
    ],
)
def test_the_judgement(answer: Answer, found: dict[int, int], problem: str | None) -> None:
    ledger = Ledger()
    batch = ledger.attempt(0, "traces", records=3)
    batch.answer = answer
    verdict = ledger.judge(0, "traces", {batch.number: Counter(found)} if found else {})
    assert verdict.is_clean == (problem is None)
    assert problem is None or problem in verdict.problems[0]


def test_the_judgement_knows_foreign_batches() -> None:
    assert not Ledger().judge(0, "logs", {77: Counter({0: 1})}).is_clean
