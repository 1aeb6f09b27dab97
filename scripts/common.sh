# shellcheck shell=bash
# SPDX-License-Identifier: BSL-1.0
# What the scripts share. Sourced by a script that has set -euo pipefail; goes to the project's folder.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
started=$SECONDS

# step TEXT: one line about what happens now, with the seconds so far.
step() {
    printf '[%4d s] %s\n' $((SECONDS - started)) "$*"
}

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# quietly NAME COMMAND…: shows what the command prints only if it fails; kept in build/log/NAME.log.
quietly() {
    local name=$1 log status=0
    shift
    mkdir -p build/log
    log=build/log/$name.log
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if ((status != 0)); then
        tail -n 100 "$log" >&2
        fail "failed: $* (all of it: $log)"
    fi
}

# How many compilers fit: one a core, 1.5 GB of memory each.
jobs() {
    local cores memory
    cores=$(nproc)
    memory=$(awk '/^MemAvailable/ { print int($2 / 1500000) }' /proc/meminfo 2>/dev/null || echo 1)
    if ((memory < 1)); then memory=1; fi
    echo $((cores < memory ? cores : memory))
}

# Where the default g++ is older than 12 (Ubuntu 22.04), the newest g++-N that is there.
choose_compiler() {
    local candidate
    if [[ -n ${CXX:-} ]] || { command -v g++ && (($(g++ -dumpversion | cut -d. -f1) >= 12)); } \
        >/dev/null; then
        return
    fi
    for candidate in g++-14 g++-13 g++-12; do
        if command -v "$candidate" >/dev/null; then
            export CXX=$candidate
            return
        fi
    done
}

# Where the system's Boost is too old, scripts/setup has unpacked a newer one here.
use_unpacked_boost() {
    if [[ -d build/deps/boost/usr ]]; then
        export CMAKE_PREFIX_PATH=$PWD/build/deps/boost/usr${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}
    fi
}

# configure PRESET [-D…]
configure() {
    local preset=$1
    shift
    choose_compiler
    use_unpacked_boost
    quietly "configure-$preset" cmake --preset "$preset" "$@"
}

# build PRESET [TARGET…]
build() {
    local preset=$1 targets=()
    shift
    if (($# > 0)); then targets=(--target "$@"); fi
    quietly "build-$preset" cmake --build --preset "$preset" --parallel "$(jobs)" "${targets[@]}"
}

# remarks_before_summary LOG: what ctest prints, on; but in front of its summary, which stays last, a
# line for each test that was skipped, with the reason, and for each that failed before it passed
# (ctest --repeat). LOG is ctest's LastTest.log, whole by then.
remarks_before_summary() {
    awk -v log_file="$1" '
    held || /^[0-9]+% tests passed/ { summary[++held] = $0; next }
    /Test +#[0-9]+: / {
        name = $0
        sub(/^.*Test +#[0-9]+: /, "", name)
        sub(/ .*/, "", name)
        if (/\*\*\*/) failed[name] = 1
        else if (/ Passed / && name in failed) again[++agains] = name
    }
    { print; fflush() }
    END {
        if (agains) print "\nFailed first, and passed when run again:"
        for (i = 1; i <= agains; i++) print "  " again[i]
        while ((getline line < log_file) > 0) {
            if (line ~ /^[0-9]+\/[0-9]+ Testing: /) {
                name = line
                sub(/^[^:]*: /, "", name)
                reason = ""
            } else if (line ~ /^skipped: / && reason == "") {
                reason = substr(line, 10)
            } else if (line ~ /^Skip regular expression found/) {
                if (!skips++) print "\nSkipped, and why:"
                print "  " name ": " reason
            }
        }
        if (skips || agains) print ""
        for (i = 1; i <= held; i++) print summary[i]
    }'
}

# test_preset PRESET [ARGUMENTS OF CTEST]
test_preset() {
    local preset=$1
    shift
    ctest --preset "$preset" --parallel "$(jobs)" "$@" 2>&1 </dev/null |
        remarks_before_summary "build/$preset/Testing/Temporary/LastTest.log"
}
