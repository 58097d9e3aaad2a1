#!/usr/bin/env bash
# Fails when a failpoint is compiled into a program: when one of the names in docs/failpoints.md is in it, or the
# variable that arms them. A name counts where it stands alone, not as a part of a longer word.
# Usage: check_failpoints.sh PROGRAM
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")/.."
export LC_ALL=C

names=$(sed -n 's/^| `\([^`]*\)` |.*/\1/p' docs/failpoints.md)
if [ -z "$names" ] || [ ! -s "$program" ]; then
    echo "there are no names in docs/failpoints.md, or there is no program $program" >&2
    exit 1
fi
names+=$'\n'HOLDFAST_FAILPOINTS
pattern=$(paste -sd '|' <<<"${names//./[.]}")
words=$(grep -a -o -E "[A-Za-z0-9._-]*($pattern)[A-Za-z0-9._-]*" "$program" || true)
found=$(grep -x -F -f <(echo "$names") <<<"$words" | sort -u || true)
if [ -n "$found" ]; then
    echo "failpoints are compiled into $program:" >&2
    sed 's/^/  /' <<<"$found" >&2
    echo "Build it without the trait Failpoints; see docs/failpoints.md." >&2
    exit 1
fi
