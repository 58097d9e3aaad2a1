#!/usr/bin/env bash
# Runs the Swift tests of everything below the server under AddressSanitizer and ThreadSanitizer, with failpoints; any
# report is a failure. Each takes a build in a directory of its own. SANITIZERS=thread runs only one.
set -euo pipefail
cd "$(dirname "$0")/.."
export HOLDFAST_PYTHON="$PWD/.venv/bin/python"
export HOLDFAST_CORE=1
# The backtracer would look at a process that a sanitizer is about to end.
export SWIFT_BACKTRACE=enable=no
# Swift's runtime keeps what it allocates for a type, which is no leak.
export ASAN_OPTIONS=detect_leaks=0
export TSAN_OPTIONS="suppressions=$PWD/Scripts/tsan-suppressions.txt"

for sanitizer in ${SANITIZERS:-address thread}; do
    SWIFT_DETERMINISTIC_HASHING=1 swift test --sanitize "$sanitizer" --traits Failpoints --disable-xctest \
        --scratch-path ".build-${sanitizer:0:1}san"
done
