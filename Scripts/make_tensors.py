#!/usr/bin/env python3
"""Arrays as NumPy writes them, in every type and order that can be read, and what NumPy and SciPy compute: make_tensors.py FIXTURES.

`tensors/expected.safetensors` holds in float32 what each file is. Needs numpy and scipy.
"""
import json
import struct
import sys
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

folder = Path(sys.argv[1]) / "tensors"
folder.mkdir(exist_ok=True)
floats = np.array([[-2, -1.5, 0, 1], [3, 100, 7, 0.25], [1e-3, 6.5e4, -7, 2**-14]])
whole = np.array([[-2, -1, 0, 1], [3, 100, 7, 127], [5, 6, -128, 9]])


def safetensors(path, tensors):
    header, data = {}, b""
    for name, (kind, shape, raw) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


expected = {}


def npy(name, array, version=None):
    with open(folder / f"{name}.npy", "wb") as file:
        np.lib.format.write_array(file, array, version=version)
    expected[name] = np.asarray(array, dtype=np.float64).astype(np.float32)


for kind in ("<f2", "<f4", "<f8", ">f2", ">f4", ">f8"):
    npy(kind.replace("<", "little_").replace(">", "big_"), floats.astype(kind))
for kind in ("i1", "<i2", "<i4", "<i8", ">i2", ">i4", ">i8"):
    npy(kind.replace("<", "little_").replace(">", "big_"), whole.astype(kind))
for kind in ("u1", "<u2", "<u4", "<u8", ">u8"):
    npy(kind.replace("<", "little_").replace(">", "big_"), np.abs(whole).astype(kind))
npy("bool", whole > 2)
npy("fortran", np.asfortranarray(np.arange(24, dtype="<f4").reshape(2, 3, 4)))
npy("version2", floats.astype("<f4"), version=(2, 0))
npy("version3", floats.astype("<f4"), version=(3, 0))
npy("list", np.arange(5, dtype="<f4"))
expected["number"] = np.array([7.5], dtype=np.float32)
np.save(folder / "number.npy", np.float32(7.5))

# What cannot be read.
np.save(folder / "complex.npy", floats.astype(np.complex64))
np.save(folder / "records.npy", np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f4")]))
np.save(folder / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
np.save(folder / "empty.npy", np.zeros((0, 3), dtype=np.float32))

rng = np.random.default_rng(7)
for name, shape in (("field", (2, 9, 13)), ("line", (17,)), ("speck", (1, 1))):
    field = rng.standard_normal(shape).astype(np.float32)
    expected[name] = field
    for sigma in (0.1, 0.7, 2, 9):
        axes = (-2, -1) if len(shape) > 1 else (-1,)
        expected[f"{name}.blur{sigma}"] = gaussian_filter(field, sigma, mode="nearest", truncate=4, axes=axes)
for name, a, b in (("plain", (3, 5), (5, 2)), ("batch", (4, 3, 5), (4, 5, 7)), ("spread", (2, 1, 3, 5), (4, 5, 2)), ("row", (5,), (5, 2)), ("column", (2, 3, 5), (5,)),
                   ("large", (130, 20), (20, 150))):
    x, y = rng.standard_normal(a).astype(np.float32), rng.standard_normal(b).astype(np.float32)
    expected[f"{name}.a"], expected[f"{name}.b"] = x, y
    expected[f"{name}.matmul"] = (x.astype(np.float64) @ y.astype(np.float64)).astype(np.float32)

safetensors(folder / "expected.safetensors", {name: ("F32", list(array.shape), np.ascontiguousarray(array, dtype="<f4").tobytes()) for name, array in expected.items()})
bfloat16 = (floats.astype("<f4").view("<u4") >> 16).astype("<u2")
safetensors(folder / "types.safetensors", {
    "F64": ("F64", [3, 4], floats.astype("<f8").tobytes()), "F16": ("F16", [3, 4], floats.astype("<f2").tobytes()),
    "BF16": ("BF16", [3, 4], bfloat16.tobytes()), "I64": ("I64", [3, 4], whole.astype("<i8").tobytes()), "I32": ("I32", [3, 4], whole.astype("<i4").tobytes()),
    "I16": ("I16", [3, 4], whole.astype("<i2").tobytes()), "I8": ("I8", [3, 4], whole.astype("i1").tobytes()),
    "U64": ("U64", [3, 4], np.abs(whole).astype("<u8").tobytes()), "U32": ("U32", [3, 4], np.abs(whole).astype("<u4").tobytes()),
    "U16": ("U16", [3, 4], np.abs(whole).astype("<u2").tobytes()), "U8": ("U8", [3, 4], np.abs(whole).astype("u1").tobytes()),
    "BOOL": ("BOOL", [3, 4], (whole > 2).astype("u1").tobytes()),
    # 1, -1.5, 448 (the largest), 2^-9 (the smallest); 1, -1.5, 57344, 2^-16
    "F8_E4M3": ("F8_E4M3", [4], bytes([0x38, 0xBC, 0x7E, 0x01])), "F8_E5M2": ("F8_E5M2", [4], bytes([0x3C, 0xBE, 0x7B, 0x01])),
    "number": ("F32", [], np.float32(7.5).tobytes()),
})
