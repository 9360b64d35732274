"""Builds the caption coder's model: src/PerCo.Engine/Codec/Captions/caption-model.bin.

Usage: python3 tools/caption-model/make.py flickr8k-captions.tsv vocab.json
  flickr8k-captions.tsv  file name, tab, caption a line (Flickr8k; five captions a picture, consecutive)
  vocab.json             CLIP's vocabulary, as in Stable Diffusion 2.1's tokenizer folder: a ranked list of words

The model is part of the .perco format: a changed model makes every caption written before unreadable. So the file is
frozen, and a test guards it. This script says how it was made.

Every twentieth picture is held out, so that what docs/caption-coder.md says can be measured on the shipped model.
Two n-gram models with interpolated modified Kneser-Ney smoothing (Chen and Goodman, 1999), counts below a minimum
pruned, probabilities rounded to an eighth of a bit:
  words       orders 1 to 4 over lower-cased captions, with supplement.txt counted twice
  characters  orders 1 to 5 over the words themselves, for words that the list lacks
"""
import collections, hashlib, json, math, os, struct, sys, zlib

HERE = os.path.dirname(os.path.abspath(__file__))
OUTPUT = os.path.join(HERE, "..", "..", "src", "PerCo.Engine", "Codec", "Captions", "caption-model.bin")
ATTACHED = [",", ".", "'s", "'", "n't", ";", ":", "!", "?", ")", "%"]  # follow a word without a space
CLIP_WORDS = 24000
END, UNKNOWN, START = 0, 1, 2
FIRST_ASCII = 0x21


def read_captions(path):
    """Captions as lists of words, held-out pictures left out, with the final full stop left out."""
    pictures, captions = {}, []
    for line in open(path, encoding="utf-8"):
        name, caption = line.rstrip("\n").split("\t")
        if pictures.setdefault(name, len(pictures)) % 20 != 19:
            captions.append([w for w in caption.split(" ") if w])
    captions = [c[:-1] if c and c[-1] == "." else c for c in captions]
    # The supplement writes commas as people do; Flickr8k sets them apart.
    extra = [line.strip().replace(",", " ,").split(" ") for line in open(os.path.join(HERE, "supplement.txt"))]
    return captions, extra


def kneser_ney(sequences, order, minimum, base):
    """Per order: {n-gram: probability}, {context: what is left for the next lower order}."""
    raw = [None] + [collections.Counter() for _ in range(order)]
    for s in sequences:
        for n in range(1, order + 1):
            for i in range(len(s) - n + 1):
                raw[n][tuple(s[i:i + n])] += 1
    levels = [None]
    for n in range(1, order + 1):
        counts = raw[n]
        if n < order:
            # Below the top, how many words an n-gram follows counts, not how often it was seen.
            counts = collections.Counter(g[1:] for g in raw[n + 1])
            counts.update({g: k for g, k in raw[n].items() if g[0] == START})
        if n == 1:
            counts = collections.Counter({g: k for g, k in counts.items() if g[0] != START})
        have = [sum(1 for k in counts.values() if k == j) for j in range(5)]
        y = have[1] / (have[1] + 2 * have[2])
        discount = [0] + [j - (j + 1) * y * have[j + 1] / have[j] for j in (1, 2, 3)]
        total, kept = collections.Counter(), collections.Counter()
        for g, k in counts.items():
            total[g[:-1]] += k
        probability = {}
        for g, k in counts.items():
            if raw[n][g] >= minimum[n]:
                p = (k - discount[min(k, 3)]) / total[g[:-1]]
                probability[g] = p
                kept[g[:-1]] += p
        levels.append((probability, {c: max(1 - p, 1e-6) for c, p in kept.items()}))
    probability, left = levels[1]
    levels[1] = ({(w,): probability.get((w,), 0) + left[()] * base[w] for w in range(len(base))}, left)
    return levels


def quantise(p):
    return max(0, min(240, round(-8 * math.log2(p)))) if p > 0 else 240


def varint(value):
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def block(data):
    return varint(len(data)) + data


