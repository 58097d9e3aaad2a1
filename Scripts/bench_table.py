"""Makes the table of `make bench` of what its steps measured; a last figure is measured here.

Usage: bench_table.py DIRECTORY URL
"""

import json
import pathlib
import statistics
import sys
import time
import urllib.request

ROUNDS = 50


def main() -> None:
    directory, url = pathlib.Path(sys.argv[1]), sys.argv[2]
    load = lambda name: json.loads((directory / f"{name}.json").read_text())
    size = bytes_by_table(load("files"))
    rows = []
    for signal, unit, tables in (
        ("traces", "span", ("spans", "traces")),
        ("logs", "log record", ("logs",)),
        ("metrics", "metric point", [table for table in size if table.startswith("metric_")]),
    ):
        run = load(signal)
        settled = sum(size.get(table, 0) for table in tables) / run["items"]
        rows += [
            (f"{unit}s/s, 4 connections", f"{run['itemsPerSecond']:,.0f}"),
            (f"CPU-seconds per million {unit}s", f"{run['serverCPUSecondsPerMillionItems']:.2f}"),
            *samples(run),
            (f"bytes per {unit}, settled", f"{settled:.1f}"),
            ("peak memory so far, MB", f"{run['server']['peakResidentBytes'] / 1e6:.0f}"),
        ]
    for name, answers in (("", load("anew")), (", asked before", load("again"))):
        for answer in answers:
            times = f"{answer['median']:.2f} / {answer['p99']:.2f} ms"
            rows.append((f"{answer['kind']}{name}, median / p99", times))
    rows.append(("span visible after its acknowledgement", visibility(url)))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value:>16}")


def samples(run: dict) -> list[tuple[str, str]]:
    """What a point costs when each bucket of a histogram counts, as in Prometheus."""
    if "serverCPUSecondsPerMillionSamples" not in run:
        return []
    name = "CPU-seconds per million samples, as Prometheus counts them"
    return [(name, f"{run['serverCPUSecondsPerMillionSamples']:.2f}")]


def bytes_by_table(files: list[dict]) -> dict[str, int]:
    """Bytes of the segments that the newest version names, by table."""
    result: dict[str, int] = {}
    for file in files:
        result[file["table"]] = result.get(file["table"], 0) + file["bytes"]
    return result


def visibility(url: str) -> str:
    """Whether the first question after an acknowledgement finds the span, and how long its answer takes."""
    first, times = 0, []
    for number in range(ROUNDS):
        trace = f"{time.time_ns():032x}"
        span = {"traceId": trace, "spanId": f"{number + 1:016x}", "name": "visible",
                "startTimeUnixNano": str(time.time_ns()), "endTimeUnixNano": str(time.time_ns())}
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "bench"}}]}
        body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}
        request = urllib.request.Request(f"{url}/v1/traces", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        urllib.request.urlopen(request).read()
        start = time.monotonic()
        try:
            urllib.request.urlopen(f"{url}/api/traces/{trace}").read()
            first += 1
        except urllib.error.HTTPError:
            pass
        times.append((time.monotonic() - start) * 1e3)
    return f"{first} of {ROUNDS} at once, {statistics.median(times):.1f} ms"


main()
