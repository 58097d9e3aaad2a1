"""What `holdfast torture` says of a failure: enough to see it again."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from holdfast_server import run_cli

# An error that no fault of the simulated disk explains: the promise that every error has its fault is broken.
ARMED = {"HOLDFAST_FAILPOINTS": "journal.append.pre=1*error"}
CASE = "inputOutput@12x*, then kill"


def torture(
    binary: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(binary), "torture", *arguments], capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, **(environment or {})},
    )
    print(done.stdout, done.stderr)
    return done


def broken_promise(done: subprocess.CompletedProcess[str]) -> tuple[str, list[str]]:
    """What is said of the failure, and the options that repeat it."""
    assert done.returncode == 1
    _, title, told = done.stdout.partition("BROKEN PROMISE\n")
    assert title, "nothing is said of a broken promise"
    command = re.search(r"^replay: (holdfast torture .*)$", told, re.M)
    assert command, "no command repeats it"
    return told, shlex.split(command[1])[2:]


@pytest.fixture
def armable(binary: Path) -> Path:
    if run_cli(binary, "torture", "--list-failpoints").returncode != 0:
        pytest.skip("this binary was built without failpoints")
    return binary


def test_a_failure_of_a_history_is_repeated_by_its_command(armable: Path) -> None:
    told, options = broken_promise(torture(armable, "--runs", "5", environment=ARMED))
    seed, _, runs = options[1:4]
    assert options[0] == "--seed" and 1 <= int(seed) <= 5 and runs == "1"
    assert "failed without a fault" in told
    assert re.search(r"^  append \[[\d, ]+\] failed: ", told, re.M), "the schedule is missing"
    again, same = broken_promise(torture(armable, *options, environment=ARMED))
    assert (again, same) == (told, options)
    healthy = torture(armable, *options)
    assert healthy.returncode == 0 and re.search(r"^promises broken +0$", healthy.stdout, re.M)


def test_a_failure_of_a_case_is_repeated_by_its_command(armable: Path) -> None:
    first = torture(armable, "--exhaustive", "--case", "shortRead@1, then kill", environment=ARMED)
    told, options = broken_promise(first)
    assert options == ["--exhaustive", "--case", "shortRead@1, then kill"]
    assert told.startswith("shortRead@1, then kill: append ") and "failed without a fault" in told
    again, _ = broken_promise(torture(armable, *options, environment=ARMED))
    assert again == told
    assert torture(armable, *options).returncode == 0


def test_a_failure_of_a_kill_campaign_is_told_with_its_store(binary: Path, tmp_path: Path) -> None:
    """No server can write a byte, so none comes up."""
    command = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", str(binary)]
    options = ["torture", "--kill", "--runs", "3", "--seed", "7", "--data", str(tmp_path)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=120, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 1
    _, _, told = done.stdout.partition("BROKEN PROMISE\n")
    assert told.startswith("the store does not open") and "\n  start with " in told
    kept = re.search(r"the store is kept in (\S+); to repeat: (.*)$", told, re.M)
    assert kept and Path(kept[1]).is_dir() and tmp_path in Path(kept[1]).parents
    assert kept[2] == "holdfast torture --kill --seed 7 --runs 1"


def test_one_case(binary: Path) -> None:
    done = torture(binary, "--exhaustive", "--case", CASE)
    assert done.returncode == 0
    assert CASE in done.stdout and "no promise broken" in done.stdout


def test_a_case_that_does_not_come_about(binary: Path) -> None:
    done = torture(binary, "--exhaustive", "--case", "inputOutput@1000000, then kill")
    assert done.returncode == 1 and "not met" in done.stderr and not done.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--exhaustive", "--seed", "7"], "--seed"),
        (["--exhaustive", "--steps", "7"], "--steps"),
        (["--exhaustive", "--runs", "7"], "--runs"),
        (["--exhaustive", "--stride", "0"], "--stride"),
        (["--exhaustive", "--case", "inputOutput"], "--case"),
        (["--exhaustive", "--case", CASE, "--stride", "2"], "--stride"),
        (["--case", CASE], "--exhaustive"),
        (["--stride", "2"], "--exhaustive"),
        (["--kill", "--steps", "7"], "--steps"),
        (["--at", "all"], "--kill"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_that_would_be_ignored(binary: Path, options: list[str], says: str) -> None:
    done = torture(binary, *options)
    assert done.returncode == 2 and says in done.stderr and not done.stdout
