#!/bin/bash
# Compiles every kernel to PTX: kernels/ptx/NAME.PRECISION.TARGET.ptx and manifest.json, which are committed, so that
# neither building nor running the library needs this; those of kernels/ladder go to kernels/ptx/ladder. Needs clang-19
# (Debian and Ubuntu: apt-get install clang-19), no CUDA toolkit.
# Usage: kernels/build-ptx.sh [output folder, default kernels/ptx]
set -euo pipefail
export LC_ALL=C
output=$(mkdir -p "${1:-$(dirname "$0")/ptx}" && cd "${1:-$(dirname "$0")/ptx}" && pwd)
cd "$(dirname "$0")"
compiler=${CLANG:-clang-19}
# Both short-ptr flags or neither: pointers into on-chip memory have 32 bits. No fast-math: masks and NaN count.
flags="-x cuda --cuda-device-only -nocudainc -nocudalib -O3 -ffp-contract=fast -Xclang -fcuda-short-ptr \
-mllvm --nvptx-short-ptr -Wall -Werror -S -I."
# Unless a source names its own: the oldest target, whose code a driver compiles for every newer device.
target=sm_70
storage="fp32 fp16 bf16"

# What the first line of a source says after a word: "Target: sm_80.", "Storage: fp16 bf16."
# or "ISA: ptx83." (newer than the compiler takes for the target)
said() { head -n 1 "$1" | sed -n "s/.*$2: \([a-z0-9_ ]*\)\..*/\1/p"; }

rm -f "$output"/*.ptx "$output"/ladder/*.ptx "$output"/manifest.json
mkdir -p "$output/ladder"
entries=()
for source in *.cl ladder/*.cl; do
    # A rung of the ladder that is a kernel of kernels/ has its PTX there.
    if grep -q '^#include ".*\.cl"' "$source"; then
        continue
    fi
    hash=$(cat "$source" ./*.h | sha256sum | cut -d ' ' -f 1)
    own_target=$(said "$source" Target)
    own_isa=$(said "$source" ISA)
    own_storage=$(said "$source" Storage)
    for precision in ${own_storage:-$storage}; do
        file="${source%.cl}.$precision.${own_target:-$target}.ptx"
        # shellcheck disable=SC2086 # flags are words
        "$compiler" $flags ${own_isa:+-Xclang -target-feature -Xclang "+$own_isa"} \
            --cuda-gpu-arch="${own_target:-$target}" "-D${precision^^}=1" -o "$output/$file" "$source"
        ptx=$(sha256sum < "$output/$file" | cut -d ' ' -f 1)
        entries+=("    { \"file\": \"$file\", \"source\": \"$source\",
      \"sourceHash\": \"$hash\",
      \"ptxHash\": \"$ptx\" }")
    done
done

{
    echo "{"
    echo "  \"compiler\": \"$("$compiler" --version | head -n 1)\","
    echo "  \"flags\": \"$flags\","
    echo "  \"files\": ["
    for i in "${!entries[@]}"; do
        echo "${entries[$i]}$([ "$i" -lt $((${#entries[@]} - 1)) ] && echo "," || true)"
    done
    echo "  ]"
    echo "}"
} > "$output/manifest.json"
