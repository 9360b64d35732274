#!/bin/bash
# Assembles every file of kernels/ptx by NVIDIA's ptxas and prints what each kernel takes, as kernels/ptx/resources.csv
# has it: bytes that it asks for at its launch are part of its shared memory. Needs ptxas (Debian: nvidia-cuda-toolkit),
# or its path in PTXAS. Usage: kernels/ptx-resources.sh > kernels/ptx/resources.csv
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/ptx"
ptxas=${PTXAS:-ptxas}
echo "# ptxas $("$ptxas" --version | sed -n 's/.*, V//p')"
echo "file,kernel,registers,stack,spill_stores,spill_loads,shared_memory"
for file in *.ptx ladder/*.ptx; do
    target=${file%.ptx}
    target=${target##*.}
    "$ptxas" -v -arch="$target" -o /dev/null "$file" 2>&1 | awk -v file="$file" '
        BEGIN {
            while ((getline line < file) > 0) {
                if (match(line, /\.entry [a-z0-9_]+/)) entry = substr(line, RSTART + 7, RLENGTH - 7)
                if (split(line, word, "// dynamic_shared ") == 2) dynamic[entry] = word[2]
            }
        }
        /Compiling entry function/ { split($0, quoted, "\047"); kernel = quoted[2] }
        /bytes stack frame/ { stack = $1; stores = $5; loads = $9 }
        /: Used / {
            registers = $5
            static = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH) + 0 : 0
            print file "," kernel "," registers "," stack "," stores "," loads "," static + dynamic[kernel]
        }
        /error|fatal|warning/ { print > "/dev/stderr"; failed = 1 }
        END { exit failed }' | sort
done
