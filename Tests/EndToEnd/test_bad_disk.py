"""The bad-input table, third part: disks that are full, and file systems that lack what is needed."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import time
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

from conftest import MakeServer
from holdfast_server import Holdfast, StartFailure, eventually
from ledger import Answer, Ledger
from load import Load, assert_kept
from mounts import free_bytes, make_image, mounted
from otlp import span, trace_request
from test_bad_store import assert_stored, names, store


def refuses_when_filled(server: Holdfast, filler: Path, body: bytes) -> bool:
    """Whether a batch is refused with 2 MiB left; to be asked again, for the server may have been freeing files."""
    with filler.open("ab") as file:
        file.write(bytes(max(0, free_bytes(filler.parent) - (2 << 20))))
    return server.post("/v1/traces", body).status_code == 503


def test_nearly_full_disk(make_server: MakeServer, tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "-t", "tmpfs", "-o", "size=48m", "tmpfs") as disk:
        server = make_server(data=disk / "data")
        store(server, range(1, 4))
        filler = disk / "filler"
        body = trace_request([span(50, 1)]).SerializeToString()
        eventually(
            lambda: refuses_when_filled(server, filler, body), "batches are refused above the watermark"
        )
        answer = server.post("/v1/traces", body)
        status = Status.FromString(answer.content)
        assert int(answer.headers["Retry-After"]) > 0 and status.code == 14
        assert "full" in status.message and "free space" in status.message
        with pytest.raises(grpc.RpcError) as caught:
            server.export_grpc("traces", body)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        details = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
        retry = error_details_pb2.RetryInfo()
        assert Status.FromString(details).details[0].Unpack(retry) and retry.retry_delay.seconds > 0
        assert server.request("GET", "/readyz").status_code == 503
        assert server.metric("holdfast_disk_full") == 1
        assert_stored(server, range(1, 4))
        filler.unlink()
        eventually(lambda: server.post("/v1/traces", body).status_code == 200, "it takes batches again")
        server.restart(kill=True)
        assert_stored(server, range(1, 4))
        assert names(server, 50) == ["op"]


def test_shorter_retention_frees_a_nearly_full_disk(make_server: MakeServer, tmp_path: Path) -> None:
    """What retention drops is gone at once then, though older versions name it and their time is not over."""
    with mounted(tmp_path / "small", "-t", "tmpfs", "-o", "size=48m", "tmpfs") as disk:
        server = make_server("--limit", "ticksPerCleaning=1", data=disk / "data")
        for number in range(1, 41):
            padding = base64.b64encode(os.urandom(150_000)).decode()
            server.send("traces", trace_request([span(number, 1, tags={"padding": padding})]))
        server.flush()
        body = trace_request([span(50, 1, start=time.time_ns())]).SerializeToString()
        eventually(lambda: refuses_when_filled(server, disk / "filler", body), "the disk is nearly full")
        server.restart("--retention-hours", "1")
        eventually(lambda: server.post("/v1/traces", body).status_code == 200, "there is room again")
        assert names(server, 1) is None and names(server, 50) == ["op"]
        server.terminate()
        done = server.verify()
        assert done.returncode == 0, done.stdout


def test_full_disk(make_server: MakeServer, tmp_path: Path) -> None:
    """No byte is left for the journal: what is acknowledged is there, what is refused is not."""
    with mounted(tmp_path / "small", "-t", "tmpfs", "-o", "size=48m", "tmpfs") as disk:
        server = make_server(data=disk / "data")
        store(server, range(1, 4))
        answers: dict[int, int] = {}
        with (disk / "filler").open("wb", buffering=0) as filler:
            for number in range(100, 160):
                if number == 110:
                    while (left := free_bytes(disk)) > 0:
                        filler.write(bytes(min(left, 1 << 20)))
                body = trace_request([
                    span(number, 1, tags={"padding": "x" * 5_000}), span(number, 2)
                ]).SerializeToString()
                answer = server.post("/v1/traces", body)
                answers[number] = answer.status_code
                if answer.status_code == 503:
                    assert int(answer.headers["Retry-After"]) > 0
                    assert Status.FromString(answer.content).message
        assert set(answers.values()) == {200, 503}, answers
        (disk / "filler").unlink()
        eventually(
            lambda: server.post("/v1/traces", trace_request([span(60, 1)]).SerializeToString()).status_code
            == 200,
            "the server recovers by itself once there is room",
        )
        for _ in range(2):
            assert_stored(server, range(1, 4))
            for number, status in answers.items():
                expected = ["op", "op"] if status == 200 else None
                assert names(server, number) == expected, f"trace {number} was answered {status}"
            server.restart(kill=True)
        server.terminate()
        assert server.verify().returncode == 0


def test_disk_filled_by_load(make_server: MakeServer, tmp_path: Path) -> None:
    """Clients fill a small disk: they are told to come back, and once there is room they are served."""
    image = make_image(tmp_path / "image", 64)
    with mounted(tmp_path / "small", "-o", "loop", str(image)) as disk:
        reserve = disk / "reserve"
        reserve.write_bytes(bytes(16 << 20))
        server = make_server("--memtable-mib", "2", "--memtable-age-seconds", "1", data=disk / "data")
        ledger = Ledger()
        with Load(server, ledger, 0, padding=4_000) as load:
            eventually(lambda: load.count(Answer.REFUSED) > 20, "clients are refused", 60)
        acknowledged = load.count(Answer.STORED)
        assert acknowledged > 20, "there was hardly any load"
        assert server.is_running
        body = trace_request([span(50, 1)]).SerializeToString()
        answer = server.post("/v1/traces", body)
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
        with pytest.raises(grpc.RpcError) as caught:
            server.export_grpc("traces", body)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        reserve.unlink()

        def is_served() -> bool:
            answer = server.post("/v1/traces", body)
            assert answer.status_code == 200, (answer.content, free_bytes(disk), server.get("/api/status"))
            return True

        eventually(is_served, "it goes on by itself", 30)
        with Load(server, ledger, 1) as load:
            eventually(lambda: load.count(Answer.STORED) > 20, "clients are served again", 30)
        for _ in range(2):
            assert_kept(server, ledger, [0, 1])
            server.restart(kill=True)
        assert server.terminate() == 0
        assert server.verify().returncode == 0


NO_LINKS_SHIM = """
#include <errno.h>
int link(const char *a, const char *b) { (void)a; (void)b; errno = EPERM; return -1; }
int linkat(int d, const char *a, int e, const char *b, int f) {
    (void)d; (void)a; (void)e; (void)b; (void)f; errno = EPERM; return -1; }
