#!/bin/bash
# SPDX-License-Identifier: MIT
# cross.sh NATIVE_PEER FOREIGN_PEER [RUNNER...] - a ring between programs of two architectures, in
# both directions. RUNNER runs the foreign one, such as qemu-aarch64 -L /usr/aarch64-linux-gnu.
native=("$1")
foreign=("${@:3}" "$2")
name=cross.$$
failed=0

direction() { # number, sentence, count, producer's and consumer's array names
    local -n producer=$4 consumer=$5
    local p c

    "${producer[@]}" produce "$name" "$3" &
    p=$!
    "${consumer[@]}" consume "$name" "$3"
    c=$?
    wait $p
    p=$?
    if [ $p -eq 0 ] && [ $c -eq 0 ]; then
        echo "ok $1 - $2"
    else
        rm -f "/dev/shm/shmring.$(id -u).$name"
        echo "not ok $1 - $2"
        failed=1
    fi
}

if ! "${foreign[@]}" >/dev/null 2>&1 && [ $? -gt 2 ]; then
    echo "1..0 # SKIP ${foreign[*]} does not run here"
    exit 0
fi
direction 1 shouldShareARingFromNativeToForeign 100000 native foreign
direction 2 shouldShareARingFromForeignToNative 100000 foreign native
echo 1..2
exit $failed
