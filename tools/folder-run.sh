#!/usr/bin/env bash
# Encodes and decodes a folder of pictures, each in a run that is interrupted and resumed, and checks that nothing was
# lost and nothing done twice.
#
#   tools/folder-run.sh PICTURES.tar|FOLDER [COUNT] [STEPS]
#
# COUNT pictures are taken (200), and drawn with STEPS denoising steps (2). Needs a Release build of the command line.
set -euo pipefail

pictures=$1
count=${2:-200}
steps=${3:-2}
root=$(cd "$(dirname "$0")/.." && pwd)
percoengine=${PERCOENGINE:-$root/src/PerCo.Engine.Cli/bin/Release/net10.0/percoengine}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/all" "$work/in/odd" "$work/in/even"
if [ -d "$pictures" ]; then
    cp -r "$pictures/." "$work/all"
else
    tar -xf "$pictures" -C "$work/all"
fi

# In two folders, so that mirroring is part of the run.
find "$work/all" -type f \( -name '*.jpg' -o -name '*.png' \) | sort | sed -n "1,${count}p" > "$work/list"
n=0
while IFS= read -r file; do
    n=$((n + 1))
    if [ $((n % 2)) = 0 ]; then mv "$file" "$work/in/even/"; else mv "$file" "$work/in/odd/"; fi
done < "$work/list"
[ "$n" = "$count" ] || { echo "only $n of $count pictures in $pictures" >&2; exit 1; }

fail() { echo "FAILED: $*" >&2; exit 1; }

lines() { if [ -f "$1" ]; then grep -c "\"status\":\"$2\"" "$1" || true; else echo 0; fi; }

# Runs a verb, interrupts it after a third and after two thirds of the files, and lets the last run finish.
interrupted() {
    local verb=$1 in=$2 out=$3 log=$work/$1.jsonl start end stop=0 pid code
    shift 3
    start=$(date +%s.%N)
    for part in 1 2; do
        stop=$((count * part / 3))
        env --default-signal=INT "$percoengine" "$verb" "$in" -R -o "$out" --resume --log "$log" -q "$@" &
        pid=$!
        while [ "$(lines "$log" done)" -lt "$stop" ] && kill -0 "$pid" 2> /dev/null; do sleep 0.05; done
        kill -INT "$pid" 2> /dev/null || fail "$verb ended before it could be interrupted"
        code=0
        wait "$pid" || code=$?
        [ "$code" = 130 ] || [ "$code" = 1 ] || fail "$verb: exit code $code after the interruption"
        [ "$code" = 130 ] || fail "$verb failed"
        echo "$verb interrupted after $(lines "$log" done) of $count files"
        [ "$(find "$out" -type f | wc -l)" = "$(lines "$log" done)" ] || fail "$verb left something half-written"
    done
    "$percoengine" "$verb" "$in" -R -o "$out" --resume --log "$log" -q "$@"
    end=$(date +%s.%N)
    [ "$(lines "$log" done)" = "$count" ] || fail "$verb did $(lines "$log" done) files, expected $count"
    [ "$(lines "$log" failed)" = 0 ] || fail "$verb: some files failed"
    [ "$(grep '"status":"done"' "$log" | grep -o '"input":"[^"]*"' | sort -u | wc -l)" = "$count" ] \
        || fail "$verb did a file twice"
    [ "$(find "$out" -type f | wc -l)" = "$count" ] || fail "$verb made $(find "$out" -type f | wc -l) files"
    echo "$verb: $count files in three runs, $(echo "$end - $start" | bc) s, $(find "$out" -type f -printf '%s\n' \
        | awk '{ sum += $1 } END { print sum }') bytes"
}

interrupted encode "$work/in" "$work/encoded"
interrupted decode "$work/encoded" "$work/decoded" --steps "$steps"
for name in odd even; do
    diff <(cd "$work/in/$name" && ls | sed 's/\.[a-z]*$//' | sort) \
        <(cd "$work/decoded/$name" && ls | sed 's/\.png$//' | sort) || fail "folders are not mirrored"
done
echo "nothing lost, nothing done twice"