"""


@pytest.mark.parametrize("how", ["vfat", "shim"])
def test_file_system_without_hard_links(make_server: MakeServer, tmp_path: Path, how: str) -> None:
    if how == "vfat":
        image = tmp_path / "image"
        image.write_bytes(bytes(40 << 20))
        if not shutil.which("mkfs.vfat"):
            pytest.skip("mkfs.vfat is not installed")
        subprocess.run(["mkfs.vfat", str(image)], check=True, capture_output=True)
        with mounted(tmp_path / "vfat", "-t", "vfat", "-o", "loop", str(image)) as disk:
            with pytest.raises(StartFailure) as caught:
                make_server(data=disk / "data")
    else:
        compiler = shutil.which("cc") or shutil.which("clang")
        if not compiler:
            pytest.skip("no C compiler")
        (tmp_path / "shim.c").write_text(NO_LINKS_SHIM)
        shim = tmp_path / "shim.so"
        command = [compiler, "-shared", "-fPIC", "-o", str(shim), str(tmp_path / "shim.c")]
        subprocess.run(command, check=True, capture_output=True)
        with pytest.raises(StartFailure) as caught:
            make_server(environment={"LD_PRELOAD": str(shim)})
    assert caught.value.exit_code > 0
    assert "hard links" in caught.value.output and "ext4" in caught.value.output
