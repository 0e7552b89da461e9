#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh [-e] FUZZER CORPUS [RUNS [LONGEST]] - a number of runs of a fuzz target from its corpus, the same ones
# each time (default 20000), of inputs of at most LONGEST bytes (default 512). -e: it must find something, for a target with a planted error: an input that it
# writes down. A fuzzer that cannot start, or that ends by itself, has found nothing.
# For hours, with findings and new inputs kept in the folder `found`:
#   mkdir found && cd found && BUILD/tests/fuzz/fuzz_segment -max_total_time=36000 . CORPUS
# and, to take what is new into the corpus:
#   BUILD/tests/fuzz/fuzz_segment -use_counters=0 -merge=1 CORPUS found
expect=0
[ "$1" = -e ] && expect=1 && shift
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
"$1" -seed=1 -runs="${3:-20000}" -max_len="${4:-512}" -timeout=100 -print_final_stats=1 \
    -artifact_prefix="$out/" "$out" "$2" >"$out/log" 2>&1
status=$?
if [ $expect -eq 1 ]; then
    for found in "$out"/crash-*; do
        [ $status -ne 0 ] && [ -e "$found" ] && grep -m 3 -E '^==.*ERROR|not so|SUMMARY' "$out/log" && exit 0
    done
    tail -n 5 "$out/log"
    echo "the planted error was not found in ${3:-20000} runs; the fuzzer ended with status $status"
    exit 1
fi
[ $status -ne 0 ] && grep -v '^#' "$out/log"
grep -E 'stat::number_of_executed|INITED|DONE' "$out/log"
for crash in "$out"/crash-* "$out"/timeout-*; do
    [ -e "$crash" ] && echo "input, base64: $(base64 -w 0 "$crash")"
done
exit $status
