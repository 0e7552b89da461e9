#!/bin/bash
# SPDX-License-Identifier: MIT
# inject_planted.sh OPEN_CLOSE - the test of the test: inject.sh must find what is wrong with a library that
# names a ring before it has written its header.
out=$(bash "$(dirname "$0")/inject.sh" "$1" 2>&1)
case $out in
    *'# SKIP'*)
        echo "$out"
        exit 0
        ;;
    *'what has the name is not a whole ring'*'not ok'*)
        echo "ok 1 - shouldFindARingThatIsNamedBeforeItIsMade"
        failed=0
        ;;
    *)
        while read -r line; do echo "# $line"; done <<<"$out"
        echo "not ok 1 - shouldFindARingThatIsNamedBeforeItIsMade"
        failed=1
        ;;
esac
echo "1..1"
exit $failed
