#!/bin/bash
# Compiles every kernel to PTX: kernels/ptx/NAME.PRECISION.TARGET.ptx and manifest.json, which are committed, so that
# neither building nor running the library needs this. Needs clang-19 (Debian and Ubuntu: apt-get install clang-19),
# no CUDA toolkit. Usage: kernels/build-ptx.sh [output folder, default kernels/ptx]
set -euo pipefail
export LC_ALL=C
output=$(mkdir -p "${1:-$(dirname "$0")/ptx}" && cd "${1:-$(dirname "$0")/ptx}" && pwd)
cd "$(dirname "$0")"
compiler=${CLANG:-clang-19}
# Both short-ptr flags or neither: pointers into on-chip memory have 32 bits. No fast-math: masks and NaN count.
flags="-x cuda --cuda-device-only -nocudainc -nocudalib -O3 -ffp-contract=fast -Xclang -fcuda-short-ptr \
-mllvm --nvptx-short-ptr -Wall -Werror -S"
# The oldest first. A newer target's file is kept only where its code differs from the one before: a driver compiles
# PTX of an older target for every newer device.
targets="sm_70 sm_80"

code() { grep -v -e '^\.version' -e '^\.target' "$1"; }

rm -f "$output"/*.ptx "$output"/manifest.json
entries=()
for source in *.cl; do
    name=${source%.cl}
    hash=$(cat "$source" ./*.h | sha256sum | cut -d ' ' -f 1)
    for precision in fp32 fp16; do
        previous=
        for target in $targets; do
            file="$name.$precision.$target.ptx"
            half=$([ "$precision" = fp16 ] && echo 1 || echo 0)
            # shellcheck disable=SC2086 # flags are words
            "$compiler" $flags --cuda-gpu-arch="$target" "-DFP16=$half" -o "$output/$file" "$source"
            if [ -n "$previous" ] && cmp -s <(code "$output/$previous") <(code "$output/$file"); then
                rm "$output/$file"
                continue
            fi
            previous=$file
            ptx=$(sha256sum < "$output/$file" | cut -d ' ' -f 1)
            entries+=("    { \"file\": \"$file\", \"source\": \"$source\",
      \"sourceHash\": \"$hash\",
      \"ptxHash\": \"$ptx\" }")
        done
    done
done

{
    echo "{"
    echo "  \"compiler\": \"$("$compiler" --version | head -n 1)\","
    echo "  \"flags\": \"$flags\","
    echo "  \"targets\": \"$targets\","
    echo "  \"files\": ["
    for i in "${!entries[@]}"; do
        echo "${entries[$i]}$([ "$i" -lt $((${#entries[@]} - 1)) ] && echo "," || true)"
    done
    echo "  ]"
    echo "}"
} > "$output/manifest.json"
