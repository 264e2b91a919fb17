"""Stage `evaluate`: every figure that the README states, through diffusers, and the sheets to look at. Nothing is tuned to the prompts."""
import itertools
import json
import random
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont

from . import things
from .parts import LENGTH, STATE
from .pictures import LAYOUTS, PLACES, shape_mask, shapes_picture, strikes
from .things import BACKGROUNDS, COLOURS, SHAPES, THINGS, TINTS, held_out, plain_sentence

SMALL = 32                                                   # pictures are compared at 32 × 32


def load_pipeline(folder):
    from diffusers import FluxPipeline
    pipeline = FluxPipeline.from_pretrained(str(folder), torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


class Painter:
    """Pictures of prompts, uint8 [n, size, size, 3], by diffusers or by fluxlua, in f32; the seeds are 1000, 1001, … where none are given."""
    def __init__(self, folder, program=None):
        self.folder, self.program = Path(folder).resolve(), program
        self.pipeline = None if program else load_pipeline(folder)

    def __call__(self, prompts, steps=8, guidance=3.0, seeds=None, size=128):
        jobs = list(zip(prompts, seeds or range(1000, 1000 + len(prompts))))
        if not self.program: return torch.cat([self.by_diffusers(jobs[k:k + 25], steps, guidance, size) for k in range(0, len(jobs), 25)])
        with tempfile.TemporaryDirectory() as work:
            table = ",".join("{%s,%d}" % (json.dumps(prompt), seed) for prompt, seed in jobs)
            (Path(work) / "paint.lua").write_text(
                "local model = flux.load()\nfor i, job in ipairs {%s} do\n  model:generate(job[1], {seed = job[2], steps = %d, guidance = %g, size = %d}):save(i .. '.png')\nend\n"
                % (table, steps, guidance, size))
            subprocess.run([self.program, "run", "--quiet", work + "/paint.lua", "--model", str(self.folder), "--precision", "f32", "--out", work + "/out"], check=True)
            return torch.from_numpy(np.stack([np.asarray(Image.open(f"{work}/out/{i + 1}.png").convert("RGB")) for i in range(len(jobs))]))

    @torch.no_grad()
    def by_diffusers(self, jobs, steps, guidance, size):
        images = self.pipeline(prompt=[p for p, _ in jobs], height=size, width=size, num_inference_steps=steps, guidance_scale=guidance, max_sequence_length=LENGTH,
                               generator=[torch.Generator().manual_seed(s) for _, s in jobs]).images
        return torch.from_numpy(np.stack([np.asarray(i) for i in images]))


def small(pictures): return F.interpolate(pictures.permute(0, 3, 1, 2).float(), (SMALL, SMALL), mode="area").permute(0, 2, 3, 1)


class Gallery:
    """Every thing in every layout of training, a little moved and resized too, ready to be put on any ground and compared."""
    def __init__(self, indices=None, layouts=None, mirrored=False, tints=(None,)):
        from .pictures import tinted
        self.keys, colour, alpha = [], [], []
        for i in indices if indices is not None else range(len(THINGS)):
            for tint, mirror, (share, dx), grow in itertools.product(tints, (0, 1) if mirrored else (0,), layouts or sorted(set(LAYOUTS)), (-.02, 0, .02)):
                picture = tinted(strikes()[i], COLOURS[tint]) if tint else strikes()[i]
                if mirror: picture = picture.transpose(Image.FLIP_LEFT_RIGHT)
                side = round(128 * (share + grow))
                values = np.asarray(picture.resize((side, side), Image.LANCZOS)).astype(np.float32)
                canvas = np.zeros((144, 144, 4), np.float32)                    # premultiplied
                top = (144 - side) // 2
                canvas[top:top + side, top + dx:top + dx + side] = np.concatenate([values[..., :3] * values[..., 3:] / 255, values[..., 3:]], -1)
                for x, y in itertools.product((-2, 0, 2), (-2, 0, 2)):
                    cut = canvas[8 + y:136 + y, 8 + x:136 + x].reshape(SMALL, 4, SMALL, 4, 4).mean((1, 3))
                    colour.append(cut[..., :3].astype(np.uint8)); alpha.append(cut[..., 3:].astype(np.uint8)); self.keys.append((i, tint))
        self.colour, self.alpha = torch.from_numpy(np.stack(colour)), torch.from_numpy(np.stack(alpha))

    def nearest(self, pictures, background="white"):
        """(index, tint) of the nearest picture of all on that ground."""
        wanted, best = small(pictures).flatten(1), []
        ground = torch.tensor(COLOURS[background]).float()
        for k in range(0, len(self.keys), 4096):
            a = self.alpha[k:k + 4096].float() / 255
            best.append(torch.cdist(wanted, (self.colour[k:k + 4096].float() + (1 - a) * ground).flatten(1)).min(1))
        distance, place = torch.stack([b[0] for b in best]), torch.stack([b[1] for b in best])
        chunk = distance.argmin(0)
        return [self.keys[c * 4096 + int(place[c, n])] for n, c in enumerate(chunk.tolist())]


def background_of(pictures):
    """The named colour nearest to the corners."""
    n = pictures.shape[1]
    corners = torch.stack([pictures[:, y:y + 4, x:x + 4] for y in (1, n - 5) for x in (1, n - 5)]).float().mean((0, 2, 3))
    names = list(COLOURS)
    return [names[k] for k in torch.cdist(corners, torch.tensor([COLOURS[c] for c in names]).float()).argmin(1).tolist()]


class ShapeGallery:
    """Every shape in one place, in many placings around it, as masks; which colours on which background are nearest then follows in closed form."""
    SIDE = 64
    GROUNDS = ["white"] + BACKGROUNDS

    def __init__(self, place):
        x, radii = PLACES[place]
        self.columns = {"alone": slice(0, 64), "left": slice(0, 32), "right": slice(32, 64)}[place]
        self.keys, masks = [], []
        moves = range(-3, 4)
        for shape, radius, dx, dy in itertools.product(SHAPES, range(radii[0] - 2, radii[1] + 3, 2), moves, moves):
            self.keys.append(shape)
            masks.append(shape_mask(shape, x + dx, 64 + dy, radius, self.SIDE)[:, self.columns])
        self.masks = torch.from_numpy(np.stack(masks)).flatten(1)

    def nearest(self, pictures):
        """(shape, colour, background) of the drawing nearest to each picture in this place."""
        seen = F.interpolate(pictures.permute(0, 3, 1, 2).float(), (self.SIDE, self.SIDE), mode="area")[..., self.columns].flatten(2)      # [n, 3, pixels]
        weight, found = self.masks.square().sum(1), []
        for picture in seen:
            best = (float("inf"),)
            for background in self.GROUNDS:
                ground = torch.tensor(COLOURS[background]).float()
                rest = picture - ground[:, None]
                inner = self.masks @ rest.T                                                   # [masks, 3]
                for colour in COLOURS:
                    if colour == background: continue
                    change = torch.tensor(COLOURS[colour]).float() - ground
                    distance, place = (weight * change.square().sum() - 2 * inner @ change).min(0)
                    best = min(best, (rest.square().sum().item() + distance.item(), self.keys[place], colour, background))
            found.append(best[1:])
        return found


def ssim(a, b):
    """Of two grey pictures in [0, 1], by a Gaussian window of 11."""
    x = torch.arange(11) - 5.0
    g = torch.exp(-x ** 2 / 4.5); g = (g / g.sum())
    window = (g[:, None] * g)[None, None]
    blur = lambda v: F.conv2d(v, window)
    ma, mb = blur(a), blur(b)
    va, vb, ab = blur(a * a) - ma ** 2, blur(b * b) - mb ** 2, blur(a * b) - ma * mb
    return (((2 * ma * mb + 1e-4) * (2 * ab + 9e-4)) / ((ma ** 2 + mb ** 2 + 1e-4) * (va + vb + 9e-4))).mean().item()


def sheet(pictures, labels, columns, path):
    font, n = ImageFont.load_default(10), pictures.shape[1]
    out = Image.new("RGB", (columns * (n + 4), -(-len(pictures) // columns) * (n + 26)), "white")
    canvas = ImageDraw.Draw(out)
    for i, label in enumerate(labels):
        x, y = i % columns * (n + 4) + 2, i // columns * (n + 26)
        out.paste(Image.fromarray(pictures[i].numpy()), (x, y + 1))
        lines = [""]
        for word in label.split(" "):
            if lines[-1] and canvas.textlength(f"{lines[-1]} {word}", font=font) > n: lines.append(word)
            else: lines[-1] = f"{lines[-1]} {word}".strip()
        for k, line in enumerate(lines[:2]): canvas.text((x, y + n + 1 + k * 11), line, fill="black", font=font)
    out.save(path)


def share(flags): return sum(flags) / max(1, len(flags))


def evaluate(folder, which="all", quick=False, mirrored=False, program=None):
    paint, rng = Painter(folder, program), random.Random(5)
    sheets = STATE / "sheets" / (Path(folder).name + ("-" + which))
    sheets.mkdir(parents=True, exist_ok=True)
    known = things.CHOICES[which]
    # The first model was trained on mirror images too, and on small things in the middle: `mirrored` measures it and its followers by one gallery.
    gallery = Gallery(known, [(.92, 0), (.77, 0), (.77, -8), (.77, 8)], mirrored=True) if mirrored else Gallery(known)
    name = lambda i: THINGS[i][1][0]

    order = known[:]; rng.shuffle(order)
    asked = order[:100]
    prompts = [plain_sentence(("thing", i, None, "white")) for i in asked]
    for steps, guidance in [(8, 3), (4, 3)] if quick else [(1, 3), (2, 3), (4, 3), (8, 3), (16, 3), (8, 1), (8, 5)]:
        pictures = paint(prompts, steps, float(guidance))
        found = [k for k, _ in gallery.nearest(pictures)]
        print(f"retrieval, 100 of {len(known)}, {steps} steps, guidance {guidance}: {share([a == b for a, b in zip(asked, found)]):.2f}", flush=True)
        if (steps, guidance) == (8, 3):
            print("   missed:", ", ".join(f"{name(a)} → {name(b)}" for a, b in zip(asked, found) if a != b))
            sheet(pictures, prompts, 10, sheets / "retrieval.png")

    pairs = [(i, b) for i in known for b in BACKGROUNDS if held_out(name(i), b)]
    rng.shuffle(pairs); pairs = pairs[:60]
    pictures = paint([plain_sentence(("thing", i, None, b)) for i, b in pairs])
    ground = background_of(pictures)
    found = [gallery.nearest(pictures[k:k + 1], b)[0][0] for k, (_, b) in enumerate(pairs)]
    print(f"unseen thing and background, 60: both {share([g == b and f == i for g, f, (i, b) in zip(ground, found, pairs)]):.2f}, "
          f"thing {share([f == i for f, (i, _) in zip(found, pairs)]):.2f}, background {share([g == b for g, (_, b) in zip(ground, pairs)]):.2f}", flush=True)

    triples = [(s, c, b) for s in SHAPES for c in COLOURS for b in BACKGROUNDS if c != b and held_out(s, c, b)]
    rng.shuffle(triples); triples = triples[:60]
    pictures = paint([plain_sentence(("shapes", ((s, c),), b)) for s, c, b in triples])
    found = ShapeGallery("alone").nearest(pictures)
    print(f"unseen shape, colour and background, 60: all {share([f == t for f, t in zip(found, triples)]):.2f}; "
          + ", ".join(f"{word} {share([f[k] == t[k] for f, t in zip(found, triples)]):.2f}" for k, word in enumerate(("shape", "colour", "background"))), flush=True)
    sheet(pictures, [" ".join(t) for t in triples], 10, sheets / "shapes.png")

    parts = list(itertools.product(SHAPES, COLOURS))
    twos = []
    while len(twos) < 60:
        b, pair = rng.choice(["white", "white"] + BACKGROUNDS), tuple(rng.sample(parts, 2))
        if all(c != b for _, c in pair) and held_out(*pair[0], *pair[1]): twos.append((pair, b))
    prompts = [plain_sentence(("shapes", *t)) for t in twos]
    pictures = paint(prompts)
    halves = [ShapeGallery(place).nearest(pictures) for place in ("left", "right")]
    right = [[found[k] == (*part, b) for found, part in zip(halves, pair)] for k, (pair, b) in enumerate(twos)]
    print(f"two unseen shapes, 60: both right and in order {share([all(r) for r in right]):.2f}, left {share([r[0] for r in right]):.2f}, right {share([r[1] for r in right]):.2f}", flush=True)
    sheet(pictures, prompts, 10, sheets / "two-shapes.png")

    animals = [i for i in known if i < things.ANIMAL_COUNT]
    tinted = [(i, t) for i in animals for t in TINTS if held_out(name(i), t, of=5)]
    rng.shuffle(tinted); tinted = tinted[:20]
    prompts = [plain_sentence(("thing", i, t, "white")) for i, t in tinted]
    pictures = paint(prompts)
    found = Gallery(animals, None, mirrored, (None, *TINTS)).nearest(pictures)
    print(f"unseen tinted animals, 20: both {share([f == t for f, t in zip(found, tinted)]):.2f}, animal {share([f[0] == t[0] for f, t in zip(found, tinted)]):.2f}, tint {share([f[1] == t[1] for f, t in zip(found, tinted)]):.2f}", flush=True)
    sheet(pictures, prompts, 10, sheets / "tinted.png")

    some = rng.sample(known, 40)
    prompts = [plain_sentence(("thing", i, None, rng.choice(["white"] + BACKGROUNDS))) for i in some]
    sheet(paint(prompts, seeds=[7] * 40), prompts, 8, sheets / "forty.png")

    chosen, likeness, kept = rng.sample(known, 6), [], []
    rows = []
    for i in chosen:
        pictures = paint([plain_sentence(("thing", i, None, "white"))] * 8, seeds=list(range(8)))
        grey = pictures.float().mean(-1)[:, None] / 255
        likeness.append(np.mean([ssim(grey[a:a + 1], grey[b:b + 1]) for a, b in itertools.combinations(range(8), 2)]))
        kept += [k == i for k, _ in gallery.nearest(pictures)]
        rows.append(pictures)
    print(f"eight seeds of {', '.join(map(name, chosen))}: mean pairwise SSIM {np.mean(likeness):.2f} (most alike {max(likeness):.2f}), on topic {share(kept):.2f}", flush=True)
    sheet(torch.cat(rows), [f"{name(i)}, seed {s}" for i in chosen for s in range(8)], 8, sheets / "seeds.png")

    few = asked[:50]
    for size in (96, 160, 192):
        pictures = paint([plain_sentence(("thing", i, None, "white")) for i in few], size=size)
        print(f"retrieval, 50, {size} × {size}: {share([a == k for a, (k, _) in zip(few, gallery.nearest(pictures))]):.2f}", flush=True)
        sheet(pictures[:20], [name(i) for i in few[:20]], 5, sheets / f"size-{size}.png")

    if quick: return
    trio = ["a fox on a light blue background", "a green triangle on a yellow background", "a rocket on a black background"]
    for what, values, options in (("steps", (1, 2, 4, 8, 16), lambda v: dict(steps=v)), ("guidance", (1.0, 2.0, 3.5, 6.0), lambda v: dict(guidance=v))):
        sheet(torch.cat([paint([p], seeds=[1], **options(v)) for p in trio for v in values]), [f"{p}, {what} {v}" for p in trio for v in values], len(values), sheets / f"{what}.png")
