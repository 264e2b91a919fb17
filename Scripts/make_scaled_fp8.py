#!/usr/bin/env python3
"""Make the fixtures of scaled float8 weights, in every dialect that ComfyUI reads, from one bfloat16 model in BFL layout.

    make_scaled_fp8.py MODEL.safetensors OUT_DIR

Writes four files: `flux1-dev-tiny-fp8-scaled-old` (a marker `scaled_fp8` and `.scale_weight`, behind `model.diffusion_model.`),
`-new` (`.weight_scale`, `.input_scale` and `.comfy_quant`), `-metadata` (the same with `_quantization_metadata`), and `-widened`:
what all three mean, in float32. Matrices of blocks are scaled, all else stays bfloat16. Needs nothing but Python.
"""
import json
import struct
import sys
from pathlib import Path

# Every finite float8 e4m3 value: 4 bits of exponent (bias 7), 3 of fraction, largest 448.
VALUES = [((c & 7) * 2.0 ** -9 if c >> 3 == 0 else (8 + (c & 7)) * 2.0 ** ((c >> 3) - 10)) for c in range(127)]


def e4m3(value):
    """The code of the nearest float8 value, halves to the even code."""
    size = min(abs(value), 448.0)
    low = max(c for c in range(127) if VALUES[c] <= size)
    high = min(low + 1, 126)
    near = low if size - VALUES[low] < VALUES[high] - size or (size - VALUES[low] == VALUES[high] - size and low % 2 == 0) else high
    return near | (0x80 if value < 0 else 0)


def read(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    return {name: (e["dtype"], e["shape"], data[8 + length + e["data_offsets"][0]:8 + length + e["data_offsets"][1]]) for name, e in header.items()}


def write(path, tensors, metadata=None):
    header, at, body = ({"__metadata__": metadata} if metadata else {}), 0, b""
    for name in sorted(tensors):
        dtype, shape, data = tensors[name]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
        body += data
    text = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def main():
    model, out = read(Path(sys.argv[1])), Path(sys.argv[2])
    old, new, described, widened, layers = {}, {}, {}, {}, {}
    for name, (dtype, shape, data) in model.items():
        assert dtype == "BF16", name
        values = [struct.unpack("<f", b"\0\0" + data[i:i + 2])[0] for i in range(0, len(data), 2)]
        if "blocks" in name and len(shape) == 2:
            scale = f32(max(abs(v) for v in values) / 448.0)
            codes = bytes(e4m3(v / scale) for v in values)
            values = [f32((-1 if c & 0x80 else 1) * VALUES[c & 0x7F] * scale) for c in codes]
            stem, one = name[:-len("weight")], ("F32", [], struct.pack("<f", scale))
            prefixed = "model.diffusion_model." + stem
            old[prefixed + "weight"] = new[name] = described[name] = ("F8_E4M3", shape, codes)
            old[prefixed + "scale_weight"], old[prefixed + "scale_input"] = ("F32", [1], one[2]), ("F32", [1], struct.pack("<f", 1.0))
            new[stem + "weight_scale"] = described[stem + "weight_scale"] = one
            new[stem + "input_scale"] = ("F32", [], struct.pack("<f", 1.0))
            note = json.dumps({"format": "float8_e4m3fn"}).encode()
            new[stem + "comfy_quant"] = ("U8", [len(note)], note)
            layers[stem[:-1]] = {"format": "float8_e4m3fn"}
        else:
            old["model.diffusion_model." + name] = new[name] = described[name] = (dtype, shape, data)
        widened[name] = ("F32", shape, struct.pack(f"<{len(values)}f", *values))
    old["model.diffusion_model.scaled_fp8"] = ("F8_E4M3", [0], b"")
    stem = out / "flux1-dev-tiny-fp8-scaled"
    write(Path(f"{stem}-old.safetensors"), old)
    write(Path(f"{stem}-new.safetensors"), new)
    write(Path(f"{stem}-metadata.safetensors"), described, {"_quantization_metadata": json.dumps({"format_version": "1.0", "layers": layers})})
    write(Path(f"{stem}-widened.safetensors"), widened)


if __name__ == "__main__":
    main()
