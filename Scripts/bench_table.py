"""Makes the table of `make bench` of what its steps measured; a last figure is measured here.

The bar is what has to be reached, the goal what is aimed at.

Usage: bench_table.py DIRECTORY URL
"""

import json
import pathlib
import statistics
import sys
import time
import urllib.request

ROUNDS = 50
# Bar and goal, by the figure; those of answers by the words that the kind of the query begins with.
WANTED = {
    "spans/s": ("150,000", "400,000"),
    "log records/s": ("200,000", "400,000"),
    "CPU-seconds per million spans": ("10", "4"),
    "CPU-seconds per million log records": ("6", "4"),
    "CPU-seconds per million samples": ("4", "1.5"),
    "bytes per span": ("60", "45"),
    "bytes per log record": ("45", "35"),
    "peak memory": ("400", "250"),
    "trace by id": ("2 / 6 ms", "0.8 / 3 ms"),
    "unknown id": ("1 ms", "0.3 ms"),
    "search": ("15 / 60 ms", "5 / 20 ms"),
    "logs needle": ("15 ms", "4 ms"),
    "span visible": ("at once", "at once"),
}


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
            (f"peak memory so far ({signal}), MB", f"{run['server']['peakResidentBytes'] / 1e6:.0f}"),
        ]
    for name, answers in (("", load("anew")), (", asked before", load("again"))):
        for answer in answers:
            times = f"{answer['median']:.2f} / {answer['p99']:.2f} ms"
            rows.append((f"{answer['kind']}{name}, median / p99", times))
    rows.append(("span visible after its acknowledgement", visibility(url)))
    table = [("figure", "measured", "bar", "goal"), *((*row, *wanted(row[0])) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    for name, *cells in table:
        cells = [f"{cell:>{width}}" for cell, width in zip(cells, widths[1:])]
        print(f"{name:<{widths[0]}}  {'  '.join(cells)}")
    print("A metric point is an OTLP data point; one of a histogram is many samples, and costs accordingly more.")


def wanted(name: str) -> tuple[str, str]:
    """Bar and goal of a figure, where it has them; an answer from the cache has none."""
    if "asked before" in name:
        return "-", "-"
    return next((both for start, both in WANTED.items() if name.startswith(start)), ("-", "-"))


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
