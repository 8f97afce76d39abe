#!/usr/bin/env bash
# Every test there is: prepares the machine, runs all parts even when one fails, and closes with a line for each.
# shellcheck disable=SC2329 # `part` calls the functions
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

deploy/tools/setup.sh rust bindgen leptos node python browser checkers proxies || exit
# shellcheck source=/dev/null # written by setup.sh
. .tools/env
# shellcheck source=parts.sh
. deploy/tools/parts.sh

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

close
