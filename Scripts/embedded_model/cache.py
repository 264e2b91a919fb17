"""Stage `cache`: pictures of every thing and of shapes, encoded once, in shards that training takes up as they appear."""
import random
import time

import numpy as np
import torch

from . import things
from .parts import SCALE, SHIFT, STATE, load_vae, pack
from .pictures import picture_of, strikes


@torch.no_grad()
def encode(encoder, images):
    x = torch.from_numpy(np.stack([np.asarray(i) for i in images])).permute(0, 3, 1, 2).float().div(127.5).sub(1).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16): z = encoder(x)[:, :16].float()
    return ((z - SHIFT) * SCALE).to(torch.bfloat16)


def make_cache(shards, shape_shards, size, per_thing=8, shapes=2000):
    """Shards of every thing `per_thing` times, and shards of `shapes` pictures with one or two shapes: combining is learnt from many of them."""
    torch.set_num_threads(1)
    strikes()
    encoder = load_vae().encoder.to(memory_format=torch.channels_last)
    folder = STATE / "latents"
    folder.mkdir(parents=True, exist_ok=True)
    for kind, shard in [("things", k) for k in range(shards)] + [("shapes", k) for k in range(shape_shards)]:
        path = folder / f"{size}-{kind}-{shard:02d}.pt"
        if path.exists(): continue
        rng, start = random.Random(f"{kind} {size} {shard}"), time.time()
        specs = [things.draw_shapes(rng) for _ in range(shapes)] if kind == "shapes" else [things.draw_thing(rng, i) for i in range(len(things.THINGS)) for _ in range(per_thing)]
        latents = torch.cat([encode(encoder, [picture_of(s, rng, size) for s in specs[k:k + 16]]) for k in range(0, len(specs), 16)])
        torch.save({"latents": pack(latents), "specs": specs}, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").rename(path)
        print(f"{path.name}: {len(specs)} pictures, {time.time() - start:.0f} s", flush=True)


def load_cache(size):
    """(latents, specs) of all shards there are, and their number."""
    files = sorted((STATE / "latents").glob(f"{size}-*.pt"))
    parts = [torch.load(f, weights_only=False) for f in files]
    return torch.cat([p["latents"] for p in parts]), [s for p in parts for s in p["specs"]], len(files)
