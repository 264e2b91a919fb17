#!/usr/bin/env python3
"""Make the JPEG and WebP files that the tests of Imaging read, and what Pillow, SciPy, scikit-image and imagehash say of pictures.

    make_imaging.py Tests/Fixtures

Beside each file in `imaging/` comes `<name>.u8`: the bytes of Pillow's convert("RGB") or "L", turned upright. `numbers.json` holds
similarities and hashes. Needs pillow, numpy, scipy, scikit-image, imagehash and piexif.
"""
import hashlib
import io
import json
import sys
from pathlib import Path

import imagehash
import numpy as np
import piexif
import piexif.helper
from PIL import Image, ImageOps
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

INFOTEXT = "a red fox, ein Füchslein, 狐 🦊\nNegative prompt: snow\nSteps: 8, Sampler: Euler, Seed: 42, Size: 13x7"


def comment(text, encoding="unicode"):
    """As AUTOMATIC1111's web UI writes it."""
    return piexif.dump({"Exif": {piexif.ExifIFD.UserComment: piexif.helper.UserComment.dump(text, encoding=encoding)}})


def little_endian(text):
    """UTF-16 and TIFF in the other byte order, with an orientation before it."""
    body = b"UNICODE\0" + text.encode("utf-16-le")
    head = b"Exif\0\0II*\0\x08\0\0\0" + b"\x02\0" + b"\x12\x01\x03\0\x01\0\0\0\x01\0\0\0" + b"\x69\x87\x04\0\x01\0\0\0\x26\0\0\0" + b"\0\0\0\0"
    return head + b"\x01\0" + b"\x86\x92\x07\0" + len(body).to_bytes(4, "little") + b"\x38\0\0\0" + b"\0\0\0\0" + body


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def files(picture, small):
    grey = picture.convert("L")
    yield "rgb444.jpg", encoded(picture, "JPEG", quality=95, subsampling=0)
    yield "rgb422.jpg", encoded(picture, "JPEG", quality=80, subsampling=1)
    yield "rgb420.jpg", encoded(picture, "JPEG", quality=75, subsampling=2)
    yield "progressive.jpg", encoded(picture, "JPEG", quality=85, progressive=True)
    yield "restarts.jpg", encoded(picture, "JPEG", quality=60, restart_marker_rows=1)
    yield "grey.jpg", encoded(grey, "JPEG", quality=85)
    yield "cmyk.jpg", encoded(picture.convert("CMYK"), "JPEG", quality=90)
    yield "rgb_not_ycc.jpg", encoded(picture, "JPEG", quality=90, keep_rgb=True)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"orientation{orientation}.jpg", encoded(small, "JPEG", quality=95, subsampling=0, exif=exif)
    yield "comment.jpg", encoded(small, "JPEG", exif=comment(INFOTEXT))
    yield "comment_ascii.jpg", encoded(small, "JPEG", exif=comment("a fox", "ascii"))
    yield "comment_little.jpg", encoded(small, "JPEG", exif=little_endian(INFOTEXT))
    yield "lossy.webp", encoded(picture, "WEBP", quality=80)
    yield "lossless.webp", encoded(picture, "WEBP", lossless=True)
    alpha = picture.convert("RGBA")
    alpha.putalpha(grey)
    yield "alpha.webp", encoded(alpha, "WEBP", lossless=True, exact=True)
    yield "comment.webp", encoded(small, "WEBP", lossless=True, exif=comment(INFOTEXT)[6:])
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "orientation6.webp", encoded(small, "WEBP", lossless=True, exif=exif)


def bytes_of(data):
    image = Image.open(io.BytesIO(data))
    image = ImageOps.exif_transpose(image)
    return np.asarray(image if image.mode == "L" else image.convert("RGB")).tobytes()


def main():
    fixtures = Path(sys.argv[1])
    folder = fixtures / "imaging"
    names = ["image_57x83", "image_odd", "image_square", "mask_odd"]
    inputs = {name: Image.open(fixtures / "inputs" / f"{name}.png").convert("L" if "mask" in name else "RGB") for name in names}
    picture = inputs["image_57x83"]
    small = inputs["image_odd"].crop((5, 9, 18, 16))

    for name, data in files(picture, small):
        (folder / name).write_bytes(data)
        (folder / f"{name}.u8").write_bytes(bytes_of(data))
    frames = [small, ImageOps.mirror(small)]
    (folder / "animation.webp").write_bytes(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))
    (folder / "comment.exif").write_bytes(comment(INFOTEXT)[6:])

    picture.convert("L").save(folder / "grey.png")
    mask = inputs["mask_odd"].resize((31, 27), Image.BICUBIC)
    mask.save(folder / "paste_mask.png")
    patch = inputs["image_square"].crop((0, 0, 31, 27))
    for name, place, with_mask in (("paste_plain", (20, 40), None), ("paste_masked", (-7, 60), mask), ("paste_corner", (45, -11), mask)):
        made = picture.copy()
        made.paste(patch, place, with_mask)
        made.save(folder / f"{name}.png")
    for sigma in (0.4, 1, 2.5, 30):
        pixels = np.asarray(picture).astype(np.float64)
        blurred = gaussian_filter(pixels, (sigma, sigma, 0), mode="nearest", truncate=4)
        Image.fromarray(np.floor(blurred + 0.5).clip(0, 255).astype(np.uint8)).save(folder / f"blur{sigma}.png")

    numbers = {"ssim": {}, "dhash": {}, "digest": {}}
    changed = {
        "self": picture, "blurred": Image.open(folder / "blur1.png"), "jpeg": Image.open(folder / "rgb420.jpg"),
        "inverted": ImageOps.invert(picture), "black": Image.new("RGB", picture.size),
    }
    for name, other in changed.items():
        numbers["ssim"][name] = structural_similarity(np.asarray(picture), np.asarray(other), data_range=255, channel_axis=-1)
    grey = np.asarray(picture.convert("L"))
    numbers["ssim"]["grey"] = structural_similarity(grey, np.asarray(changed["jpeg"].convert("L")), data_range=255)
    for name, image in inputs.items():
        numbers["dhash"][name] = str(imagehash.dhash(image))
        pnm = io.BytesIO()
        image.save(pnm, "PPM")
        numbers["digest"][name] = hashlib.sha256(pnm.getvalue()).hexdigest()
    (folder / "numbers.json").write_text(json.dumps(numbers, indent=1) + "\n")
    (folder / "infotext.txt").write_text(INFOTEXT, encoding="utf-8")


if __name__ == "__main__":
    main()
