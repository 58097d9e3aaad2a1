#!/usr/bin/env bash
# Runs the Swift tests under AddressSanitizer and ThreadSanitizer, with failpoints; any report of this code is a failure.
# Each takes a build in a directory of its own. SANITIZERS=thread runs only one.
set -euo pipefail
cd "$(dirname "$0")/.."
export HOLDFAST_PYTHON="$PWD/.venv/bin/python"
# The backtracer would look at a process that a sanitizer is about to end.
export SWIFT_BACKTRACE=enable=no
# Swift's runtime keeps what it allocates for a type, which is no leak.
export ASAN_OPTIONS=detect_leaks=0:suppressions=$PWD/Scripts/asan-suppressions.txt
export TSAN_OPTIONS=suppressions=$PWD/Scripts/tsan-suppressions.txt

for sanitizer in ${SANITIZERS:-address thread}; do
    build=.build-${sanitizer:0:1}san
    flags=(--sanitize "$sanitizer" --traits Failpoints --scratch-path "$build")
    SWIFT_DETERMINISTIC_HASHING=1 swift build --build-tests "${flags[@]}"
    preload=
    if [ "$sanitizer" = thread ]; then
        preload=$PWD/$build/mutex.so
        "$(dirname "$(readlink -f "$(command -v swiftc)")")/clang" -O1 -shared -fPIC -o "$preload" \
            Scripts/tsan-mutex.c -ldl
    fi
    run=(swift test --skip-build --disable-xctest "${flags[@]}")
    # What has time limits goes one at a time: beside the rest it would wait for the processors.
    LD_PRELOAD=$preload "${run[@]}" --no-parallel --filter '^ServerTests\.'
    LD_PRELOAD=$preload "${run[@]}" --skip '^ServerTests\.'
done
