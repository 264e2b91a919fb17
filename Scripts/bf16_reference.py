#!/usr/bin/env python3
"""Measure how far bfloat16 strays from float32 in diffusers, on one FLUX model folder.

    bf16_reference.py MODEL [--images DIR] [--json FILE]

Both pipelines start from the same float32 noise, so that what differs is the arithmetic alone: weights, activations and
latents in one type or the other, as `pipeline.to(torch.bfloat16)` makes them. The median PSNR between the two pictures
is what a bfloat16 engine may be asked to reach against float32.

Needs, from PyPI: torch, diffusers, transformers, sentencepiece, pillow. Nothing is downloaded when it runs.
"""
import argparse
import json
import os
import statistics
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
warnings.filterwarnings("ignore")

import numpy as np
import torch
import diffusers
import transformers
from diffusers import FluxPipeline
from PIL import Image

STEPS, GUIDANCE, SIZE, T5_LENGTH = 8, 3.0, 128, 32

# Things that the embedded model paints well: one plain subject, or a subject on a background.
PROMPTS = [
    "a red apple",
    "a fox on a light blue background",
    "a green triangle on a yellow background",
    "a castle on a pink background",
    "face with sunglasses",
    "a blue cat on a yellow background",
    "a pear",
    "a red circle on a white background",
    "a sailboat",
    "a yellow star on a blue background",
]


def load(folder, dtype):
    pipeline = FluxPipeline.from_pretrained(folder, torch_dtype=torch.float32).to(dtype)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def noise(pipeline, seed):
    """Packed float32 noise, drawn as diffusers draws it."""
    side = SIZE // 8
    drawn = torch.randn(1, 16, side, side, generator=torch.Generator("cpu").manual_seed(seed))
    return pipeline._pack_latents(drawn, 1, 16, side, side)


def paint(pipeline, prompt, seed):
    result = pipeline(prompt, height=SIZE, width=SIZE, num_inference_steps=STEPS, guidance_scale=GUIDANCE,
                      max_sequence_length=T5_LENGTH, latents=noise(pipeline, seed), output_type="np")
    return (result.images[0] * 255).round().astype(np.uint8)


def psnr(a, b):
    """As skimage.metrics.peak_signal_noise_ratio(a, b, data_range=255)."""
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return float("inf") if error == 0 else 10 * np.log10(255.0 ** 2 / error)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="a FLUX folder in diffusers layout")
    parser.add_argument("--images", type=Path, metavar="DIR", help="save both pictures of every prompt")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    args = parser.parse_args()
    torch.set_grad_enabled(False)
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()

    f32, bf16 = load(args.model, torch.float32), load(args.model, torch.bfloat16)
    rows = []
    for seed, prompt in enumerate(PROMPTS):
        exact, rounded = paint(f32, prompt, seed), paint(bf16, prompt, seed)
        rows.append(dict(prompt=prompt, seed=seed, psnr=psnr(exact, rounded)))
        print(f"{rows[-1]['psnr']:6.2f} dB  seed {seed}  {prompt}", flush=True)
        if args.images:
            args.images.mkdir(parents=True, exist_ok=True)
            for kind, picture in (("f32", exact), ("bf16", rounded)):
                Image.fromarray(picture).save(args.images / f"{seed:02d}-{kind}.png")
    median = statistics.median(row["psnr"] for row in rows)
    print(f"{median:6.2f} dB  median of {len(rows)}, float32 against bfloat16, torch {torch.__version__}, diffusers {diffusers.__version__}")
    if args.json:
        args.json.write_text(json.dumps(dict(median=median, steps=STEPS, guidance=GUIDANCE, size=SIZE, t5_length=T5_LENGTH,
                                             torch=torch.__version__, diffusers=diffusers.__version__, prompts=rows), indent=1) + "\n")


if __name__ == "__main__":
    main()