def write_trie(levels, size):
    """Level by level, each node's children together and ascending: the context is the path from the root."""
    order = len(levels) - 1
    children = [collections.defaultdict(list) for _ in range(order + 1)]
    for n in range(2, order + 1):
        for g in levels[n][0]:
            children[n - 1][g[:-1]].append(g[-1])
    out, nodes, count = varint(order) + varint(size), [(w,) for w in range(size)], 0
    for n in range(1, order + 1):
        ids, previous = bytearray(), None
        for g in nodes:
            if n > 1:
                ids += varint(g[-1] if previous is None or previous[:-1] != g[:-1] else g[-1] - previous[-1] - 1)
            previous = g
        out += block(bytes(ids)) + block(bytes(quantise(levels[n][0][g]) for g in nodes))
        count += len(nodes)
        if n == order:
            break
        left = levels[n + 1][1]
        lists = [sorted(children[n].get(g, ())) for g in nodes]
        out += block(b"".join(varint(len(c)) for c in lists))
        out += block(bytes(quantise(left[g]) for g, c in zip(nodes, lists) if c))
        nodes = [g + (w,) for g, c in zip(nodes, lists) for w in c]
    print(f"  {size} symbols, {count} nodes", file=sys.stderr)
    return out


def word_model(captions, extra, ranked):
    lower = [[w.lower() for w in c] for c in captions] + 2 * extra
    seen = collections.Counter(w for c in lower for w in c)
    known = {w for w, k in seen.items() if k > 1} | set(ATTACHED)
    listed = known | set(ranked)
    # Spread what the captions leave over by rank, as Zipf's law has it.
    zipf = {w: 1 / (i + 50) for i, w in enumerate(ranked)}
    scale = sum(zipf.values())
    count = collections.Counter({w: seen[w] + 0.5 * zipf.get(w, 0) for w in listed})
    words = ["", "", ""] + sorted(listed, key=lambda w: (-count[w], w))
    base = [0.9 * zipf.get(w, 0) / scale + 0.1 / len(words) for w in words]
    base[UNKNOWN] = base[START] = 1e-9
    index = {w: i for i, w in enumerate(words) if w}
    sequences = [[START] + [index.get(w, UNKNOWN) for w in c] + [END] for c in lower]
    levels = kneser_ney(sequences, 4, [0, 1, 1, 2, 2], base)
    capital = collections.Counter(w.lower() for c in captions for w in c[1:] if w[0].isupper())
    small = collections.Counter(w for c in captions for w in c[1:] if w[0].islower())
    flags = bytes((w in ATTACHED) + 2 * (capital[w] > max(1, small[w])) for w in words)
    return words, flags, write_trie(levels, len(words)), seen


def character_model(words, seen):
    size = 3 + 0x7F - FIRST_ASCII
    rare = [w for w, k in seen.items() if k == 1]
    spelled = words[3:] + 3 * rare
    sequences = [[START] + [3 + ord(c) - FIRST_ASCII for c in w] + [END] for w in spelled]
    base = [1 / size] * size
    base[UNKNOWN] = base[START] = 1e-9
    return write_trie(kneser_ney(sequences, 5, [0, 1, 1, 2, 2, 3], base), size)


def main():
    captions, extra = read_captions(sys.argv[1])
    vocabulary = json.load(open(sys.argv[2], encoding="utf-8"))
    ranked = [w[:-4] for w, _ in sorted(vocabulary.items(), key=lambda x: x[1]) if w.endswith("</w>")]
    ranked = [w for w in ranked if w.isascii() and w.isalpha() and len(w) > 1][:CLIP_WORDS]
    words, flags, trie, seen = word_model(captions, extra, ranked)
    powers = b"".join(struct.pack("<I", max(1, round(2 ** (30 - k / 8)))) for k in range(256))
    data = powers + block("\n".join(words[3:]).encode("ascii")) + block(flags) + trie + character_model(words, seen)
    packed = zlib.compress(data, 9)
    print(f"  {len(data)} bytes, packed {len(packed)}, sha256 {hashlib.sha256(packed).hexdigest()}", file=sys.stderr)
    open(OUTPUT, "wb").write(packed)


main()
