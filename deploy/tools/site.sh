#!/usr/bin/env bash
# Builds what `cargo leptos build` builds, without cargo-leptos, which takes longer to install than Chatr to compile.
#
# The settings are read where cargo-leptos reads them, in the root Cargo.toml, and cargo is called with the same
# words, so that the two share every compiled file. `make test` compares their results file by file.
# Debug builds only: `make release` is cargo-leptos' work, as it also minifies.
set -euo pipefail
cd "$(dirname "$0")/../.."

# setting KEY: its value in [[workspace.metadata.leptos]]
setting() {
    local value
    value=$(sed -n "/^\[\[workspace.metadata.leptos\]\]/,/^\[[^[]/s/^$1 = \"\(.*\)\"$/\1/p" Cargo.toml)
    [ -n "$value" ] || { echo "site: Cargo.toml does not set '$1' for cargo-leptos" >&2; exit 1; }
    echo "$value"
}

# bundle FILE: prints a stylesheet, each `@import "path";` line replaced by the file it names
# shellcheck disable=SC2094 # nothing is written
bundle() {
    local line import='^@import "([^"]+)";$'
    while IFS= read -r line || [ -n "$line" ]; do
        if [[ $line =~ $import ]]; then
            bundle "$(dirname "$1")/${BASH_REMATCH[1]}"
        elif [[ $line == *@import* ]]; then
            echo "site: $1: write an import as one line, @import \"path\";" >&2
            return 1
        else
            printf '%s\n' "$line"
        fi
    done <"$1"
}

name=$(setting name)
library=$(setting lib-package)
site=$(setting site-root)
scratch=$site.new # the finished folder takes the old one's place at the end: a server that is running keeps serving

export LEPTOS_OUTPUT_NAME=$name
cargo build --package="$library" --lib --target-dir=target/front --target=wasm32-unknown-unknown
cargo build --package="$(setting bin-package)" --bin="$(setting bin-target)"

rm -rf "$scratch"
mkdir -p "$scratch"
if [ -d "$(setting assets-dir)" ]; then cp -R "$(setting assets-dir)"/. "$scratch"; fi
package=$scratch/$(setting site-pkg-dir)
wasm-bindgen --target=web --out-name="$name" --out-dir="$package" "target/front/wasm32-unknown-unknown/debug/$library.wasm"
mv "$package/${name}_bg.wasm" "$package/$name.wasm"
bundle "$(setting style-file)" >"$package/$name.css"
rm -rf "$site.old"
if [ -d "$site" ]; then mv "$site" "$site.old"; fi
mv "$scratch" "$site"
rm -rf "$site.old"
