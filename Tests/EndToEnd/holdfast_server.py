"""One `holdfast serve` process on loopback ports of its own, and what tests do to it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import grpc
import requests

Value = TypeVar("Value")

READY = re.compile(r"holdfast is ready: (https?)://(\S+)\s+\(OTLP/gRPC on (\S+)\)")
START_SECONDS = 60.0
STOP_SECONDS = 30.0
# Options under which rows reach segments within a second or two.
FLUSH_SOON = ("--memtable-age-seconds", "1")


class Timeout(AssertionError):
    """A condition did not come true in time."""


class StartFailure(AssertionError):
    """The process ended before it was ready."""

    def __init__(self, exit_code: int, output: str) -> None:
        super().__init__(f"holdfast ended with {exit_code} before it was ready:\n{output}")
        self.exit_code = exit_code
        self.output = output


def eventually(probe: Callable[[], Value], what: str, seconds: float = 20.0) -> Value:
    """Polls `probe` until it is truthy and returns it; the last exception is part of the failure."""
    deadline = time.monotonic() + seconds
    problem: BaseException | None = None
    while True:
        try:
            problem = None
            if value := probe():
                return value
        except (AssertionError, LookupError, ValueError, requests.RequestException) as error:
            problem = error
        if time.monotonic() > deadline:
            raise Timeout(f"not within {seconds} s: {what}" + (f" ({problem!r})" if problem else ""))
        time.sleep(0.02)


def run_cli(binary: Path, *arguments: str, seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Runs a subcommand to its end."""
    return subprocess.run(
        [str(binary), *arguments], capture_output=True, text=True, timeout=seconds, check=False
    )


class Holdfast:
    """A server on a data directory. It may be killed and started again any number of times."""

    def __init__(
        self,
        binary: Path,
        data: Path,
        *arguments: str,
        log: Path | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.binary = binary
        self.data = data
        self.arguments = list(arguments)
        self.log_path = log or data.parent / f"{data.name}.log"
        self.environment = environment or {}
        self.process: subprocess.Popen[bytes] | None = None
        self.http = ""
        self.grpc = ""
        self.session = requests.Session()
        self.session.trust_env = False

    # -- Life

    def start(self) -> Holdfast:
        """Starts the process and waits for its ready line."""
        assert self.process is None, "it runs already"
        command = [
            str(self.binary), "serve", "--data", str(self.data),
            "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", *self.arguments,
        ]
        offset = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, env={**os.environ, **self.environment}
            )
        lines: list[str] = []
        ready = threading.Event()
        threading.Thread(target=self._read, args=(self.process, lines, ready), daemon=True).start()
        ready.wait(START_SECONDS)
        for line in list(lines):
            if match := READY.search(line):
                self.http, self.grpc = f"{match[1]}://{match[2]}", match[3]
                return self
        process, self.process = self.process, None
        hung = process.poll() is None and not ready.is_set()
        if hung:
            process.kill()
        code = process.wait(STOP_SECONDS)
        with self.log_path.open("rb") as log:
            log.seek(offset)
            output = "\n".join(lines) + log.read().decode(errors="replace")
        raise StartFailure(code, output + ("\n(no ready line in time)" if hung else ""))

    def _read(
        self, process: subprocess.Popen[bytes], lines: list[str], ready: threading.Event
    ) -> None:
        assert process.stdout is not None
        with self.log_path.open("ab") as log:
            for raw in process.stdout:
                log.write(raw)
                log.flush()
                lines.append(raw.decode(errors="replace"))
                if READY.search(lines[-1]):
                    ready.set()
        ready.set()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill9(self) -> None:
        """Ends the process without warning."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """Asks the process to stop and returns its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        if self.process is None:
            return 0
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
            raise Timeout(f"the server did not stop within {STOP_SECONDS} s of signal {number}") from None

    def restart(self, *arguments: str, kill: bool = False) -> Holdfast:
        """Stops the server and starts it again, with `arguments` beside those it had."""
        if kill:
            self.kill9()
        else:
            code = self.terminate()
            assert code == 0, f"SIGTERM must end the server with 0, not {code}"
        self.arguments += arguments
        return self.start()

    # -- Questions

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("timeout", 60)
        return self.session.request(method, self.http + path, **options)

    def get(self, path: str, *, space: str | None = None, **parameters: Any) -> Any:
        """The JSON of a GET that must succeed."""
        headers = {"X-Holdfast-Space": space} if space else {}
        answer = self.request("GET", path, params=parameters, headers=headers)
        assert answer.status_code == 200, f"GET {answer.url}: {answer.status_code} {answer.text[:2000]}"
        assert answer.headers["Content-Type"].startswith("application/json"), answer.headers
        return answer.json()

    def post(
        self,
        path: str,
        body: bytes,
        content_type: str = "application/x-protobuf",
        **headers: str,
    ) -> requests.Response:
        fields = {"Content-Type": content_type} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.request("POST", path, data=body, headers=fields)

    def send(self, signal_name: str, message: Any, *, space: str | None = None) -> None:
        """Posts a protobuf request that must be stored whole."""
        headers = {"X_Holdfast_Space": space} if space else {}
        answer = self.post(f"/v1/{signal_name}", message.SerializeToString(), **headers)
        assert answer.status_code == 200, f"{answer.status_code} {answer.content!r}"
        assert answer.content == b"", f"part was refused: {answer.content!r}"

    def export_grpc(self, signal_name: str, body: bytes, **metadata: str) -> bytes:
        """One Export call of raw bytes; raises grpc.RpcError when it is refused."""
        service = {"traces": "trace.v1.Trace", "logs": "logs.v1.Logs", "metrics": "metrics.v1.Metrics"}
        path = f"/opentelemetry.proto.collector.{service[signal_name]}Service/Export"
        fields = [(key.replace("_", "-"), value) for key, value in metadata.items()]
        with grpc.insecure_channel(self.grpc) as channel:
            return channel.unary_unary(path)(body, timeout=30, metadata=fields)

    def metric(self, name: str) -> float:
        """One sample without labels of /metrics."""
        text = self.request("GET", "/metrics").text
        match = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        assert match, f"{name} is not in /metrics:\n{text}"
        return float(match[1])

    def space_status(self, space: str = "default") -> dict[str, Any]:
        return next(s for s in self.get("/api/status")["spaces"] if s["space"] == space)

    # -- Segments

    def flush(self, space: str = "default") -> None:
        """Waits until every row of the space is in segments."""
        if "--memtable-age-seconds" not in self.arguments:
            self.restart(*FLUSH_SOON)
        eventually(
            lambda: self.space_status(space)["memtableBytes"] == 0,
            f"the memtable of {space} is empty",
            30,
        )

    def files(self, table: str | None = None, space: str = "default") -> list[dict[str, Any]]:
        """What `holdfast files --json` prints."""
        options = ["--table", table] if table else []
        done = self.cli("files", "--data", str(self.data), "--space", space, "--json", *options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def paths(self, table: str, space: str = "default") -> list[str]:
        return [file["path"] for file in self.files(table, space)]

    def verify(self) -> subprocess.CompletedProcess[str]:
        return self.cli("verify", "--data", str(self.data), seconds=300)

    def cli(self, *arguments: str, seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
        return run_cli(self.binary, *arguments, seconds=seconds)

    def log(self, lines: int = 60) -> str:
        if not self.log_path.exists():
            return "(no log)"
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])
