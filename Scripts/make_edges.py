#!/usr/bin/env python3
"""Make what OpenCV's Canny finds in pictures of this repository, for the tests of Imaging.

    make_edges.py

Writes Tests/Fixtures/edges/<picture>_<low>_<high>[_grey][_blur<sigma>].png. Needs opencv-python and numpy.
"""
from pathlib import Path

import cv2

ROOT = Path(__file__).resolve().parent.parent
PICTURES = [f"Tests/Fixtures/inputs/{n}.png" for n in ("image_square", "image_wide", "image_tall", "image_57x83", "castle", "panda")]
CASES = [(100, 200, False, 0), (20, 60, False, 0), (60, 120, True, 0), (30, 80, False, 1.2)]


def main():
    out = ROOT / "Tests/Fixtures/edges"
    out.mkdir(exist_ok=True)
    for path in PICTURES:
        # As RGB, which most callers pass: of channels that are equally steep, the first counts.
        picture = cv2.cvtColor(cv2.imread(str(ROOT / path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        for low, high, grey, sigma in CASES:
            source = picture
            if grey:
                red, green, blue = (picture[..., i].astype("int64") for i in (0, 1, 2))
                source = ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16).astype("uint8")  # Pillow's
            if sigma:
                source = cv2.GaussianBlur(source, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
            name = f"{Path(path).stem}_{low}_{high}{'_grey' if grey else ''}{f'_blur{sigma}' if sigma else ''}.png"
            cv2.imwrite(str(out / name), cv2.Canny(source, low, high), [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
