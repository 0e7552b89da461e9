#!/bin/bash
# SPDX-License-Identifier: MIT
# inject.sh OPEN_CLOSE - kills a process at every system call of open, use and close, in a program that
# does nothing else: the next process must find no half-made ring, and leave no name behind.
open_close=$1
name=inject.$$
file=/dev/shm/shmring.$(id -u).$name
count=0
failed=0

report() { # ok|not-ok, sentence
    count=$((count + 1))
    if [ "$1" = ok ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        failed=1
    fi
}

if ! strace -o /dev/null true 2>/dev/null; then
    echo "1..0 # SKIP strace is not installed, or may not trace here"
    exit 0
fi

# Kills `cycle $1` at every system call it makes: strace counts each kind of call by itself, so the
# calls of one whole run are listed first. Prints what went wrong.
kill_everywhere() {
    local role=$1 holder=$2 calls=0 call turns n
    strace -o "/tmp/$name.calls" "$open_close" cycle "$role" "$name" >/dev/null ||
        echo "# the run without a kill failed"
    while read -r turns call; do
        for ((n = 1; n <= turns; n++)); do
            strace -o /dev/null -e trace="$call" -e inject="$call":signal=KILL:when=$n \
                "$open_close" cycle "$role" "$name" >/dev/null 2>&1 &&
                echo "# it survived $call number $n"
            "$open_close" probe "$name" || echo "# killed at $call number $n: the probe failed"
            if [ "$holder" = none ] && [ -e "$file" ]; then
                echo "# killed at $call number $n: $file is still there"
                rm -f "$file"
            fi
            calls=$((calls + 1))
        done
    done < <(sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' "/tmp/$name.calls" |
        grep -v -e execve -e exit_group | sort | uniq -c)
    rm -f "/tmp/$name.calls"
    echo "# killed a $role at $calls calls" >&2
    [ $calls -gt 30 ] || echo "# only $calls calls: is this the right program?"
}

expect_silence() { # sentence, output
    if [ -z "$2" ]; then
        report ok "$1"
    else
        echo "$2" | head -20
        report not-ok "$1"
    fi
}

expect_silence shouldSurviveAKillAtEveryCallOfAProducerThatCreates \
    "$(kill_everywhere producer none)"
expect_silence shouldSurviveAKillAtEveryCallOfAConsumerThatCreates \
    "$(kill_everywhere consumer none)"

hold_and_kill() { # role that holds, role that is killed
    local line out
    coproc holder { exec "$open_close" hold "$1" "$name"; }
    read -r line <&"${holder[0]}"
    kill_everywhere "$2" "$1"
    out=${holder[1]}
    exec {out}>&-
    wait "$holder_PID" || echo "# the holder failed"
    [ ! -e "$file" ] || echo "# $file is still there"
}
expect_silence shouldSurviveAKillAtEveryCallOfAProducerThatAttaches \
    "$(hold_and_kill consumer producer)"
expect_silence shouldSurviveAKillAtEveryCallOfAConsumerThatAttaches \
    "$(hold_and_kill producer consumer)"

echo "1..$count"
exit $failed
