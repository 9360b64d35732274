"""Byte-pair vocabularies in the two forms that the models use: CLIP's (words end in </w>) and GPT-2's (with spaces).

Both are learnt from the captions. Letters are told apart by Python's classes, which differ from Unicode's \\p{N}
in rare numerals; the engine's own tokenizers, not these, are what a codec runs.
"""
import json
import os
import re
import unicodedata
from collections import Counter, defaultdict
from functools import lru_cache

_LETTERS, _DIGITS = r"[^\W\d_]", r"\d"
_CLIP_WORDS = re.compile(rf"'s|'t|'re|'ve|'m|'ll|'d|{_LETTERS}+|{_DIGITS}|(?:[^\s\w]|_)+")
_GPT2_WORDS = re.compile(rf"'s|'t|'re|'ve|'m|'ll|'d| ?{_LETTERS}+| ?{_DIGITS}+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


@lru_cache(None)
def byte_alphabet():
    """Byte -> printable character, as GPT-2 has it."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in kept]
    return {**{b: chr(b) for b in kept}, **{b: chr(256 + i) for i, b in enumerate(others)}}


def _merge(symbols, pair):
    out, i = [], 0
    while i < len(symbols):
        if i + 1 < len(symbols) and (symbols[i], symbols[i + 1]) == pair:
            out.append(symbols[i] + symbols[i + 1])
            i += 2
        else:
            out.append(symbols[i])
            i += 1
    return tuple(out)


def learn(words, count):
    """The COUNT most frequent merges of Counter {symbols: frequency}, ties in lexical order."""
    words = dict(words)
    pairs, where = Counter(), defaultdict(set)
    for word, frequency in words.items():
        for pair in zip(word, word[1:]):
            pairs[pair] += frequency
            where[pair].add(word)
    merges = []
    while len(merges) < count and pairs:
        best = min(pairs, key=lambda p: (-pairs[p], p))
        if pairs[best] < 2:
            break
        merges.append(best)
        for word in sorted(where.pop(best)):
            frequency = words.pop(word, None)
            if frequency is None:
                continue
            for pair in zip(word, word[1:]):
                pairs[pair] -= frequency
                if pairs[pair] <= 0:
                    del pairs[pair]
            merged = _merge(word, best)
            words[merged] = words.get(merged, 0) + frequency
            for pair in zip(merged, merged[1:]):
                pairs[pair] += frequency
                where[pair].add(merged)
        pairs.pop(best, None)
    return merges


class BytePairs:
    """Encodes and decodes with a folder's vocab.json and merges.txt; subclasses split the text into words."""

    def __init__(self, folder):
        with open(os.path.join(folder, "vocab.json"), encoding="utf-8") as file:
            self.ids = json.load(file)
        with open(os.path.join(folder, "merges.txt"), encoding="utf-8") as file:
            lines = [line.rstrip("\n") for line in file if not line.startswith("#version")]
        self.ranks = {tuple(line.split(" ")): i for i, line in enumerate(lines) if line}
        with open(os.path.join(folder, "tokenizer_config.json"), encoding="utf-8") as file:
            config = json.load(file)
        self.bos, self.eos, self.pad = (self.ids[config[f"{n}_token"]] for n in ("bos", "eos", "pad"))
        self.special = {self.bos, self.eos, self.pad}
        self.texts = {v: k for k, v in self.ids.items()}
        self.bytes = {c: b for b, c in byte_alphabet().items()}
        self.cache = {}

    def _split(self, symbols):
        while len(symbols) > 1:
            best = min(zip(symbols, symbols[1:]), key=lambda p: self.ranks.get(p, len(self.ranks)))
            if best not in self.ranks:
                break
            symbols = _merge(symbols, best)
        return symbols

    def words(self, text):
        """The text's words, each as a tuple of symbols."""
        raise NotImplementedError

    def tokens(self, text):
        """Ids without special tokens."""
        ids = []
        for word in self.words(text):
            if word not in self.cache:
                self.cache[word] = [self.ids[s] for s in self._split(word)]
            ids += self.cache[word]
        return ids

    def decode(self, ids):
        """Text of the ids that are not special."""
        text = "".join(self.texts[i] for i in ids if i not in self.special)
        return bytes(self.bytes[c] for c in text if c in self.bytes).decode("utf-8", "replace")


def _symbols(word):
    alphabet = byte_alphabet()
    return tuple(alphabet[b] for b in word.encode())


def clip_words(text):
    """Lower-cased words whose last symbol carries </w>."""
    # As transformers' basic tokenizer cleans: an untrained captioner writes control characters.
    kept = "".join(c for c in text if c in "\t\n\r" or (c != "\ufffd" and unicodedata.category(c)[0] != "C"))
    text = " ".join(unicodedata.normalize("NFC", kept).split()).lower()
    for word in _CLIP_WORDS.findall(text):
        symbols = _symbols(word)
        yield symbols[:-1] + (symbols[-1] + "</w>",)


def gpt2_words(text):
    """Words with the space before them."""
    return (_symbols(word) for word in _GPT2_WORDS.findall(text))


class ClipTokens(BytePairs):
    """Start, the text, end, then padding to the length."""

    def words(self, text):
        return clip_words(text)

    def encode(self, text, length):
        ids = [self.bos, *self.tokens(text)[:length - 2], self.eos]
        return ids + [self.pad] * (length - len(ids))


class Gpt2Tokens(BytePairs):
    """Start, then the text."""

    def words(self, text):
        return gpt2_words(text)

    def encode(self, text):
        return [self.bos, *self.tokens(text)]


def _write(folder, vocabulary, merges, config):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "vocab.json"), "w", encoding="utf-8") as file:
        json.dump(vocabulary, file, ensure_ascii=False)
    with open(os.path.join(folder, "merges.txt"), "w", encoding="utf-8") as file:
        file.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    names = {config[n] for n in ("bos_token", "eos_token", "pad_token", "unk_token")}
    config["added_tokens_decoder"] = {
        str(vocabulary[name]): {"content": name, "lstrip": False, "normalized": True, "rstrip": False,
                                "single_word": False, "special": True}
        for name in sorted(names, key=vocabulary.get)}
    with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)


