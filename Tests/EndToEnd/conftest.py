"""The server that tests talk to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast_server import Holdfast
from shop import send_logs_and_metrics, send_shop

REPOSITORY = Path(__file__).resolve().parents[2]
MakeServer = Callable[..., Holdfast]

# Servers that are alive, so that a failing test can show what they said.
_live: list[Holdfast] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--binary",
        default=str(REPOSITORY / ".build/release/holdfast"),
        help="the holdfast binary to test (default: .build/release/holdfast)",
    )
    parser.addoption(
        "--power-cuts", type=int, default=2, help="how often test_power_loss.py cuts the power"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.failed:
        for server in _live:
            report.sections.append((f"holdfast on {server.data}", server.log()))
    return report


@pytest.fixture(scope="session")
def binary(pytestconfig: pytest.Config) -> Path:
    path = Path(pytestconfig.getoption("--binary")).resolve()
    if not path.exists():
        pytest.exit(f"{path} does not exist: run `make build`, or give --binary", returncode=2)
    return path


def _maker(binary: Path, directory: Path, servers: list[Holdfast]) -> MakeServer:
    def make(
        *arguments: str, data: Path | None = None, environment: dict[str, str] | None = None
    ) -> Holdfast:
        data = data or directory / f"data-{len(servers)}"
        log = directory / f"server-{len(servers)}.log"
        server = Holdfast(binary, data, *arguments, log=log, environment=environment)
        servers.append(server)
        _live.append(server)
        return server.start()

    return make


def _stop(servers: list[Holdfast]) -> None:
    for server in servers:
        _live.remove(server)
        server.kill9()
        server.session.close()


@pytest.fixture
def make_server(binary: Path, tmp_path: Path) -> Iterator[MakeServer]:
    """Starts servers with the given arguments; each on a directory of its own unless `data` names one."""
    servers: list[Holdfast] = []
    yield _maker(binary, tmp_path, servers)
    _stop(servers)


@pytest.fixture(scope="module")
def make_shared_server(
    binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeServer]:
    """The same for servers that all tests of a module share."""
    servers: list[Holdfast] = []
    yield _maker(binary, tmp_path_factory.mktemp("shared"), servers)
    _stop(servers)


@pytest.fixture
def server(make_server: MakeServer) -> Holdfast:
    """A server on an empty data directory."""
    return make_server()


@pytest.fixture(scope="module", params=["memory", "segments"])
def shop(request: pytest.FixtureRequest, make_shared_server: MakeServer) -> Holdfast:
    """A server that holds the shop's telemetry, in memory or in segments."""
    server = make_shared_server()
    send_shop(server)
    send_logs_and_metrics(server)
    if request.param == "segments":
        server.flush()
    return server
