#!/usr/bin/env bash
# Trains, exports and packs a model within half an hour of one GPU; the same command continues where it stopped.
# usage: training/h100-30min.sh SHARED RUN [OUT]: data and perceptual weights, the run's folder, where pieces go
set -euo pipefail
cd "$(dirname "$0")/.."
export PERCO_SHARED=$1 PERCO_RUN=$2
out=${3:-}
python=${PYTHON:-python3}
mkdir -p "$PERCO_RUN"

pack() { # the exported model in pieces of 15 MB: cat model.tar.* | tar x
    [ -n "$out" ] && [ -d "$PERCO_RUN/model" ] || return 0
    mkdir -p "$out"
    tar c -C "$PERCO_RUN" model | split -b 15000000 - "$out/model.tar."
    cp "$PERCO_RUN"/*/curve.csv "$out/" 2>/dev/null || true
}
trap pack EXIT

for stage in autoencoder denoiser end_to_end captioner export; do
    "$python" -m training "$stage" --config training/configs/h100-30min.json
done
