# shellcheck shell=bash
# How a run of tests is divided: parts, which all run even when one fails, and at the end a line for each. Read by
# test.sh and test-azure.sh, which know what the parts are.

logs=target/test-logs
mkdir -p "$logs"
summary=()
failures=
failed=0

# part NAME COMMAND...: runs it, shows its output, remembers how it ended
part() {
    local name=$1 log started=$SECONDS verdict=passed
    log=$logs/${name// /-}.log
    shift
    printf '\n== %s\n' "$name"
    "$@" 2>&1 | tee "$log" || {
        verdict=FAILED failed=1
        failures+=$(named_failures "$log" | sed "s/^/$name: /")$'\n'
    }
    summary+=("$(printf '%-22s %-6s %s (%d s)' "$name" "$verdict" "$(counts "$log")" "$((SECONDS - started))")")
}

# counts LOG: what the test programs said, added up: cargo, Playwright, node's own runner, mocha and Python's unittest
# each in their words
counts() {
    sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
        /^test result: /                                   { passed += $4; failed += $6; next }
        /^(# |ℹ )pass [0-9]+$/                             { passed += $NF; next }
        /^(# |ℹ )fail [0-9]+$/                             { failed += $NF; next }
        /^ +[0-9]+ (passed|passing)( \(.*\))?$/            { passed += $1; next }
        /^ +[0-9]+ (failed|failing|flaky)$/                { failed += $1; next }
        /^Ran [0-9]+ tests? in /                           { passed += $2; next }
        /^FAILED \((failures|errors)=/ {
            while (match($0, /(failures|errors)=[0-9]+/)) {
                split(substr($0, RSTART, RLENGTH), named, "=")
                failed += named[2]; passed -= named[2]; $0 = substr($0, RSTART + RLENGTH)
            }
            next
        }
        END { if (passed + failed) printf "%d passed, %d failed", passed, failed }'
}

# named_failures LOG: which tests failed, in the words of the same programs; compilers say what stopped them
named_failures() {
    sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
        /^test .* \.\.\. FAILED$/ || /^error(\[|:)/ || /^not ok / || /^(FAIL|ERROR): / || /^ +✘ / { print; next }
        /^✖ failing tests:/                                                             { next }
        /^ *✖ /                                                                         { print }' |
        sort -u | head -40
}

# close: the lines, and the end
close() {
    printf '\n'
    printf '%s\n' "${summary[@]}"
    printf '%s' "$failures"
    exit "$failed"
}
