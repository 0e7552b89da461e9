#!/bin/bash
# SPDX-License-Identifier: MIT
# matrix.sh PEER[=RUNNER]... - each two of the foreign machines on one ring, in both directions; those of the
# other byte order, whose file name ends in s390x, must refuse the ring of each other one, and be refused.
number=0 failed=0

say() { # sentence, whether it is so
    number=$((number + 1))
    if [ "$2" -eq 0 ]; then echo "ok $number - $1"; else echo "not ok $number - $1" && failed=1; fi
}

run() { # peer as given, arguments
    local peer=${1%%=*} runner=
    [[ $1 == *=* ]] && runner=${1#*=}
    shift
    $runner "$peer" "$@"
}

share() { # producer, consumer
    local p c

    run "$1" produce "$name" 10000 &
    p=$!
    run "$2" consume "$name" 10000
    c=$?
    wait $p && [ $c -eq 0 ]
}

refuse() { # who makes the ring, who comes to it
    local said

    run "$1" produce "$name" 0 || return 1
    said=$(run "$2" produce "$name" 1 2>&1) && echo "# it was let in" && return 1
    run "$1" consume "$name" 0 || return 1 # the ring is as it was
    [[ $said == *"'Local\\$name'"*"other byte order"* ]]
}

for one in "$@"; do
    for two in "$@"; do
        [ "$one" = "$two" ] && continue
        name=matrix.$$.$number
        from=${one%%=*} to=${two%%=*}
        from=${from##*_} to=${to##*_}
        if [ "$from" = s390x ] || [ "$to" = s390x ]; then
            refuse "$one" "$two"
            say "shouldRefuseARingOf_${from}_On_$to" $?
        else
            share "$one" "$two"
            say "shouldShareARingFrom_${from}_To_$to" $?
        fi
        rm -f "/dev/shm/shmring.$(id -u).$name"
    done
done
echo "1..$number"
exit $failed
