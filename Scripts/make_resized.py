#!/usr/bin/env python3
"""Pictures at other sizes as Pillow makes them: make_resized.py FIXTURES. Needs Pillow."""
import sys
from pathlib import Path
from PIL import Image

folder = Path(sys.argv[1])
filters = {"lanczos": Image.LANCZOS, "bicubic": Image.BICUBIC, "area": Image.BOX, "nearest": Image.NEAREST}
for source, mode in (("image_57x83", "RGB"), ("mask_odd", "L")):
    picture = Image.open(folder / "inputs" / f"{source}.png").convert(mode)
    for name, kind in filters.items():
        for width, height in ((96, 64), (17, 31), (57, 20), (200, 83)):
            picture.resize((width, height), kind).save(folder / "resized" / f"{source}-{name}-{width}x{height}.png")
