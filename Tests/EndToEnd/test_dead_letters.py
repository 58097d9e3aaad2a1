"""A batch that was acknowledged and cannot be applied becomes a dead letter; everything else is there."""

from __future__ import annotations

import base64
import struct

from holdfast_server import Holdfast
from otlp import hex_trace, span, trace_request

BLOCK = 4096
HEADER = 64


def crc32c(data: bytes) -> int:
    """RFC 3720, appendix B.4, bit by bit."""
    crc = 0xFFFF_FFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F6_3B78 if crc & 1 else 0)
    return crc ^ 0xFFFF_FFFF


def spoil_newest_batch(server: Holdfast) -> bytes:
    """Replaces the newest batch of the journal by bytes that no decoder takes, with right checksums."""
    path = max((server.data / "journal").glob("*.wal"))
    data = bytearray(path.read_bytes())
    offset = max(at for at in range(BLOCK, len(data), BLOCK) if data[at : at + 4] == b"HFJG")
    (group_bytes,) = struct.unpack_from("<I", data, offset + 32)
    record = offset + HEADER
    payload_bytes, name_bytes = struct.unpack_from("<I2xH", data, record)
    payload = b"\xff" * payload_bytes
    start = record + 16 + name_bytes
    data[start : start + payload_bytes] = payload
    group = bytes(data[record : record + group_bytes])
    struct.pack_into("<I", data, offset + 40, crc32c(group))
    struct.pack_into("<I", data, offset + 60, crc32c(bytes(data[offset : offset + 60])))
    path.write_bytes(data)
    return payload


def operations(server: Holdfast, number: int) -> int:
    answer = server.request("GET", f"/api/traces/{hex_trace(number)}")
    return len(answer.json()["data"][0]["spans"]) if answer.status_code == 200 else 0


def run(server: Holdfast, *arguments: str) -> str:
    done = server.cli("dead-letters", *arguments, "--url", server.http)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


def test_no_letters(server: Holdfast) -> None:
    assert server.get("/api/dead-letters") == {"deadLetters": []}
    assert run(server, "list") == "no dead letters\n"
    assert server.metric("holdfast_dead_letters") == 0
    for method, path in [
        ("GET", ""), ("DELETE", ""), ("POST", "/replay"),
    ]:
        unknown = server.request(method, f"/api/dead-letters/000000000000002a-0001{path}")
        assert unknown.status_code == 404 and unknown.json()["error"]["code"] == "not_found"
        bad = server.request(method, f"/api/dead-letters/nonsense{path}")
        assert bad.status_code == 400 and bad.json()["error"]["remedy"]


def test_a_journaled_batch_that_cannot_be_decoded(server: Holdfast) -> None:
    server.send("traces", trace_request([span(1, 1)]))
    server.send("traces", trace_request([span(2, 1), span(2, 2)]))
    server.kill9()
    payload = spoil_newest_batch(server)
    server.start()
    assert (operations(server, 1), operations(server, 2)) == (1, 0)
    (letter,) = server.get("/api/dead-letters")["deadLetters"]
    assert (letter["space"], letter["signal"], letter["attempts"]) == ("default", "traces", 0)
    assert "decode" in letter["error"] and letter["bytes"] > len(payload)
    assert int(letter["nextAttempt"]) - int(letter["since"]) == 60 * 10**9
    shown = server.get(f"/api/dead-letters/{letter['id']}")
    assert base64.b64decode(shown["payload"]) == payload
    assert server.metric("holdfast_dead_letters") == 1
    assert "dead letters: 1" in server.cli("status", "--url", server.http).stdout
    assert letter["id"] in run(server, "list")

    # The server goes on; a replay is refused, and counted, across restarts.
    server.send("traces", trace_request([span(3, 1)]))
    refused = server.request("POST", f"/api/dead-letters/{letter['id']}/replay")
    assert refused.status_code == 422 and refused.json()["error"]["code"] == "refused"
    server.flush()
    server.restart(kill=True)
    (again,) = server.get("/api/dead-letters")["deadLetters"]
    assert (again["id"], again["attempts"]) == (letter["id"], 1)
    done = server.cli("dead-letters", "replay", letter["id"], "--url", server.http)
    assert done.returncode == 1 and "cannot be applied" in done.stderr

    # A web page of somebody else may not change anything.
    for method, path in [("DELETE", ""), ("POST", "/replay")]:
        answer = server.request(
            method, f"/api/dead-letters/{letter['id']}{path}", headers={"Origin": "http://evil.example"}
        )
        assert answer.status_code == 403

    done = server.cli("dead-letters", "discard", letter["id"], "--url", server.http)
    assert done.returncode == 1, "without --yes and without an answer nothing is discarded"
    run(server, "discard", letter["id"], "--yes")
    assert server.get("/api/dead-letters") == {"deadLetters": []}
    server.restart(kill=True)
    assert server.get("/api/dead-letters") == {"deadLetters": []}
    assert [operations(server, number) for number in (1, 2, 3)] == [1, 0, 1]
    server.terminate()
    assert server.verify().returncode == 0
