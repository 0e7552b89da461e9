#!/bin/bash
# SPDX-License-Identifier: MIT
# order.sh NATIVE_PEER FOREIGN_PEER RUNNER... - a machine of the other byte order: its ring is refused here,
# ours is refused there, in one sentence that says why; and two of its programs share a ring.
native=("$1")
foreign=("${@:3}" "$2")
name=order.$$
failed=0

say() { # number, sentence, whether it is so
    if [ "$3" -eq 0 ]; then echo "ok $1 - $2"; else echo "not ok $1 - $2" && failed=1; fi
}

refused() { # the names of the arrays of who makes the ring and of who comes to it
    local -n maker=$1 comer=$2
    local said

    "${maker[@]}" produce "$name" 0 || return 1
    if said=$("${comer[@]}" produce "$name" 1 2>&1); then
        echo "# it was let in"
        "${maker[@]}" consume "$name" 0
        return 1
    fi
    echo "$said"
    "${maker[@]}" consume "$name" 0 || return 1 # the ring is as it was
    [[ $said == *"'Local\\$name'"*"other byte order"* ]]
}

among_themselves() {
    local p c

    "${foreign[@]}" produce "$name" 20000 &
    p=$!
    "${foreign[@]}" consume "$name" 20000
    c=$?
    wait $p && [ $c -eq 0 ]
}

if ! "${foreign[@]}" >/dev/null 2>&1 && [ $? -gt 2 ]; then
    echo "1..0 # SKIP ${foreign[*]} does not run here"
    exit 0
fi
refused native foreign
say 1 shouldRefuseANativeRingOnTheForeignMachine $?
refused foreign native
say 2 shouldRefuseAForeignRingOnThisMachine $?
among_themselves
say 3 shouldShareARingAmongForeignProcesses $?
rm -f "/dev/shm/shmring.$(id -u).$name"
echo 1..3
exit $failed
