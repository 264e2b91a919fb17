#!/usr/bin/env python3
"""Make FLUX cases that nobody has tuned for: random tiny models, random sizes, seeds and prompts.

    make_unseen.py --out DIR [--seed N] [--models 3]

Every model gets five cases: text to image, true CFG, custom sigmas, a non-square picture, a batch. Another --seed gives
other models and other cases, so an engine that passes many seeds has learnt the pipeline and not the fixtures.

    FLUX_UNSEEN=DIR Scripts/test --filter UnseenTests

runs them; several folders stand with a colon between them.

    DIR/<model>/                          a diffusers folder (float32, or bfloat16 for every third model)
    DIR/cases.json                        cases as in make_reference.py: parameters; key, shape and atol of every tensor
    DIR/expected/<model>.safetensors      <case>/in.noise and <case>/latents [n, 16, H/8, W/8]; <case>/image_u8 [n, H, W, 3]

Latents are unpacked and as the sampler leaves them, before the VAE's scale and shift. Expectations are computed in float32
from the files; `atol` comes from the same computation in float64. A case without `sigmas` uses linspace(1, 1/n, n), and the
scheduler of the folder shifts custom ones too.

Needs what make_reference.py needs.
"""
import argparse
import contextlib
import dataclasses
import json
import random
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import torch
import transformers
from diffusers import AutoencoderKL, FluxPipeline
from safetensors.torch import load_file, save_file
from sentencepiece import sentencepiece_model_pb2

import make_reference as reference

# Rotary axes (their sum is the width of a head), from the smallest that works to that of FLUX.1.
AXES = [(4, 6, 6), (4, 4, 8), (6, 10, 8), (8, 12, 12), (2, 10, 12), (12, 14, 14), (16, 24, 24), (8, 36, 36), (16, 56, 56)]
NAMES = "umber ochre sienna sepia indigo madder cobalt viridian vermilion cerulean".split()


def random_model(r, kind):
    axes = r.choice(AXES)
    heads = r.choice([h for h in (1, 2, 3, 4, 5) if h * sum(axes) <= 256])
    transformer = reference.TransformerSpec(heads, sum(axes), axes, r.randint(1, 3), r.randint(1, 4), kind == "dev")
    clip_heads = r.randint(1, 4)
    clip = reference.clip_cfg(clip_heads * r.choice([8, 12, 16, 20]), clip_heads, r.randint(1, 3), r.randrange(40, 130, 4))
    t5 = reference.t5_cfg(r.randrange(24, 100, 4), r.randrange(6, 22, 2), r.randint(2, 6), r.randint(1, 4), r.randrange(40, 140, 4))
    groups = r.choice([2, 3, 4, 6, 8])
    channels = tuple(groups * m for m in sorted(r.choices([1, 2, 3, 4], k=4)))
    return reference.ModelSpec(transformer, clip, t5, channels, groups)


def random_set(seed):
    """The vocabulary and words of the public set, under another seed."""
    r = random.Random(f"set {seed}")
    return dataclasses.replace(reference.SETS["public"], name=f"unseen{seed}", seed=seed,
                               spm_vocab=r.randrange(480, 640, 20), clip_merges=r.randrange(250, 460, 30))


def train_tokenizers(spec, work):
    work.mkdir(parents=True, exist_ok=True)
    corpus = reference.captions(spec)
    reference.train_sentencepiece(spec, corpus, work / "spiece.model")
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString((work / "spiece.model").read_bytes())
    return dict(clip=reference.train_clip_bpe(spec, corpus), spm=work / "spiece.model", t5_size=len(proto.pieces) + 100)


def edit_json(path, **changes):
    reference.write_json(path, dict(json.loads(path.read_text(encoding="utf-8")), **changes))


def save_vae(folder, model, layers, scaling, shift, tag):
    """A VAE with its own depth and latent range: the published ones have 2 layers, 0.3611 and 0.1159."""
    vae = reference.make_vae(model.vae_channels, model.vae_groups, tag)
    if layers != 2:
        vae = AutoencoderKL.from_config(dict(vae.config, layers_per_block=layers)).eval()
        reference.init_module(vae, tag, reference.VAE_INIT)
    vae.register_to_config(scaling_factor=scaling, shift_factor=shift)
    shutil.rmtree(folder)
    vae.save_pretrained(folder)


def halve(path):
    """Store a safetensors file in bfloat16."""
    save_file({k: v.to(torch.bfloat16) if v.is_floating_point() else v for k, v in load_file(path).items()}, path, metadata={"format": "pt"})


