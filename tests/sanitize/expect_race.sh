#!/bin/bash
# SPDX-License-Identifier: MIT
# expect_race.sh PROGRAM - succeeds when ThreadSanitizer reports a data race in it.
report=$(TSAN_OPTIONS=exitcode=66:halt_on_error=1 timeout 500 "$1" 2>&1)
status=$?
if [ $status -eq 66 ] && grep -q 'WARNING: ThreadSanitizer: data race' <<<"$report"; then
    grep -m1 -A3 'WARNING: ThreadSanitizer' <<<"$report"
    exit 0
fi
echo "the planted race was not reported; exit status $status"
tail -5 <<<"$report"
exit 1
