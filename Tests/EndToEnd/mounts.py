"""File systems of their own for tests, where this machine allows that."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(directory: Path, *arguments: str) -> Iterator[Path]:
    """Mounts at `directory`; skips the test where that is not possible."""
    directory.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    done = subprocess.run(["mount", *arguments, str(directory)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"mount {' '.join(arguments)} is not possible here: {done.stderr.strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=True)


def make_image(path: Path, mebibytes: int) -> Path:
    """A file with an empty ext4 in it; skips the test where that cannot be made."""
    if not (tool := shutil.which("mkfs.ext4", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")):
        pytest.skip("mkfs.ext4 is not installed")
    with path.open("wb") as image:
        image.truncate(mebibytes << 20)
    subprocess.run([tool, "-q", "-F", str(path)], check=True, capture_output=True)
    return path


def free_bytes(directory: Path) -> int:
    state = os.statvfs(directory)
    return state.f_bavail * state.f_frsize
