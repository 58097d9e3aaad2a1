#!/usr/bin/env bash
# Serves on the standard ports and sends a shop's traffic there, until Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."
holdfast=.build/release/holdfast
data=${HOLDFAST_DATA:-./holdfast-data}

"$holdfast" serve --data "$data" &
server=$!
trap 'kill -TERM $demo $server 2>/dev/null; wait' EXIT
"$holdfast" demo &
demo=$!
trap 'exit 0' INT TERM
cat <<'TEXT'

  Open http://127.0.0.1:4318 to see traces, logs and metrics arrive.
  Any OpenTelemetry SDK can send to http://127.0.0.1:4318 (HTTP) or 127.0.0.1:4317 (gRPC).
  Ctrl-C stops both; the data stays and is there again at the next start.

TEXT
wait "$server"
