#!/usr/bin/env bash
# Builds the site of a release, target/release/site, as small as it gets: split (app/src/components/later.rs), and on
# the library that `setup.sh small` compiled, where that could be had. The server is none of its business: what is
# unstable in a compiler shall compile pages only.
set -euo pipefail
cd "$(dirname "$0")/../.."

library=$PWD/.tools/small
if [ -e "$library/.stamp" ]; then
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="--sysroot=$library $(cat "$library/flags")"
    export RUSTC_BOOTSTRAP=1
fi
export LEPTOS_SITE_ROOT=target/release/site
exec cargo leptos build --release --precompress --frontend-only --lib-features=split
