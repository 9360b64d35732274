#!/bin/bash
# Everything that a CUDA GPU is needed for, in one go. Two steps, which may be on two machines:
#   benchmarks/gpu/run.sh publish   where .NET is: the program and its runtime, into artifacts/gpu
#   benchmarks/gpu/run.sh           where the GPU is: needs NVIDIA's driver and artifacts/gpu, and neither .NET nor a
#                                   CUDA toolkit; with python3 and torch also the peer's times. Publishes first where
#                                   artifacts/gpu is missing and there is a .NET SDK.
# Correctness comes first: verify in fp32 and fp16, then a decode of the example, then the peer. Results go to
# benchmarks/results/DATE-gpu.csv and .log, or to the folder in OUT. Exit status 1: something failed; 2: could not run.
set -uo pipefail
cd "$(dirname "$0")/../.."
program=artifacts/gpu/percoengine

publish() {
    dotnet publish src/PerCo.Engine.Cli -c Release -r linux-x64 --self-contained -p:PublishTrimmed=true \
        -p:PublishSingleFile=true -p:DebugType=none -o artifacts/gpu --nologo -v q
}

if [ "${1:-}" = publish ]; then
    publish && du -sh artifacts/gpu
    exit
fi
if [ $# -gt 0 ]; then
    echo "usage: benchmarks/gpu/run.sh [publish]" >&2
    exit 2
fi
if [ ! -x "$program" ]; then
    if ! command -v dotnet > /dev/null; then
        echo "run.sh: $program is missing; make it with 'benchmarks/gpu/run.sh publish' where .NET is" >&2
        exit 2
    fi
    publish || exit 2
fi

results=${OUT:-benchmarks/results}
mkdir -p "$results"
stem="$results/$(date -u +%F)-gpu"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export DOTNET_BUNDLE_EXTRACT_BASE_DIR="$scratch"
failed=0

log() { echo "$@" | tee -a "$stem.log"; }

# step NAME DEVICE PRECISION COMMAND...: runs it into the log, and writes a row of the table.
step() {
    local name=$1 device=$2 precision=$3 start end status
    shift 3
    log "== $name $device $precision: $*"
    start=$(date +%s.%N)
    "$@" >> "$stem.log" 2>&1
    status=$?
    end=$(date +%s.%N)
    local result=ok
    [ "$status" -eq 0 ] || { result="exit $status"; failed=1; }
    log "   $result"
    echo "$name,$device,$precision,$result,$(awk "BEGIN { printf \"%.3f\", $end - $start }")" >> "$stem.csv"
    return "$status"
}

log "# $(date -u +%FT%TZ) $(git rev-parse --short HEAD 2> /dev/null || echo 'no git')"
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv >> "$stem.log" 2>&1 || true
"$program" devices 2>&1 | tee -a "$stem.log"
devices=()
for device in cuda opencl; do
    # A device is there where a tiny encode on it begins; the reason stands in the log where it does not.
    if "$program" encode examples/kodim23.png "$scratch/$device.perco" --device "$device" -q >> "$stem.log" 2>&1; then
        devices+=("$device")
    else
        log "# $device: no encode, see the log"
    fi
done
if [ "${devices[0]:-}" != cuda ]; then
    log "run.sh: the CUDA device did not encode a picture; the rest is skipped"
    exit 2
fi

echo "step,device,precision,result,seconds" >> "$stem.csv"
for device in "${devices[@]}"; do
    for precision in fp32 fp16; do
        step verify "$device" "$precision" "$program" verify --device "$device" --precision "$precision"
    done
done
"$program" encode examples/kodim23.png "$scratch/picture.perco" --device cpu -q >> "$stem.log" 2>&1 || failed=1
for device in "${devices[@]}"; do
    for precision in fp32 fp16; do
        for run in first again; do
            step "decode-$run" "$device" "$precision" "$program" decode "$scratch/picture.perco" \
                "$scratch/$device-$precision-$run.png" --device "$device" --precision "$precision" --verbose
        done
    done
done

log "== peer"
if python3 benchmarks/gpu/peer.py > "$scratch/peer.csv" 2>> "$stem.log"; then
    cat "$scratch/peer.csv" >> "$stem.csv"
else
    log "   no peer, see the log"
fi
log "# written: $stem.csv, $stem.log"
exit "$failed"
