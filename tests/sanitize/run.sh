#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh [FOLDER] - builds the project under each sanitizer and at the ends of the optimisation
# levels, with gcc and clang, into FOLDER (default: build-sanitize), and runs the tests in each.
# SHMRING_SANITIZE="gcc-asan clang-tsan" picks some. meson-logs/testlog.json of each has the results.
set -u
source=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$source/build-sanitize}
only=${SHMRING_SANITIZE:-gcc-asan clang-asan clang-tsan gcc-O0 clang-O3}
failed=0

export ASAN_OPTIONS=abort_on_error=0:detect_leaks=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=exitcode=66

for what in $only; do
    options="-Dbench=disabled -Dexamples=disabled --buildtype=debugoptimized"
    # What this build cannot change (cross builds, the look of the sources) runs elsewhere.
    suites="--timeout-multiplier 5 --no-suite cross --no-suite layering --no-suite headers
        --no-suite format --no-suite docs"
    library="--timeout-multiplier 5 --suite unit --suite layout --suite quick --suite hostile"
    # Only what the tests need is built; the program and the soak once are enough, and clang's is the faster one.
    lean="-Dtools=disabled"
    case $what in
    clang-asan) options+=" -Db_sanitize=address,undefined" ;;
    gcc-asan) options+=" -Db_sanitize=address,undefined $lean" && suites+=" --no-suite soak" ;;
    *-tsan) options+=" -Db_sanitize=thread $lean" && suites="--suite tsan" ;;
    *-O0) options+=" -Doptimization=0 $lean" && suites="$library --no-suite steps" ;; # clang's steps are enough
    *-O3) options+=" -Doptimization=3 $lean" && suites=$library ;;
    *) echo "run.sh: what is $what?" && exit 2 ;;
    esac
    [ "${what%%-*}" = clang ] && options+=" -Db_lundef=false"
    echo "== $what: $options"
    # shellcheck disable=SC2086
    if ! CC=${what%%-*} meson setup --wipe "$folder/$what" "$source" $options >/dev/null 2>&1 &&
        ! CC=${what%%-*} meson setup "$folder/$what" "$source" $options; then
        failed=1
        continue
    fi
    # shellcheck disable=SC2086
    meson test -C "$folder/$what" --print-errorlogs $suites || failed=1
done
exit $failed