def make_clip(folder, captions, size, length):
    """Learns a CLIP vocabulary of about SIZE entries and writes its folder."""
    alphabet = sorted(byte_alphabet().values())
    counts = Counter(word for caption in captions for word in clip_words(caption))
    base = alphabet + [a + "</w>" for a in alphabet]
    merges = learn(counts, max(0, size - len(base) - 2))
    entries = dict.fromkeys(base + [a + b for a, b in merges] + ["<|startoftext|>", "<|endoftext|>"])
    end = "<|endoftext|>"
    _write(folder, {text: i for i, text in enumerate(entries)}, merges, {
        "tokenizer_class": "CLIPTokenizer", "bos_token": "<|startoftext|>", "eos_token": end, "unk_token": end,
        "pad_token": end, "errors": "replace", "model_max_length": length, "clean_up_tokenization_spaces": True})


def make_gpt2(folder, captions, size):
    """Learns a byte-level vocabulary of about SIZE entries and writes its folder."""
    base = ["<s>", "<pad>", "</s>", "<unk>"] + sorted(byte_alphabet().values())
    counts = Counter(word for caption in captions for start in ("", " ") for word in gpt2_words(start + caption))
    merges = learn(counts, max(0, size - len(base)))
    entries = dict.fromkeys(base + [a + b for a, b in merges])
    _write(folder, {text: i for i, text in enumerate(entries)}, merges, {
        "tokenizer_class": "GPT2Tokenizer", "bos_token": "</s>", "eos_token": "</s>", "unk_token": "</s>",
        "pad_token": "<pad>", "add_bos_token": True, "add_prefix_space": False, "errors": "replace",
        "clean_up_tokenization_spaces": True})
