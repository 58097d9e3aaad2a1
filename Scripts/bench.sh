#!/usr/bin/env bash
# Measures ingest and queries of the release binary on this machine and prints one table.
# BENCH_DIR keeps the generated requests (about 1 GB); BENCH_ITEMS spans and as many log records are sent.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v python3 >/dev/null || {
    echo "python3 is needed to print the table" >&2
    exit 1
}
holdfast=$PWD/.build/release/holdfast
items=${BENCH_ITEMS:-1000000}
requests=${BENCH_DIR:-${TMPDIR:-/tmp}/holdfast-bench-$items}
work=$(mktemp -d)
url=http://127.0.0.1:14318

if [ ! -f "$requests/queries.json" ]; then
    echo "generating $items spans, $items log records and $((items / 2)) points in $requests"
    "$holdfast" bench generate --out "$requests" --spans "$items" --logs "$items" \
        --points $((items / 2))
fi

# A memtable is old after 5 s here, so that the bytes on disk are of all rows.
"$holdfast" serve --data "$work/data" --http 127.0.0.1:14318 --grpc 127.0.0.1:14317 \
    --memtable-age-seconds 5 >"$work/ready" &
server=$!
trap 'kill -TERM $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$work"' EXIT
until grep -qs "is ready" "$work/ready"; do kill -0 "$server"; sleep 0.1; done

for signal in traces logs metrics; do
    echo "sending $signal over 4 connections" >&2
    "$holdfast" bench ingest --url "$url" --file "$requests/$signal.bin" --signal "$signal" \
        --connections 4 --pid "$server" --settle 10 --json >"$work/$signal.json"
done
echo "asking" >&2
query() { "$holdfast" bench query --url "$url" --queries "$requests/queries.json" --json "$@"; }
query --pid "$server" --anew >"$work/anew.json"
query >/dev/null
query --pid "$server" >"$work/again.json"
"$holdfast" files --data "$work/data" --json >"$work/files.json"

processor=$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1)
echo "machine: $(nproc) x $processor, Linux $(uname -r); commit $(git rev-parse --short HEAD)"
python3 Scripts/bench_table.py "$work" "$url"
