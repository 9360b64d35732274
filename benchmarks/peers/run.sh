#!/bin/bash
# The same work in PerCo.Engine, PyTorch and oneDNN, in turns, in one command. README.md says what it measures.
#   benchmarks/peers/run.sh [compare] [--only PATTERN] [--threads N] [--rounds N] [--seconds S] [--quick]
#   benchmarks/peers/run.sh report       the table in docs/performance.md and the plot, from the measurements
#   benchmarks/peers/run.sh list         all rows
# PYTHON names the Python that has torch; the default is the first of python3 and /usr/bin/python3 that has. Peers that
# are missing are left out, which is said. PEERS_BUILT=1 skips building.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=benchmarks/peers/PerCo.Engine.Peers
built=$program/bin/Release/net10.0/PerCo.Engine.Peers.dll

build_onednn() {
    local source=benchmarks/peers/onednn_peer.cpp target=artifacts/peers/onednn_peer
    [ "$target" -nt "$source" ] && return
    mkdir -p artifacts/peers
    g++ -O2 -std=c++17 "$source" -ldnnl -o "$target" 2> artifacts/peers/onednn_peer.log \
        || echo "run.sh: no oneDNN (apt-get install g++ libdnnl-dev): $(head -1 artifacts/peers/onednn_peer.log)" >&2
}

if [ -z "${PEERS_BUILT:-}" ]; then
    for project in "$program" src/PerCo.Engine.Cli; do
        dotnet build "$project" -c Release --nologo -v q -clp:ErrorsOnly
    done
    build_onednn
fi
for python in "${PYTHON:-python3}" /usr/bin/python3; do
    export PEERS_PYTHON=$python
    "$python" -c 'import torch, numpy' 2> /dev/null && break
done
exec dotnet "$built" "$@"
