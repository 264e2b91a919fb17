#!/usr/bin/env python3
"""Make the PNG files that the tests of Imaging read, and say what Pillow makes of every PNG in their folder.

    make_pictures.py Tests/Fixtures/pictures

Every colour type, bit depth and interlacing of the format gets a picture of an awkward size. Beside each `<name>.png` comes
`<name>.u8`: the bytes of Pillow's convert("RGB"), or of the grey samples where the file has no colour. `texts.json` holds the
texts that Pillow finds. Needs pillow and numpy.
"""
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

WIDTH, HEIGHT = 13, 7
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
SAMPLES = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def rows(pixels, depth):
    """Filter type 0 and the packed samples of every row."""
    out = b""
    for row in pixels:
        flat = row.reshape(-1)
        if depth == 16:
            packed = flat.astype(">u2").tobytes()
        else:
            bits = np.unpackbits(flat.astype(np.uint8)[:, None], axis=1)[:, 8 - depth:]
            packed = np.packbits(bits.reshape(-1)).tobytes()
        out += b"\0" + packed
    return out


def png(colour, depth, interlaced=False, palette=None, transparent=None, before=b"", after=b"", seed=0):
    samples = np.random.default_rng(seed).integers(0, 2 ** depth, (HEIGHT, WIDTH, SAMPLES[colour]))
    if interlaced:
        raw = b"".join(rows(samples[y::dy, x::dx], depth) for x, y, dx, dy in ADAM7 if samples[y::dy, x::dx].size)
    else:
        raw = rows(samples, depth)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + (chunk(b"PLTE", palette) if palette else b"")
            + (chunk(b"tRNS", transparent) if transparent else b"") + chunk(b"IDAT", zlib.compress(raw)) + after + chunk(b"IEND", b""))


def colours(count):
    return np.random.default_rng(count).integers(0, 256, count * 3, dtype=np.uint8).tobytes()


def variants():
    for depth in (1, 2, 4, 8, 16):
        yield f"grey{depth}", png(GREY, depth, seed=depth)
    for depth in (1, 2, 4, 8):
        yield f"palette{depth}", png(PALETTE, depth, palette=colours(2 ** depth), seed=depth)
    yield "palette8_transparent", png(PALETTE, 8, palette=colours(256), transparent=bytes(range(256)))
    for name, colour in (("rgb", RGB), ("grey_alpha", GREY_ALPHA), ("rgba", RGBA)):
        for depth in (8, 16):
            yield f"{name}{depth}", png(colour, depth, seed=depth)
    yield "rgb8_transparent", png(RGB, 8, transparent=bytes([0, 1, 0, 2, 0, 3]))
    yield "rgb8_interlaced", png(RGB, 8, interlaced=True)
    yield "grey2_interlaced", png(GREY, 2, interlaced=True)
    yield "gamma", png(RGB, 8, before=chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"pHYs", struct.pack(">IIB", 1, 2, 0)))

    early = chunk(b"tEXt", b"Title\0caf\xe9, 2 lines\nhere") + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"packed " * 9))
    early += chunk(b"iTXt", b"parameters\0\0\0\0\0" + "ein Fuchs, 狐, 🦊".encode())
    late = chunk(b"iTXt", b"workflow\0\1\0de\0Ablauf\0" + zlib.compress('{"größe": 1}'.encode()))
    yield "texts", png(RGB, 8, before=early, after=late)


def main():
    folder = Path(sys.argv[1])
    for name, data in variants():
        (folder / f"{name}.png").write_bytes(data)
    texts = {}
    for path in sorted(folder.glob("*.png")):
        image = Image.open(path)
        image.load()
        if isinstance(image, PngImagePlugin.PngImageFile) and image.text:
            texts[path.stem] = dict(image.text)
        colour = path.read_bytes()[25]
        if colour == GREY and image.mode.startswith("I"):      # 16 bits: the high byte, as Pillow does with RGB
            pixels = (np.asarray(image) >> 8).astype(np.uint8)
        else:
            pixels = np.asarray(image.convert("L" if colour in (GREY, GREY_ALPHA) else "RGB"))
        path.with_suffix(".u8").write_bytes(pixels.tobytes())
    (folder / "texts.json").write_text(json.dumps(texts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
