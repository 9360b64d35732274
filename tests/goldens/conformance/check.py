#!/usr/bin/env python3
"""A second reader of .perco files, written from docs/FORMAT.md: all but the caption's code. Prints what it checked."""
import json
import pathlib
import zlib

RATES = [(64, 256), (64, 1024), (32, 1024), (16, 256), (16, 8196), (8, 64), (8, 256)]


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        assert self.at <= len(self.data)
        return self.data[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "little")

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.number(1)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value


def read_codes(reader, count, entries):
    power_of_two = entries & (entries - 1) == 0
    blocks = [1] * count if power_of_two else [min(512, count - i) for i in range(0, count, 512)]
    widths = [(entries ** block - 1).bit_length() for block in blocks]
    size = (sum(widths) + 7) // 8
    bits, left = int.from_bytes(reader.take(size), "big"), size * 8
    codes = []
    for block, width in zip(blocks, widths):
        left -= width
        value = bits >> left & (1 << width) - 1
        digits = []
        for _ in range(block):
            value, digit = divmod(value, entries)
            digits.append(digit)
        assert value == 0
        codes += reversed(digits)
    assert bits & (1 << left) - 1 == 0
    return codes


def read(data):
    assert data[:3] == b"\xb7PC" and zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "little")
    reader = Reader(data[:-4])
    control = reader.take(4)[3]
    assert control >> 4 & 7 == 1
    rate = control & 15
    result = {"model": reader.number(4), "width": reader.varint(), "height": reader.varint()}
    stride, entries, books = (*RATES[rate], 1) if rate < 7 else (0, 0, 0)
    if rate == 15:
        stride, entries, books = 1 << reader.number(1), reader.varint(), reader.varint()
    flags = reader.number(1) if control & 128 else 0
    result["seed"] = str(reader.number(8)) if flags & 1 else None
    result["steps"] = reader.varint() if flags & 2 else None
    result["guidanceHundredths"] = reader.number(2) if flags & 4 else None
    count = -(-result["width"] // stride) * -(-result["height"] // stride) * books if stride else 0
    return result | {
        "stride": stride, "entries": entries, "books": books, "codes": read_codes(reader, count, entries or 2)}


def main():
    folder = pathlib.Path(__file__).parent
    files = json.loads((folder / "conformance.json").read_text(encoding="utf-8"))["files"]
    for expected in files:
        for field, value in read((folder / expected["name"]).read_bytes()).items():
            assert expected[field] == value, (expected["name"], field)
    print(f"{len(files)} files have the sizes, grids, options and codes that conformance.json says")


main()
