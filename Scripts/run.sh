#!/usr/bin/env bash
# Serves on the standard ports and, once that works, sends a shop's traffic there, until Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."
holdfast=.build/release/holdfast
data=${HOLDFAST_DATA:-./holdfast-data}

ready=$(mktemp)
demo=
"$holdfast" serve --data "$data" >"$ready" &
server=$!
# shellcheck disable=SC2086  # There may be no demo yet.
trap 'kill -TERM $demo $server 2>/dev/null || true; wait; rm -f "$ready"' EXIT
trap 'exit 0' INT TERM

# Another program on these ports may answer as well: only what our own server says counts.
until grep -q "is ready" "$ready"; do
    if ! kill -0 "$server" 2>/dev/null; then
        # It has said why.
        wait "$server"
        exit 1
    fi
    sleep 0.1
done
cat "$ready" - <<'TEXT'

  Open http://127.0.0.1:4318 to see traces, logs and metrics arrive.
  Any OpenTelemetry SDK can send to http://127.0.0.1:4318 (HTTP) or 127.0.0.1:4317 (gRPC).
  Ctrl-C stops both; the data stays and is there again at the next start.

TEXT
"$holdfast" demo &
demo=$!
wait "$server"
