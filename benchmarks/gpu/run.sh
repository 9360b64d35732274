#!/bin/bash
# Everything that a CUDA GPU is needed for, in one go of less than ten minutes. Two steps, which may be on two machines:
#   benchmarks/gpu/run.sh publish   where .NET is: the program and its runtime, into artifacts/gpu
#   benchmarks/gpu/run.sh           where the GPU is: needs NVIDIA's driver and artifacts/gpu, and neither .NET nor a
#                                   CUDA toolkit; with python3 and torch also the peer's times. Publishes first where
#                                   there is a .NET SDK, so that what is measured is this checkout.
# Correctness comes first, then kernels and the whole decode, each beside its peer in PyTorch. A stage that fails or
# takes too long is noted, and the next one runs; what was measured by then is kept. Results go to
# benchmarks/results/DATE-gpu* or to the folder in OUT. Exit status 1: a stage failed; 2: nothing could run.
# To try the script out: DEVICE=opencl QUICK=1 benchmarks/gpu/run.sh
set -uo pipefail
cd "$(dirname "$0")/../.."
program=artifacts/gpu/percoengine
device=${DEVICE:-cuda}
quick=${QUICK:-}
limit=${LIMIT:-570}

publish() {
    dotnet publish src/PerCo.Engine.Cli -c Release -r linux-x64 --self-contained -p:PublishTrimmed=true \
        -p:PublishSingleFile=true -p:DebugType=none -o artifacts/gpu --nologo -v q
}

if [ "${1:-}" = publish ]; then
    publish && du -sh artifacts/gpu
    exit
