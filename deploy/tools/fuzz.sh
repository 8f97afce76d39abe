#!/usr/bin/env bash
# Runs the fuzz targets of the hub under libFuzzer, each for some seconds, and says how many inputs each has had.
#
#   deploy/tools/fuzz.sh SECONDS [TARGET...]
#
# What cargo-fuzz does for this, without the compiler that it asks for: the flags that make libFuzzer see which ways an
# input takes are those of any compiler; only its sanitizers are not, and our code has no unsafe part for them to watch.
# What was found interesting stays in target/fuzz/corpus. An input that fails is kept in target/fuzz and named.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=$1
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(json_frames protobuf_frames calls events filters)
command -v c++ >/dev/null || {
    echo "fuzz: needs a C++ compiler (libFuzzer is compiled from source): install g++ or clang and try again" >&2
    exit 2
}
machine=$(rustc -vV | sed -n 's/^host: //p')
folder=target/fuzz

# With a target named, the flags are not for what the compiler itself loads.
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing" \
    cargo build --locked --release --manifest-path server/hub/fuzz/Cargo.toml --target "$machine" --target-dir $folder

for target in "${targets[@]}"; do
    mkdir -p $folder/corpus/"$target"
    inputs=($folder/corpus/"$target")
    [ ! -d server/hub/fuzz/seeds/"$target" ] || inputs+=(server/hub/fuzz/seeds/"$target")
    log=$folder/$target.log
    if ! $folder/"$machine"/release/"$target" -max_total_time="$seconds" -max_len=2048 -timeout=10 -rss_limit_mb=1024 \
        -artifact_prefix=$folder/"$target"- -print_final_stats=1 "${inputs[@]}" >"$log" 2>&1; then
        tail -n 30 "$log"
        echo "fuzz: $target failed; again with: $folder/$machine/release/$target $(sed -n 's/.*Test unit written to //p' "$log")"
        exit 1
    fi
    echo "fuzz: $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s," \
        "$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | grep -o '[0-9]*') places reached"
done
