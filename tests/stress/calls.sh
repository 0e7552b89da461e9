#!/bin/bash
# SPDX-License-Identifier: MIT
# calls.sh CALLS - counts system calls through strace: none in a stream that keeps up, one wake for
# each sleep otherwise.
calls=$1
trace=$(mktemp)
trap 'rm -f "$trace"' EXIT
failed=0

if ! strace -o /dev/null true 2>/dev/null; then
    echo "1..0 # SKIP strace is not installed, or may not trace here"
    exit 0
fi

report() { # number, sentence, got, want
    if [ "$3" = "$4" ]; then
        echo "ok $1 - $2"
    else
        echo "# got $3, wanted $4"
        echo "not ok $1 - $2"
        failed=1
    fi
}

strace -o "$trace" "$calls" stream || echo "# the stream failed"
between=$(awk '/^getppid/{n++; next} n == 1' "$trace" | wc -l)
report 1 shouldMakeNoSystemCallInAStreamThatKeepsUp \
    "$(grep -c '^getppid' "$trace") marks, $between calls" "2 marks, 0 calls"

ring=calls.$$
"$calls" serve $ring 50 &
served=$!
strace -e trace=futex -o "$trace" "$calls" wake $ring 50 || echo "# the sender failed"
wait $served || echo "# the reader failed"
report 2 shouldMakeOneWakeCallForEachSleep "$(grep -c 'FUTEX_WAKE' "$trace")" 50

"$calls" fill $ring 50 &
served=$!
strace -e trace=futex -o "$trace" "$calls" drain $ring 50 || echo "# the reader failed"
wait $served || echo "# the sender failed"
report 3 shouldMakeOneWakeCallForEachSleepOfASender "$(grep -c 'FUTEX_WAKE' "$trace")" 50

echo "1..3"
exit $failed