fi
if [ $# -gt 0 ]; then
    echo "usage: [DEVICE=cuda] [QUICK=1] [OUT=folder] benchmarks/gpu/run.sh [publish]" >&2
    exit 2
fi
if command -v dotnet > /dev/null; then
    publish || exit 2
elif [ ! -x "$program" ]; then
    echo "run.sh: $program is missing; make it with 'benchmarks/gpu/run.sh publish' where .NET is" >&2
    exit 2
fi

results=${OUT:-benchmarks/results}
mkdir -p "$results"
stem="$results/$(date -u +%F)-gpu"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export DOTNET_BUNDLE_EXTRACT_BASE_DIR="$scratch" PERCOENGINE_CACHE="$scratch/cache"
started=$SECONDS
failed=0
: > "$stem.log"
echo "stage,device,precision,result,seconds" > "$stem-stages.csv"

log() { echo "$@" | tee -a "$stem.log"; }

# stage NAME PRECISION SECONDS OUTPUT COMMAND...: runs it for at most so long; its output goes to a file, or to the log
# for -. Writes a row of the table of stages.
stage() {
    local name=$1 precision=$2 most=$3 output=$4 status before=$SECONDS result=ok left
    shift 4
    left=$((limit - (SECONDS - started)))
    if [ "$left" -lt 10 ]; then
        log "== $name $precision: left out, the time is up"
        echo "$name,$device,$precision,left out,0" >> "$stem-stages.csv"
        failed=1
        return 1
    fi
    log "== $name $precision: $*"
    if [ "$output" = - ]; then
        timeout -k 5 $((most < left ? most : left)) "$@" >> "$stem.log" 2>&1
    else
        timeout -k 5 $((most < left ? most : left)) "$@" > "$output" 2>> "$stem.log"
    fi
    status=$?
    if [ "$status" -ne 0 ]; then
        result="exit $status"
        failed=1
    fi
    log "   $result, $((SECONDS - before)) s"
    echo "$name,$device,$precision,$result,$((SECONDS - before))" >> "$stem-stages.csv"
    return "$status"
}

# peer NAME SECONDS OUTPUT ARGUMENTS...: the same in PyTorch, whose absence is no failure.
peer() {
    local name=$1 most=$2 output=$3 before=$failed
    shift 3
    local on=()
    [ "$device" = cuda ] || on=(--device cpu)
    stage "$name" "-" "$most" "$output" python3 benchmarks/gpu/peer.py "$@" "${on[@]}"
    failed=$before
}

log "# $(date -u +%FT%TZ) $(git rev-parse --short HEAD 2> /dev/null || echo 'no git') on $device"
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv >> "$stem.log" 2>&1 || true
"$program" devices 2>&1 | tee -a "$stem.log"
# The first use checks all kernels. One that hangs or breaks the device is left out after two tries at most.
for try in 1 2 3 4 5; do
    if timeout -k 5 45 "$program" bench --device "$device" --set mini --op Add > /dev/null 2>> "$stem.log"; then
        break
    elif [ "$try" -eq 5 ]; then
        log "run.sh: $device does not compute a sum; the reason is in $stem.log"
        exit 2
    fi
done

# 1. Correctness: every kernel and every network, in each precision; then a picture against the CPU's.
for precision in fp16 fp32 bf16; do
    stage verify "$precision" 90 "$stem-verify-$precision.json" \
        "$program" verify --device "$device" --precision "$precision" --json
done
stage encode fp32 30 - "$program" encode examples/kodim23.png "$scratch/picture.perco" --device cpu -q
stage decode-cpu fp32 60 - "$program" decode "$scratch/picture.perco" "$scratch/cpu.png" --device cpu --verbose
for precision in fp16 fp32 bf16; do
    stage decode "$precision" 60 - "$program" decode "$scratch/picture.perco" "$stem-$precision.png" --force \
        --device "$device" --precision "$precision" --verbose
done

# 2. Kernels, and the library's at the same shapes; then the product's ladder.
shapes=(--set unet vae captioner mini)
[ -z "$quick" ] || shapes=(--quick)
stage bench fp16 150 "$stem-ops.csv" \
    "$program" bench --device "$device" --precision fp16 "${shapes[@]}" --csv
if [ -s "$stem-ops.csv" ]; then
    peer peer-ops 90 "$stem-ops-torch.csv" ops "$stem-ops.csv"
    [ -s "$stem-ops-torch.csv" ] && stage compare "-" 20 "$stem-ops-compared.csv" \
        python3 benchmarks/gpu/peer.py compare "$stem-ops.csv" "$stem-ops-torch.csv"
fi
ladder=(--ladder)
[ -z "$quick" ] || ladder+=(--quick)
stage ladder fp16 60 "$stem-ladder.csv" \
    "$program" bench --device "$device" --precision fp16 "${ladder[@]}" --csv

# 3. The whole decode at the published size, and what its products' tiles take beside the estimates.
if [ -z "$quick" ]; then
    stage decode-sd21 fp16 120 "$stem-decode.csv" \
        "$program" bench --device "$device" --precision fp16 --decode benchmarks/gpu/sd21 --csv
    stage decode-sd21-batch fp16 120 "$stem-decode-batch.csv" \
        "$program" bench --device "$device" --precision fp16 --decode benchmarks/gpu/sd21 --batch 4 --csv
    peer peer-decode 120 "$stem-decode-torch.csv" decode
    stage decode-sd21 bf16 120 "$stem-decode-bf16.csv" \
        "$program" bench --device "$device" --precision bf16 --decode benchmarks/gpu/sd21 --csv
    stage tilings fp16 60 "$stem-tilings.csv" \
        "$program" bench --device "$device" --precision fp16 --set unet --op Conv2d Linear --kernel _ --tilings --csv
    stage bench fp32 90 "$stem-ops-fp32.csv" \
        "$program" bench --device "$device" --precision fp32 --set unet --csv
fi

# 4. A summary, last.
log "# stages"
tee -a "$stem.log" < "$stem-stages.csv"
for file in "$stem-ladder.csv" "$stem-ops-compared.csv" "$stem-decode.csv" "$stem-decode-batch.csv" \
    "$stem-decode-torch.csv"; do
    if [ -s "$file" ]; then
        log "# $file"
        grep -e '^#' -e '512x512' -e '^ladder' "$file" | tee -a "$stem.log"
    fi
done
log "# written: $stem*, after $((SECONDS - started)) s"
exit "$failed"
