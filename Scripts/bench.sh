#!/usr/bin/env bash
# Measures ingest and queries of the release binary on this machine and prints one table.
# BENCH_DIR keeps the generated requests (about 1 GB); BENCH_ITEMS spans and as many log records are sent.
set -euo pipefail
cd "$(dirname "$0")/.."
holdfast=$PWD/.build/release/holdfast
items=${BENCH_ITEMS:-1000000}
requests=${BENCH_DIR:-${TMPDIR:-/tmp}/holdfast-bench-$items}
data=$(mktemp -d)
url=http://127.0.0.1:14318

if [ ! -f "$requests/queries.json" ]; then
    echo "generating $items spans, $items log records and $((items / 2)) points in $requests"
    "$holdfast" bench generate --out "$requests" --spans "$items" --logs "$items" \
        --points $((items / 2))
fi

"$holdfast" serve --data "$data" --http 127.0.0.1:14318 --grpc 127.0.0.1:14317 >"$data/ready" &
server=$!
trap 'kill -TERM $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$data"' EXIT
until grep -q "is ready" "$data/ready"; do kill -0 "$server"; sleep 0.1; done

processor=$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1)
echo "machine: $(nproc) x $processor, Linux $(uname -r); commit $(git rev-parse --short HEAD)"
for signal in traces logs metrics; do
    "$holdfast" bench ingest --url "$url" --file "$requests/$signal.bin" --signal "$signal" \
        --connections 4 --pid "$server" --settle 3
done
echo "queries, every answer worked out:"
"$holdfast" bench query --url "$url" --queries "$requests/queries.json" --pid "$server" --anew
echo "the same, asked before:"
"$holdfast" bench query --url "$url" --queries "$requests/queries.json" >/dev/null
"$holdfast" bench query --url "$url" --queries "$requests/queries.json" --pid "$server"
"$holdfast" status --url "$url"
