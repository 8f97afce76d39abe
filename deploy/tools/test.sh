#!/usr/bin/env bash
# Every test there is: prepares the machine, runs all parts even when one fails, and closes with a line for each.
# shellcheck disable=SC2329 # `part` calls the functions
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

deploy/tools/setup.sh rust bindgen leptos node python browser checkers proxies || exit
# shellcheck source=/dev/null # written by setup.sh
. .tools/env
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

# The programs themselves are built as well, with the same choice of crates: the parts below start them.
tests_of_rust() {
    cargo build --locked -p server -p hub -p wire -p app &&
        cargo test --locked --no-fail-fast -p server -p hub -p wire -p app
}

# deploy/tools/site.sh does what cargo-leptos does, and this says so file by file. The stylesheets are compared after
# cargo-leptos has been through ours as well, since it puts one into words of its own.
same_site() {
    local ours=target/site theirs=target/site-cargo-leptos again=target/site-again
    deploy/tools/site.sh &&
        LEPTOS_SITE_ROOT=$theirs cargo leptos build &&
        LEPTOS_SITE_ROOT=$again LEPTOS_STYLE_FILE=$ours/pkg/chatr.css cargo leptos build --frontend-only &&
        diff -r --exclude=chatr.css "$ours" "$theirs" &&
        diff "$again/pkg/chatr.css" "$theirs/pkg/chatr.css" &&
        echo "site.sh and cargo-leptos built the same site"
}

# What `make bundle` puts together, of the debug build that is there already: does it run by itself, and behind nginx
# and Caddy?
bundle() {
    deploy/tools/bundle.sh target/debug/chatr target/site target/bundle-debug &&
        node deploy/tools/try-bundle.mjs target/bundle-debug
}
behind_proxies() {
    PATH=$PATH:/usr/sbin:$PWD/.tools/proxies/usr/sbin:$PWD/.tools/proxies/usr/bin \
        node deploy/tools/try-proxy.mjs target/bundle-debug
}

npm_tests() { (cd "$1" && npm test --silent); }

# The clients leave sockets to the garbage collector; that is their business.
python_tests() {
    .tools/python/bin/python -W ignore::ResourceWarning -m unittest discover --start-directory end2end/wire/python
}

part "Rust" tests_of_rust
part "Site" same_site
part "Bundle" bundle
part "Proxies" behind_proxies
part "Deployment" deploy/tools/check-deploy.sh
part "Browser" npm_tests end2end
part "Azure's JavaScript" npm_tests end2end/wire
part "Azure's Python" python_tests

printf '\n'
printf '%s\n' "${summary[@]}"
printf '%s' "$failures"
exit "$failed"
