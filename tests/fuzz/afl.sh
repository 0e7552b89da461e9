#!/bin/bash
# SPDX-License-Identifier: MIT
# afl.sh [-e] TARGET CORPUS [SECONDS [FOLDER]] - AFL++ on a fuzz target, from its corpus, for some seconds
# (default 10). What it finds is a failure; it is printed, and kept when a FOLDER is given. -e: it must find
# something, for a target with a planted error.
expect=0
[ "$1" = -e ] && expect=1 && shift
target=$1 corpus=$2 seconds=${3:-10} out=${4:-}
if [ -n "$out" ]; then
    mkdir -p "$out" || exit 1
else
    out=$(mktemp -d) || exit 1
    trap 'rm -rf "$out"' EXIT
fi
export AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
# With an error planted, inputs of the corpus may find it at once.
[ $expect -eq 1 ] && export AFL_SKIP_CRASHES=1 AFL_BENCH_UNTIL_CRASH=1
afl-fuzz -V "$seconds" -m none -t 20000 -i "$corpus" -o "$out" -- "$target" >"$out/log" 2>&1
status=$?
if [ $expect -eq 1 ]; then
    for found in "$out"/default/crashes/id*; do
        [ -e "$found" ] && echo "found ${found##*/}" && exit 0
    done
    tail -n 30 "$out/log"
    echo "the planted error was not found in $seconds s"
    exit 1
fi
stats=$out/default/fuzzer_stats
if [ $status -ne 0 ] || [ ! -s "$stats" ]; then
    tail -n 30 "$out/log"
    exit 1
fi
grep -E '^(run_time|execs_done|corpus_count|corpus_found|saved_crashes|saved_hangs|edges_found) ' "$stats"
for found in "$out"/default/crashes/id* "$out"/default/hangs/id*; do
    [ -e "$found" ] || continue
    echo "${found##*/default/}, base64: $(base64 -w 0 "$found")"
    status=1
done
[ "$(awk '$1 == "execs_done" {print $3}' "$stats")" -ge 1000 ] || status=1
exit $status
