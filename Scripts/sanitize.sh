#!/usr/bin/env bash
# Runs the Swift tests under AddressSanitizer and ThreadSanitizer; any report is a failure.
# What they cover is said in docs/operating/sanitizers.md. Each takes a build of everything, in a directory of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
export HOLDFAST_PYTHON="$PWD/.venv/bin/python"
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=0
export TSAN_OPTIONS="suppressions=$PWD/Scripts/tsan-suppressions.txt halt_on_error=0"

for sanitizer in ${SANITIZERS:-address thread}; do
    swift test --sanitize "$sanitizer" --scratch-path ".build-$sanitizer" --disable-xctest
done
