"""Power is cut: only what reached the block device is there afterwards.

The store lives on an ext4 in an image file. A power cut is a copy of that file while the server is loaded: pages that
nobody synced are in the kernel's memory and not in the copy. So that the copy is of one moment, the server is stopped
while it is taken, and it counts only if the device was not written meanwhile. The server then goes on; another one
recovers the copy and is asked for everything that was acknowledged before.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import MakeServer
from holdfast_server import Holdfast, eventually
from ledger import Answer, Ledger
from load import Load, assert_kept, judge
from mounts import make_image, mounted

SMALL = (
    "--memtable-mib", "1", "--memtable-age-seconds", "1", "--limit", "tickMilliseconds=50",
    "--limit", "ticksPerCleaning=4", "--limit", "garbageGraceSeconds=0", "--limit", "compactionFanIn=3",
    "--limit", "journalFileBytesMax=1048576", "--limit", "journalGroupBytesMax=262144",
)

NO_SYNC_SHIM = """
int fsync(int f) { (void)f; return 0; }
int fdatasync(int f) { (void)f; return 0; }
"""


class Device:
    """An image file, mounted, with a server on it."""

    def __init__(self, image: Path, disk: Path) -> None:
        self.image = image
        self.disk = disk
        done = subprocess.run(
            ["losetup", "-n", "-O", "NAME", "-j", str(image)], capture_output=True, text=True, check=True
        )
        self.statistics = Path("/sys/block") / Path(done.stdout.split()[0]).name / "stat"

    def _written(self) -> tuple[int, int]:
        """Sectors written so far, and requests that are under way."""
        fields = self.statistics.read_text().split()
        return int(fields[6]), int(fields[8])

    def cut(self, server: Holdfast, target: Path) -> None:
        """Copies the image as it is at one moment; leaves the server stopped."""
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        (self.disk / f"unsynced-{target.name}").write_bytes(b"x" * 4096)
        for _ in range(100):
            before, under_way = self._written()
            if under_way == 0:
                subprocess.run(["cp", "--sparse=always", str(self.image), str(target)], check=True)
                if self._written() == (before, 0):
                    return
            time.sleep(0.01)
        raise AssertionError("the device is never at rest")


@contextmanager
def device(directory: Path, options: str) -> Iterator[Device]:
    # The journal of the file system is written when somebody syncs, not by the clock: a loss stays a loss.
    image = make_image(directory / "image", 128)
    with mounted(directory / "disk", "-o", f"loop,commit=300,{options}", str(image)) as disk:
        yield Device(image, disk)


@contextmanager
def recovered(make_server: MakeServer, image: Path) -> Iterator[Holdfast]:
    """A server on what is left after a cut."""
    with mounted(image.with_suffix(".disk"), "-o", "loop", str(image)) as disk:
        left = disk / f"unsynced-{image.name}"
        assert not left.exists() or b"x" not in left.read_bytes(), "an unsynced page survived: no cut"
        server = make_server(*SMALL, data=disk / "data")
        yield server
        assert server.terminate() == 0
        assert server.verify().returncode == 0
    image.unlink()


@pytest.mark.parametrize("options", ["data=ordered", "data=writeback"])
def test_power_cuts(
    make_server: MakeServer, tmp_path: Path, pytestconfig: pytest.Config, options: str
) -> None:
    cuts = pytestconfig.getoption("--power-cuts")
    choice = random.Random(options)
    with device(tmp_path, options) as source:
        server = make_server(*SMALL, data=source.disk / "data")
        ledger = Ledger()
        for number in range(cuts):
            if number % 10 == 9:
                server.terminate()
                shutil.rmtree(server.data)
                server.start()
                ledger = Ledger()
            cut_once(make_server, server, source, ledger, number % 10, choice)
            assert_kept(server, ledger, [number % 10])  # the server that went on lost nothing, either


def cut_once(
    make_server: MakeServer, server: Holdfast, source: Device, ledger: Ledger, number: int,
    choice: random.Random,
) -> None:
    target = source.image.with_name(f"cut-{number}")
    with Load(server, ledger, number) as load:
        eventually(lambda: load.count(Answer.STORED) > 10, "the server is loaded")
        time.sleep(choice.uniform(0.0, 1.0))  # the random moment
        source.cut(server, target)
        # Whoever has been told so by now was told so before the cut.
        known = ledger.copy()
        assert server.process is not None
        server.process.send_signal(signal.SIGCONT)
    with recovered(make_server, target) as other:
        assert_kept(other, known, range(number + 1))


def test_a_server_that_does_not_sync_is_found_out(
    make_server: MakeServer, tmp_path: Path
) -> None:
    """The cuts can fail: with syncs that do nothing, acknowledged batches are lost."""
    compiler = shutil.which("cc") or shutil.which("clang")
    if not compiler:
        pytest.skip("no C compiler")
    (tmp_path / "shim.c").write_text(NO_SYNC_SHIM)
    shim = tmp_path / "shim.so"
    command = [compiler, "-shared", "-fPIC", "-o", str(shim), str(tmp_path / "shim.c")]
    subprocess.run(command, check=True, capture_output=True)
    with device(tmp_path, "data=ordered") as source:
        server = make_server(data=source.disk / "data")
        server.terminate()
        subprocess.run(["sync"], check=True)
        server.environment = {"LD_PRELOAD": str(shim)}
        server.start()
        ledger = Ledger()
        target = tmp_path / "cut"
        with Load(server, ledger, 0) as load:
            eventually(lambda: load.count(Answer.STORED) > 50, "the server is loaded")
            source.cut(server, target)
            known = ledger.copy()
            assert server.process is not None
            server.process.send_signal(signal.SIGCONT)
        with recovered(make_server, target) as other:
            assert judge(other, known, [0]).lost > 0
