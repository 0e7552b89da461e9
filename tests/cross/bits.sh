#!/bin/bash
# SPDX-License-Identifier: MIT
# bits.sh PEER_OF_64_BITS PEER_OF_32_BITS [WINE] - a ring between Windows programs of both word sizes,
# in both directions. Wine without its 32-bit half ends such a program at once, without a word.
# shellcheck disable=SC2034 # direction takes them by name
peer64=("${@:3}" "$1")
peer32=("${@:3}" "$2")
failed=0

direction() { # number, sentence, producer's and consumer's array names
    local -n producer=$3 consumer=$4
    local name=bits.$$.$1 p c=1

    "${producer[@]}" produce "$name" 100000 &
    p=$!
    "${consumer[@]}" consume "$name" 100000
    c=$?
    wait $p
    p=$?
    if [ $p -eq 0 ] && [ $c -eq 0 ]; then
        echo "ok $1 - $2"
    else
        echo "# producer: $p, consumer: $c"
        echo "not ok $1 - $2"
        failed=1
    fi
}

if ! "${peer32[@]}" 2>&1 </dev/null | grep -q usage; then
    echo "1..0 # SKIP this wine runs no 32-bit programs: it takes Debian's wine32:i386"
    exit 0
fi
direction 1 shouldShareARingFrom64To32Bits peer64 peer32
direction 2 shouldShareARingFrom32To64Bits peer32 peer64
echo 1..2
exit $failed
