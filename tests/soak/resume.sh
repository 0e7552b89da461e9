#!/bin/sh
# SPDX-License-Identifier: MIT
# resume.sh SOAK - a soak that ended, or was killed, goes on where it was. TAP.
set -u
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
totals=$folder/totals

figure() { # name
    awk -v name="$1" '$1 == name {print $2}' "$totals"
}

echo 1..2
"$1" 1 "$totals" >"$folder/first" || sed 's/^/# /' "$folder/first"
rounds=$(figure rounds)
records=$(figure records)
"$1" 1 "$totals" >"$folder/second" || sed 's/^/# /' "$folder/second"
if grep -q "goes on after round $rounds\$" "$folder/second" && [ "$(figure rounds)" -gt "$rounds" ] &&
    [ "$(figure records)" -gt "$records" ]; then
    echo "ok 1 - aSoakGoesOnWhereTheLastOneEnded"
else
    echo "not ok 1 - aSoakGoesOnWhereTheLastOneEnded"
fi

rounds=$(figure rounds)
lines=$(wc -l <"$totals")
"$1" 60 "$totals" >"$folder/third" &
while [ "$(figure rounds)" -le "$rounds" ] && kill -0 $! 2>/dev/null; do
    sleep 0.1
done
kill -9 $!
wait $! 2>/dev/null
trap 'rm -rf "$folder" /dev/shm/shmring.*.soak.'$! EXIT # the ring that it left
if [ "$(figure rounds)" -gt "$rounds" ] && [ "$(wc -l <"$totals")" -eq "$lines" ] &&
    "$1" 1 "$totals" | grep -q "goes on after round"; then
    echo "ok 2 - theTotalsAreWholeWhenASoakIsKilled"
else
    echo "not ok 2 - theTotalsAreWholeWhenASoakIsKilled"
fi
