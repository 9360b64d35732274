"""Writes clip.json and gpt2.json here: odd texts and their ids in perco-mini's tokenizers.

A second, plain implementation of what transformers 4.37's slow CLIPTokenizer (without ftfy) and GPT2Tokenizer do, with
Python's own str methods, unicodedata and re; it shares nothing with the C# code.
Usage: python3 tests/goldens/tokenizers/make.py [texts] [seed] [clip folder] [gpt2 folder] [output folder]
"""
import json, os, random, re, sys, unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))
MINI = os.path.join(HERE, "..", "..", "..", "models", "perco-mini")


def char_class(prefix):
    """The code points of a general category as the inside of a regular expression's class."""
    out, start = [], None
    for cp in range(0x110001):
        inside = cp < 0x110000 and unicodedata.category(chr(cp)).startswith(prefix)
        if inside and start is None:
            start = cp
        if not inside and start is not None:
            out.append(f"\\U{start:08x}-\\U{cp - 1:08x}")
            start = None
    return "".join(out)


L, N = char_class("L"), char_class("N")
S = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"  # White_Space
ENDINGS = "'s|'t|'re|'ve|'m|'ll|'d"
CLIP = re.compile(rf"<\|startoftext\|>|<\|endoftext\|>|{ENDINGS}|[{L}]+|[{N}]|[^{S}{L}{N}]+", re.IGNORECASE)
GPT2 = re.compile(rf"{ENDINGS}| ?[{L}]+| ?[{N}]+| ?[^{S}{L}{N}]+|[{S}]+(?![^{S}])|[{S}]+")
PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
OTHERS = [b for b in range(256) if b not in PRINTABLE]
BYTE = {**{b: chr(b) for b in PRINTABLE}, **{b: chr(256 + i) for i, b in enumerate(OTHERS)}}
WORDS = ["a dog", " running", "The", " MAN's", "it's", "we'LL", "'s", "’s", "''", "12", " 3.5"]
CASES = ["ΑΣ", "ΣΑΣ.", "Σ", "İstanbul", "ŒUVRE", "'\u017f", "<|endofte\u017ft|>", "<|\u017ftartoftext|>"]
SPACES = [" ", "  ", "\n", "\t ", "\u3000", "\u2028", "\xa0", "\x85", "\x0b", "\x1c", "\u200b"]


class Tokenizer:
    def __init__(self, folder, suffix):
        load = lambda name: json.load(open(os.path.join(folder, name), encoding="utf-8"))
        self.vocab, self.suffix, config = load("vocab.json"), suffix, load("tokenizer_config.json")
        lines = open(os.path.join(folder, "merges.txt"), encoding="utf-8").read().strip().split("\n")[1:]
        self.rank = {tuple(line.split()): i for i, line in enumerate(lines)}
        self.added = {t["content"]: int(i) for i, t in config["added_tokens_decoder"].items()}
        self.named = {k: self.added[config[k + "_token"]] for k in ("bos", "eos", "pad", "unk")}
        self.trie = re.compile("(" + "|".join(map(re.escape, sorted(self.added, key=len, reverse=True))) + ")")

    def merge(self, word):
        parts = [BYTE[b] for b in word.encode("utf-8")]
        parts[-1] += self.suffix
        while len(parts) > 1:
            rank, pair = min((self.rank.get(p, 1 << 30), p) for p in zip(parts, parts[1:]))
            if rank == 1 << 30:
                break
            merged, i = [], 0
            while i < len(parts):
                step = 2 if tuple(parts[i:i + 2]) == pair else 1
                merged.append("".join(parts[i:i + step]))
                i += step
            parts = merged
        return [self.vocab.get(p, self.named["unk"]) for p in parts]

    def ids(self, text, words):
        out = []
        for part in self.trie.split(text):
            if part in self.added:
                out.append(self.added[part])
            else:
                for word in words(part):
                    out += [self.added[word]] if word in self.added else self.merge(word)
        return out


def ideograph(c):
    blocks = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
              (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))
    return any(a <= ord(c) <= b for a, b in blocks)


def clip_words(text):
    kept = []
    for c in text:
        if c in "\t\n\r" or unicodedata.category(c) == "Zs":
            kept.append(" ")
        elif c not in "\0\ufffd" and not unicodedata.category(c).startswith("C"):
            kept.append(f" {c} " if ideograph(c) else c)
    words = unicodedata.normalize("NFC", "".join(kept)).split()
    # The regex module (not re) finds U+0345 in none of the pattern's classes when it ignores case: its case variants
    # are letters, it is not.
    return CLIP.findall(" ".join(word.lower() for word in words).replace("\u0345", " "))


def random_text(rng, tokens):
    out = []
    for _ in range(rng.randrange(1, 14)):
        kind = rng.randrange(12)
        if kind < 3:
            out.append(rng.choice(WORDS))
        elif kind == 3:
            out.append(rng.choice(CASES))
        elif kind == 4:
            out.append(rng.choice(SPACES))
        elif kind == 5:
            out.append(rng.choice(tokens + ["<|ENDOFTEXT|>", "<|", "!", "!!"]))
        elif kind == 6:
            out.append("".join(rng.choice("\u0300\u0301\u0323\u0345\u0327") for _ in range(rng.randrange(1, 5))))
        elif kind == 7:
            out.append(chr(rng.randrange(0x1100, 0x1113)) + chr(rng.randrange(0x1161, 0x1176)) + chr(0x11A8))
        else:
            top = rng.choice([0x80, 0x250, 0x600, 0x3100, 0x10000, 0x110000])
            c = chr(rng.randrange(1, top))
            # Private, unassigned and surrogate code points are left to other tests: versions of Unicode differ.
            out.append(c if unicodedata.category(c) not in ("Cn", "Cs", "Co") else "x")
    return "".join(out)


def main():
    defaults = ["160", "7", os.path.join(MINI, "tokenizer"), os.path.join(MINI, "captioner"), HERE]
    count, seed, clip_folder, gpt2_folder, output = sys.argv[1:] + defaults[len(sys.argv) - 1:]
    count, seed = int(count), int(seed)
    clip, gpt2 = Tokenizer(clip_folder, "</w>"), Tokenizer(gpt2_folder, "")
    rng = random.Random(seed)
    texts = ["", " ", "a man in a red shirt is standing on a street", "\ufeffx\u0000y\ufffdz"]
    texts += [random_text(rng, list(clip.added) + list(gpt2.added)) for _ in range(count - len(texts))]
    outputs = {"clip": lambda t: clip.ids(t, clip_words), "gpt2": lambda t: gpt2.ids(t, GPT2.findall)}
    for name, ids in outputs.items():
        cases = [{"text": t, "ids": ids(t)} for t in texts]
        with open(os.path.join(output, name + ".json"), "w", encoding="ascii") as f:
            f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


main()
