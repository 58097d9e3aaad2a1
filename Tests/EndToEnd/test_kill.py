"""A short run of the kill campaign, and proof that the judgement of these tests can fail."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from holdfast_server import run_cli
from ledger import Answer, Ledger

ROUNDS = 8
SEED = 1


def test_kill_9_under_load(binary: Path, tmp_path: Path) -> None:
    done = run_cli(
        binary, "torture", "--kill", "--runs", str(ROUNDS), "--seed", str(SEED), "--data", str(tmp_path),
        seconds=300,
    )
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    score = {name: int(count) for name, count in re.findall(r"^(\S.*?) {2,}(\d+)$", done.stdout, re.M)}
    assert score["rounds"] == ROUNDS and score["kills"] >= ROUNDS
    assert score["stores verified clean"] == 1
    assert score["batches acknowledged"] > 5 * ROUNDS, "there was hardly any load"
    assert not list(tmp_path.iterdir()), "a clean store is removed"


def test_kill_9_at_failpoints(binary: Path, tmp_path: Path) -> None:
    """One place of each kind; `make torture` visits all of them."""
    if run_cli(binary, "torture", "--list-failpoints").returncode != 0:
        pytest.skip("this binary was built without failpoints")
    points = "journal.sync.post,flush.commit.pre,letter.put.post"
    done = run_cli(
        binary, "torture", "--kill", "--at", points, "--data", str(tmp_path), seconds=600
    )
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    assert all(point in done.stdout for point in points.split(","))
    assert not list(tmp_path.iterdir()), "clean stores are removed"


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
