#!/usr/bin/env bash
# Builds everything with warnings as errors and runs every test: units, then real clients against the
# debug binary. The failpoints are compiled in; `make build` and what is released have none.
set -euo pipefail
cd "$(dirname "$0")/.."
export HOLDFAST_PYTHON="$PWD/.venv/bin/python"
flags=(--traits Failpoints --explicit-target-dependency-import-check error)

# Set for the build alone (see the Makefile): tests and simulated histories must not depend on the order of a hash table.
SWIFT_DETERMINISTIC_HASHING=1 swift build --build-tests "${flags[@]}"
swift test --skip-build --disable-xctest --traits Failpoints
binary="$(swift build --show-bin-path)/holdfast"

# Simulated crashes go on beside the end-to-end tests, with what these leave of the processors. The histories are the
# same ones every time, so that a failure is the change's, and each is played twice and compared; `make torture` draws
# others.
nice -n 19 "$binary" torture --minutes "${TORTURE_MINUTES:-5}" --seed "${TORTURE_SEED:-1}" &
torture=$!
trap 'kill "$torture" 2>/dev/null || true' EXIT
.venv/bin/python -m pytest -q Tests/EndToEnd --binary "$binary"
wait "$torture"
