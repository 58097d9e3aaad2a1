"""Answers from the cache: the same question costs one scan, and nothing acknowledged is hidden."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from conftest import MakeServer
from holdfast_server import Holdfast
from otlp import log, log_request, span, trace_request

FIGURES = {"hits", "misses", "coalesced", "staleServed", "evictions", "entries", "bytes"}


def figures(server: Holdfast) -> dict[str, Any]:
    cache = server.get("/api/cache")
    assert FIGURES <= cache.keys()
    assert cache["staleServed"] == 0
    return cache


def test_two_hundred_browsers_cost_one_scan(server: Holdfast) -> None:
    for trace in range(1, 40):
        server.send("traces", trace_request([span(trace, number) for number in range(1, 20)]))

    def ask(_: int) -> requests.Response:
        return server.request("GET", "/api/traces?limit=50", headers={"Accept-Encoding": "gzip"})

    with ThreadPoolExecutor(200) as browsers:
        answers = list(browsers.map(ask, range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    cache = figures(server)
    assert cache["loads"] == 1 and cache["entries"] == 1
    assert cache["hits"] + cache["coalesced"] == 199
    assert server.metric("holdfast_cache_hits_total") == cache["hits"]


def test_an_acknowledged_batch_is_in_the_next_answer(server: Holdfast) -> None:
    for number in range(1, 60):
        server.send("traces", trace_request([span(7, number)]))
        server.send("logs", log_request([log(f"line {number}")]))
        for _ in range(2):
            (trace,) = server.get(f"/api/traces/{7:032x}")["data"]
            assert len(trace["spans"]) == number
            assert len(server.get("/api/logs", limit=100)["logs"]) == number
    cache = figures(server)
    assert cache["hits"] == cache["loads"] == 2 * 59
    assert cache["evictions"]["invalidated"] > 0


def test_a_browser_is_told_what_it_knows_already(server: Holdfast) -> None:
    server.send("traces", trace_request([span(1, 1)]))
    first = server.request("GET", "/api/services")
    assert first.headers["Age"] == "0" and first.headers["Cache-Control"] == "no-cache"
    again = server.request("GET", "/api/services", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.content
    anew = server.request("GET", "/api/services", headers={"Cache-Control": "no-store"})
    assert "Age" not in anew.headers and anew.json() == first.json()


def test_without_a_cache(make_server: MakeServer) -> None:
    server = make_server("--cache-mib", "0")
    server.send("traces", trace_request([span(1, 1)]))
    for _ in range(2):
        assert len(server.get("/api/traces")["data"]) == 1
    assert figures(server)["misses"] == 0
