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

# The linker that the compiler would take: on its own among the programs of its host, or Debian's.
host=$(rustc -vV | sed -n 's/^host: //p')
CHATR_LLD=$(rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld
[ -x "$CHATR_LLD" ] || CHATR_LLD=$(command -v rust-lld) || CHATR_LLD=
if [ -n "$CHATR_LLD" ]; then
    export CHATR_LLD CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$PWD/deploy/tools/wasm-ld
else
    echo "release: the compiler's linker was not found, so the pages will be a little larger"
fi
export LEPTOS_SITE_ROOT=target/release/site
exec cargo leptos build --release --precompress --frontend-only --lib-features=split
