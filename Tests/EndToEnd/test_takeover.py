"""A server that is stopped for longer than any client waits, loses its lock, and wakes up beside its successor."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import MakeServer
from holdfast_server import FLUSH_SOON, Holdfast, StartFailure, eventually
from ledger import Answer, Ledger
from load import Load, assert_kept

BEFORE, SUCCESSOR, AFTER = range(3)


def test_one_server_at_a_time(make_server: MakeServer, tmp_path: Path) -> None:
    """While a server lives, even stopped, nobody else gets its directory."""
    first = make_server(data=tmp_path / "data")
    for number in (None, signal.SIGSTOP):
        if number is not None:
            assert first.process is not None
            first.process.send_signal(number)
        with pytest.raises(StartFailure) as caught:
            make_server(data=first.data)
        assert caught.value.exit_code > 0
        assert "another process" in caught.value.output


@dataclass
class Takeover:
    """What is left of it: the successor, started once more, and what clients were told."""

    server: Holdfast
    ledger: Ledger


@pytest.fixture(scope="module")
def takeover(make_shared_server: MakeServer, tmp_path_factory: pytest.TempPathFactory) -> Takeover:
    ledger = Ledger()
    data = tmp_path_factory.mktemp("takeover") / "data"
    first = make_shared_server(*FLUSH_SOON, data=data)
    assert first.process is not None
    with Load(first, ledger, BEFORE, timeout=3) as before:
        eventually(lambda: before.count(Answer.STORED) > 50, "the first server is loaded")
        first.process.send_signal(signal.SIGSTOP)
        # What a network file system, or a person, does to a lock: the name stands for another file.
        (data / "LOCK.new").touch()
        os.replace(data / "LOCK.new", data / "LOCK")
        second = make_shared_server(*FLUSH_SOON, data=data)
        with Load(second, ledger, SUCCESSOR) as load:
            eventually(lambda: load.count(Answer.STORED) > 50, "the second server is loaded")
            eventually(
                lambda: second.space_status()["segments"] > 0, "the second server has flushed"
            )
            known = ledger.copy()
            eventually(lambda: before.all_timed_out, "every client of the first server gives up", 30)
            with Load(first, ledger, AFTER) as after:
                first.process.send_signal(signal.SIGCONT)
                eventually(lambda: after.count(Answer.REFUSED) > 20, "the first server refuses", 30)
                taken = after.count(Answer.STORED)
                eventually(
                    lambda: not first.is_running or first.request("GET", "/readyz").status_code == 503,
                    "the first server says that it is not ready",
                )
    assert after.count(Answer.STORED) == taken, "a server that was fenced takes batches again"
    assert load.count(Answer.REFUSED) == 0 and second.is_running, "the successor must not notice"
    assert_kept(second, ledger, [SUCCESSOR])
    assert_kept(second, known, [BEFORE])
    for server in (first, second):
        server.kill9()
    second.start()
    for batch in ledger.batches:
        # What the replaced server refused may have been durable before it looked at the fence: whole, or absent.
        if batch.round != SUCCESSOR and batch.answer is Answer.REFUSED:
            batch.answer = Answer.NONE
    return Takeover(second, ledger)


def test_takeover_loses_nothing(takeover: Takeover) -> None:
    """Nobody was told "stored" by either server, before or after, unless it is."""
    assert_kept(takeover.server, takeover.ledger, [BEFORE, SUCCESSOR, AFTER])


def test_what_a_takeover_leaves_is_sound(takeover: Takeover) -> None:
    takeover.server.restart()
    assert takeover.server.terminate() == 0
    assert takeover.server.verify().returncode == 0