def build_model(out, spec, index):
    r = random.Random(f"model {spec.seed}/{index}")
    kind = "schnell" if index % 3 == 1 else "dev"
    model = random_model(r, kind)
    name = f"{NAMES[index % len(NAMES)]}-{spec.seed}-{index}"
    tokenizers = train_tokenizers(spec, out / "_work")
    built = reference.save_model_folder(out, SimpleNamespace(seed=f"{spec.seed}/{index}", **{kind: model}), kind, tokenizers, None)
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    built.rename(folder)
    save_vae(folder / "vae", model, r.choice([1, 2, 3]), round(r.uniform(0.3, 0.5), 4), round(r.uniform(-0.1, 0.15), 4), f"{spec.seed}/{index}/vae")
    if kind == "dev":
        edit_json(folder / "scheduler" / "scheduler_config.json", base_shift=round(r.uniform(0.3, 0.7), 2), max_shift=round(r.uniform(0.9, 1.3), 2),
                  base_image_seq_len=r.choice([64, 256]), max_image_seq_len=r.choice([1024, 4096]))
    else:
        edit_json(folder / "scheduler" / "scheduler_config.json", shift=r.choice([1.0, 2.5]))
    if index % 3 == 2:
        for part in ("transformer/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "text_encoder/model", "text_encoder_2/model"):
            halve(folder / f"{part}.safetensors")
    print(f"  {name}: {kind}, {model}", flush=True)
    return name, kind


def random_cases(spec, index, kind):
    """(what, parameters of the call, seed); a list of seeds is a list of generators."""
    r = random.Random(f"cases {spec.seed}/{index}")
    prompts = reference.captions(dataclasses.replace(spec, seed=spec.seed * 1000 + index + 1), 8)
    side = lambda: 16 * r.randint(2, 7)
    seed = lambda: r.choice([r.randrange(2 ** 16), r.randrange(2 ** 32), r.randrange(2 ** 53)])

    def call(i, height, width, **more):
        steps = r.randint(2, 6)
        return dict(prompt=prompts[i], num_inference_steps=steps, guidance_scale=round(r.uniform(1, 6), 2) if kind == "dev" else 0.0,
                    height=height, width=width, max_sequence_length=r.choice([17, 24, 40, 64]), **more)

    size = side()
    yield "txt2img", call(0, size, size), seed()
    size = side()
    yield "true_cfg", call(1, size, size, negative_prompt=r.choice(["", prompts[5]]), true_cfg_scale=round(r.uniform(1.2, 5), 2)), seed()
    sigmas = [1.0] + sorted((round(r.uniform(0.05, 0.97), 3) for _ in range(r.randint(1, 5))), reverse=True)
    size = side()
    yield "sigmas", dict(call(2, size, size), sigmas=sigmas, num_inference_steps=len(sigmas)), seed()
    wide, tall = sorted(r.sample(range(1, 10), 2))
    yield "nonsquare", call(3, *r.sample([16 * wide, 16 * tall], 2), prompt_2=prompts[6]), seed()
    size = side()
    if r.random() < 0.5:
        yield "batch", dict(call(4, size, side()), num_images_per_prompt=r.choice([2, 3])), seed()
    else:
        yield "batch", dict(call(4, size, side()), prompt=[prompts[4], prompts[7]]), [seed(), seed()]


def unpacked(pipe, packed, call):
    return FluxPipeline._unpack_latents(packed, call["height"], call["width"], pipe.vae_scale_factor)


def run(rec, case, pipe, call, generator):
    packed, decoded, first = [], [], []
    hooks = [pipe.transformer.register_forward_pre_hook(lambda m, a, k: first.append(k["hidden_states"].clone()) if not first else None, with_kwargs=True),
             pipe.vae.decoder.register_forward_hook(lambda m, a, o: decoded.append(o))]

    def on_step(pipeline, index, timestep, values):
        packed.append(values["latents"].clone())
        return {}

    images = pipe(**call, generator=generator, output_type="np", callback_on_step_end=on_step, callback_on_step_end_tensor_inputs=["latents"]).images
    for hook in hooks:
        hook.remove()
    rec.put(case, "in.noise", unpacked(pipe, first[0], call))
    rec.put(case, "latents", unpacked(pipe, packed[-1], call))
    rec.put(case, "image_u8", torch.from_numpy((images * 255).round().astype("uint8")))
    if float((decoded[-1].abs() >= 1).double().mean()) > 0.2:
        rec.problems.append(f"{case}: many pixels are saturated")


def compute(spec, out, models, dtype):
    rec = reference.Recorder(dtype)
    with reference.float64_everywhere() if rec.is_f64 else contextlib.nullcontext():
        for index, (name, kind) in enumerate(models):
            pipe = FluxPipeline.from_pretrained(out / name, torch_dtype=dtype).to(dtype)
            pipe.set_progress_bar_config(disable=True)
            for what, call, seed in random_cases(spec, index, kind):
                case = f"{name}.{what}"
                rec.case(case, "pipeline", name, pipeline="FluxPipeline", model=name, seed=seed, **call)
                generator = [reference.gen(s) for s in seed] if isinstance(seed, list) else reference.gen(seed)
                run(rec, case, pipe, call, generator)
    return rec


def arguments(about, models):
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--models", type=int, default=models)
    return parser.parse_args()


def keep(spec, out, models, compute, harmless=()):
    """Computes the cases, writes them down with their tolerances, and ends the program: with 1 where they would test little."""
    shutil.rmtree(out / "_work")
    print("computing in float32, then in float64", flush=True)
    rec = compute(spec, out, models, torch.float32)
    wide = compute(spec, out, models, torch.float64)
    reference.save_expected(spec, out, rec, reference.measure(rec, wide))
    problems = [line for line in reference.check_sane(rec) if not any(word in line for word in harmless)]
    print("\n".join(problems) or "  all outputs are finite, varied and unsaturated")
    print(f"  {len(rec.cases)} cases, {len(rec.tensors)} tensors, transformers {transformers.__version__}")
    sys.exit(1 if problems else 0)


def main():
    args = arguments(__doc__, models=3)
    spec = random_set(args.seed)
    print("building models", flush=True)
    keep(spec, args.out, [build_model(args.out, spec, index) for index in range(args.models)], compute)


if __name__ == "__main__":
    main()
