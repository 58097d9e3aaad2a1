"""The bad-input table, second part: what can happen to the data directory. The server refuses by name or mends
without loss, and once the damage is undone everything is there."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from conftest import MakeServer
from holdfast_server import FLUSH_SOON, Holdfast, StartFailure, eventually
from otlp import hex_trace, log, log_request, span, trace_request

TRACES = 40
BLOCK = 4096


def store(server: Holdfast, numbers: range) -> None:
    """One trace a number, each its own request and so its own journal group."""
    for number in numbers:
        spans = [span(number, index, name=f"op {number}/{index}") for index in (1, 2, 3)]
        server.send("traces", trace_request(spans))


def names(server: Holdfast, number: int) -> list[str] | None:
    """The operations of a trace; None when there is no such trace."""
    answer = server.request("GET", f"/api/traces/{hex_trace(number)}")
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    return [one["operationName"] for one in answer.json()["data"][0]["spans"]]


def assert_stored(server: Holdfast, numbers: range) -> None:
    for number in numbers:
        assert names(server, number) == [f"op {number}/{index}" for index in (1, 2, 3)]


def refused(server: Holdfast, *says: str) -> None:
    """The server does not start, says why with these words, and what to do."""
    with pytest.raises(StartFailure) as caught:
        server.start()
    assert caught.value.exit_code > 0, f"ended by signal: {caught.value.output}"
    for word in says:
        assert word in caught.value.output, f"{word!r} is not in: {caught.value.output}"


@contextmanager
def flipped(path: Path, offset: int) -> Iterator[None]:
    """One bit of a file is wrong."""
    original = path.read_bytes()
    damaged = bytearray(original)
    damaged[offset] ^= 0x10
    path.write_bytes(damaged)
    try:
        yield
    finally:
        path.write_bytes(original)


# -- The directory


def test_directory_of_another_process(server: Holdfast, make_server: MakeServer) -> None:
    store(server, range(1, 3))
    with pytest.raises(StartFailure) as caught:
        make_server(data=server.data)
    assert caught.value.exit_code > 0
    assert "another process" in caught.value.output and "--data" in caught.value.output
    store(server, range(3, 5))
    server.restart(kill=True)
    assert_stored(server, range(1, 5))


def test_newer_format(server: Holdfast) -> None:
    store(server, range(1, 3))
    server.kill9()
    path = server.data / "FORMAT"
    original = path.read_text()
    identity = json.loads(original)
    assert identity["format"] == "holdfast"
    path.write_text(json.dumps(identity | {"version": 99, "readerVersionMin": 99}))
    refused(server, "99", "newer version")
    verify = server.verify()
    assert verify.returncode != 0 and "99" in verify.stdout + verify.stderr
    path.write_text("not a format")
    refused(server, "FORMAT")
    path.write_text(original)
    assert_stored(server.start(), range(1, 3))


def test_directory_that_is_a_file(make_server: MakeServer, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(StartFailure) as caught:
        make_server(data=path)
    assert str(path) in caught.value.output


# -- Segments


@pytest.fixture
def settled(make_server: MakeServer) -> Holdfast:
    """A stopped server whose rows are all in segments."""
    server = make_server(*FLUSH_SOON)
    store(server, range(1, TRACES + 1))
    server.send("logs", log_request([log("earlier")]))
    server.flush()
    server.terminate()
    return server


def test_damaged_segment(settled: Holdfast) -> None:
    (path,) = settled.paths("spans")
    chunk = next(
        group.column(i)
        for group in [pq.read_metadata(path).row_group(0)] for i in range(group.num_columns)
        if group.column(i).path_in_schema == "span_id"
    )
    with flipped(Path(path), chunk.data_page_offset + chunk.total_compressed_size - 8):
        verify = settled.verify()
        assert verify.returncode == 1
        assert Path(path).name in verify.stdout + verify.stderr
        settled.start()
        for route in (f"/api/traces/{hex_trace(5)}", "/api/traces?service=shop", f"/api/v3/traces/{hex_trace(5)}"):
            answer = settled.request("GET", route)
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (500, "damaged"), answer.text
            assert Path(path).name in error["message"] and "holdfast verify" in error["remedy"]
        assert [entry["body"] for entry in settled.get("/api/logs")["logs"]] == ["earlier"]
        store(settled, range(100, 101))
        settled.terminate()
    assert settled.verify().returncode == 0
    settled.start()
    assert_stored(settled, range(1, TRACES + 1))
    assert_stored(settled, range(100, 101))


def test_missing_segment(settled: Holdfast) -> None:
    (path,) = (Path(p) for p in settled.paths("spans"))
    hidden = path.rename(path.with_suffix(".away"))
    verify = settled.verify()
    assert verify.returncode == 1 and path.name in verify.stdout + verify.stderr
    settled.start()
    answer = settled.request("GET", f"/api/traces/{hex_trace(5)}")
    assert answer.status_code == 500 and path.name in answer.json()["error"]["message"]
    settled.terminate()
    hidden.rename(path)
    assert_stored(settled.start(), range(1, TRACES + 1))


def test_no_flipped_bit_changes_an_answer(settled: Holdfast) -> None:
    """Wherever the bit is: verify finds it, and queries answer rightly or not at all."""
    (path,) = (Path(p) for p in settled.paths("spans"))
    choice = random.Random(3)
    size = path.stat().st_size
    for offset in [2, size - 2, size - 6, size - 20, *(choice.randrange(size) for _ in range(8))]:
        with flipped(path, offset):
            verify = settled.verify()
            assert verify.returncode == 1 and path.name in verify.stdout, f"offset {offset}"
            settled.start()
            for number in (1, 7, TRACES, 999):
                answer = settled.request("GET", f"/api/traces/{hex_trace(number)}")
                if answer.status_code == 500:
                    assert path.name in answer.json()["error"]["message"], answer.text
                elif number == 999:
                    assert answer.status_code == 404
                else:
                    assert len(answer.json()["data"][0]["spans"]) == 3, f"offset {offset}"
            settled.kill9()


# -- Manifests


def manifests(server: Holdfast) -> list[Path]:
    return sorted((server.data / "spaces/default/manifest").glob("*.json"))


@pytest.mark.parametrize("newest_is", ["flush", "open"])
def test_damaged_newest_manifest(make_server: MakeServer, newest_is: str) -> None:
    server = make_server(*FLUSH_SOON)
    store(server, range(1, 6))
    server.flush()
    if newest_is == "open":
        server.restart(kill=True)
    server.kill9()
    path = manifests(server)[-1]
    original = path.read_bytes()
    for kind in ("half", "empty", "bit"):
        middle = len(original) // 2
        damage = {
            "half": original[:middle], "empty": b"",
            "bit": original[:middle] + bytes([original[middle] ^ 1]) + original[middle + 1:],
        }[kind]
        path.write_bytes(damage)
        assert server.verify().returncode == 1
        try:
            server.start()
        except StartFailure as failure:
            assert path.name in failure.output and failure.exit_code > 0, failure.output
            path.write_bytes(original)
        else:
            assert_stored(server, range(1, 6))  # mended without loss
            store(server, range(6, 7))
            server.kill9()
            path = manifests(server)[-1]
            original = path.read_bytes()
    server.start()
    assert_stored(server, range(1, 6))
    server.terminate()
    verify = server.verify()
    assert verify.returncode == 0, verify.stdout + verify.stderr


def test_all_manifests_damaged(settled: Holdfast) -> None:
    originals = {path: path.read_bytes() for path in manifests(settled)}
    for path, original in originals.items():
        path.write_bytes(original[:-20] + bytes(20))
    refused(settled, "manifest/000000", "restore")
    for path, original in originals.items():
        path.write_bytes(original)
    assert_stored(settled.start(), range(1, TRACES + 1))


# -- The journal


def last_journal(server: Holdfast) -> Path:
    return sorted((server.data / "journal").glob("*.wal"))[-1]


def end_of_data(path: Path) -> int:
    return len(path.read_bytes().rstrip(b"\x00"))


def test_damaged_journal_middle(server: Holdfast) -> None:
    store(server, range(1, 6))
    server.kill9()
    path = last_journal(server)
    assert end_of_data(path) > 4 * BLOCK
    for offset in (BLOCK + 10, BLOCK + 64 + 30, 2 * BLOCK + 64):
        with flipped(path, offset):
            refused(server, path.name, f"offset {offset // BLOCK * BLOCK}", "restore")
            verify = server.verify()
            assert verify.returncode == 1 and path.name in verify.stdout + verify.stderr
    assert_stored(server.start(), range(1, 6))


def test_missing_journal_file(server: Holdfast) -> None:
    store(server, range(1, 3))
    first = last_journal(server)
    server.restart(kill=True)
    store(server, range(3, 5))
    server.kill9()
    hidden = first.rename(first.with_suffix(".away"))
    refused(server, "missing")
    hidden.rename(first)
    assert_stored(server.start(), range(1, 5))


def test_the_whole_journal_is_missing(server: Holdfast) -> None:
    """A volume that is not mounted is no empty store; what is gone for good can be accepted, once."""
    store(server, range(1, 5))
    server.kill9()
    journal, away = server.data / "journal", server.data / "away"
    journal.rename(away)
    for _ in range(2):
        refused(server, "the journal is not there", str(journal), "--accept-lost-batches")
    verify = server.verify()
    assert verify.returncode == 1 and "the journal is not there" in verify.stdout + verify.stderr
    away.rename(journal)
    assert_stored(server.start(), range(1, 5))
    server.kill9()
    shutil.rmtree(journal)
    server.arguments.append("--accept-lost-batches")
    server.start()
    assert names(server, 1) is None
    store(server, range(5, 7))
    server.arguments.remove("--accept-lost-batches")
    server.restart(kill=True)
    assert_stored(server, range(5, 7))
    server.terminate()
    assert server.verify().returncode == 0


def test_a_missing_file_of_one_space_is_told_when_another_is_folded_beyond(make_server: MakeServer) -> None:
    server = make_server("--memtable-age-seconds", "3600", "--limit", "memtableFlushBytes=50000")
    done = server.cli("spaces", "create", "quiet", "--url", server.http)
    assert done.returncode == 0, done.stderr
    files = []
    for number in range(1, 4):
        server.send("traces", trace_request([span(number, 1)]), space="quiet")
        files.append(last_journal(server))
        server.restart(kill=True)
    server.send("traces", trace_request([span(4, index, name="x" * 500) for index in range(1, 300)]))

    def folded() -> dict[str, int]:
        return {space["space"]: space["foldedLsn"] for space in server.get("/api/status")["spaces"]}

    eventually(lambda: folded()["default"] >= 4, "the large batch is in segments")
    assert folded()["quiet"] == 0
    server.kill9()
    with flipped(files[1], 24):
        refused(server, files[1].name, "restore")
        assert server.verify().returncode == 1
    files[1].unlink()
    refused(server, "batches 2 to 2 are missing", "--accept-lost-batches")
    assert server.verify().returncode == 1
    server.arguments.append("--accept-lost-batches")
    server.start()
    assert "acknowledged batches are lost" in server.log_path.read_text()
    server.arguments.remove("--accept-lost-batches")
    server.restart(kill=True)
    found = [
        server.request("GET", f"/api/traces/{hex_trace(number)}", headers={"X-Holdfast-Space": "quiet"}).status_code
        for number in range(1, 4)
    ]
    assert found == [200, 404, 200]
    server.terminate()
    assert server.verify().returncode == 0


def test_torn_tail_is_cut_and_counted(server: Holdfast) -> None:
    """The newest group loses its last bytes, as a write does that power loss stopped half-way."""
    store(server, range(1, 6))
    server.kill9()
    path = last_journal(server)
    os.truncate(path, end_of_data(path) - 10)
    server.start()
    assert server.metric("holdfast_recovered_torn_tails") == 1
    assert_stored(server, range(1, 5))
    assert names(server, 5) is None, "half of a batch is there"
    store(server, range(6, 8))
    server.restart(kill=True)
    assert server.metric("holdfast_recovered_torn_tails") == 0
    assert_stored(server, range(1, 5))
    assert_stored(server, range(6, 8))


@pytest.mark.parametrize("tail", [b"HFJG", b"\x5a" * 7, b"\x00" * 100 + b"\xff" * 9000])
def test_garbage_behind_the_journal(server: Holdfast, tail: bytes) -> None:
    store(server, range(1, 4))
    server.kill9()
    path = last_journal(server)
    end = -(-end_of_data(path) // BLOCK) * BLOCK
    with path.open("r+b") as file:
        file.seek(end)
        file.write(tail)
    server.start()
    assert server.metric("holdfast_recovered_torn_tails") == 1
    assert_stored(server, range(1, 4))
