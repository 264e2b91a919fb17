"""The pictures the model learns from: emoji strikes of Noto Color Emoji and drawn shapes, on coloured grounds."""
import io
import math

import numpy as np
from PIL import Image, ImageDraw

from .things import COLOURS, THINGS

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
# How a thing lies in its picture: its size as a share of the side, and how far right of the middle (of 128 pixels). Few ways, wholly learnt: with
# two more, eight pixels to either side, some faces got three eyes; that these were the cause is a guess.
LAYOUTS = [(.92, 0)] * 3 + [(.77, 0)]
_strikes = None


def strikes():
    """An RGBA square of every thing."""
    global _strikes
    if _strikes is None:
        from fontTools.ttLib import TTFont
        font = TTFont(FONT)
        table, strike = font.getBestCmap(), font["CBDT"].strikeData[0]
        _strikes = []
        for character, _ in THINGS:
            picture = Image.open(io.BytesIO(strike[table[ord(character)]].imageData)).convert("RGBA")
            square = Image.new("RGBA", (136, 136), (0, 0, 0, 0))
            square.paste(picture, ((136 - picture.width) // 2, (136 - picture.height) // 2))
            _strikes.append(square)
    return _strikes


def tinted(picture, colour):
    """Lightness kept, hue and chroma of the colour."""
    values = np.asarray(picture).astype(np.float32)
    light = np.clip(values[..., :3] @ np.array([.3, .59, .11], np.float32) / 255, 0, 1)[..., None]
    c = np.array(colour, np.float32)
    rgb = np.where(light < .6, c * (light / .6), c + (255 - c) * ((light - .6) / .4))
    return Image.fromarray(np.concatenate([rgb, values[..., 3:]], -1).clip(0, 255).astype(np.uint8), "RGBA")


def thing_picture(index, tint, background, layout=(.92, 0), size=128):
    picture = strikes()[index]
    if tint: picture = tinted(picture, COLOURS[tint])
    side = round(size * layout[0])
    canvas = Image.new("RGBA", (size, size), COLOURS[background] + (255,))
    left = (size - side) // 2 + round(layout[1] * size / 128)
    canvas.alpha_composite(picture.resize((side, side), Image.LANCZOS), (max(0, left), (size - side) // 2))
    return canvas.convert("RGB")


def _outline(shape, x, y, r):
    def corners(n, turn=0, radius=r):
        return [(x + radius * math.sin(2 * math.pi * i / n + turn), y - radius * math.cos(2 * math.pi * i / n + turn)) for i in range(n)]
    if shape == "square": return [(x - .85 * r, y - .85 * r), (x + .85 * r, y - .85 * r), (x + .85 * r, y + .85 * r), (x - .85 * r, y + .85 * r)]
    if shape == "triangle": return [(x, y - r), (x + r, y + .8 * r), (x - r, y + .8 * r)]
    if shape == "diamond": return [(x, y - r), (x + .75 * r, y), (x, y + r), (x - .75 * r, y)]
    if shape == "hexagon": return corners(6)
    if shape == "star shape": return [p for pair in zip(corners(5), corners(5, math.pi / 5, r * .45)) for p in pair]
    points = []                                                                   # heart shape
    for t in (2 * math.pi * k / 60 for k in range(60)):
        points.append((x + r * 16 * math.sin(t) ** 3 / 17, y - r * (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 17))
    return points


def _draw(canvas, shape, x, y, r, colour):
    box = (x - r, y - r, x + r, y + r)
    if shape == "circle": canvas.ellipse(box, fill=colour)
    elif shape == "ring": canvas.ellipse(box, outline=colour, width=int(r * .36))
    elif shape == "cross":
        canvas.rectangle((x - r, y - .3 * r, x + r, y + .3 * r), fill=colour)
        canvas.rectangle((x - .3 * r, y - r, x + .3 * r, y + r), fill=colour)
    else: canvas.polygon(_outline(shape, x, y, r), fill=colour)


# Where a shape stands in 128 pixels, and its radii: alone, left, right.
PLACES = {"alone": (64, (40, 48)), "left": (33, (23, 26)), "right": (95, (23, 26))}


def shapes_picture(parts, background, rng, size=128):
    """One shape in the middle, or two, left and right; a little smaller or larger, a little off the middle."""
    fine = size * 4
    picture = Image.new("RGB", (fine, fine), COLOURS[background])
    canvas, unit = ImageDraw.Draw(picture), fine / 128
    for place, (shape, colour) in zip(["alone"] if len(parts) == 1 else ["left", "right"], parts):
        x, radii = PLACES[place]
        radius = rng.choice(radii)
        _draw(canvas, shape, (x + rng.uniform(-2, 2)) * unit, (64 + rng.uniform(-2, 2)) * unit, radius * unit, COLOURS[colour])
    return picture.resize((size, size), Image.LANCZOS)


def shape_mask(shape, x, y, radius, size):
    """How much of each pixel a shape covers, [size, size] in [0, 1]; the place and the radius are of 128 pixels."""
    fine = size * 4
    picture = Image.new("L", (fine, fine), 0)
    _draw(ImageDraw.Draw(picture), shape, x * fine / 128, y * fine / 128, radius * fine / 128, 255)
    return np.asarray(picture.resize((size, size), Image.BOX), np.float32) / 255


def picture_of(spec, rng, size=128):
    if spec[0] == "thing": return thing_picture(*spec[1:], layout=rng.choice(LAYOUTS), size=size)
    return shapes_picture(spec[1], spec[2], rng, size)
