#!/usr/bin/env python3
"""Make Tests/Fixtures/xlabs: a ControlNet as XLabs builds them, which looks at pixels, and what diffusers paints with it.

    make_xlabs.py [--fixtures Tests/Fixtures]

    xlabs/transformer/           three double blocks, so that two residuals taken in turns differ from two that are shared
    xlabs/diffusers/             the network as FluxControlNetModel keeps it
    xlabs/own/                   the same weights under the names that XLabs publishes
    xlabs/cases.json, expected/  cases as in make_reference.py; everything else is tiny-dev's

Needs what make_reference.py needs.
"""
import argparse
import contextlib
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import torch
from diffusers import FluxControlNetModel, FluxControlNetPipeline, FluxPipeline, FluxTransformer2DModel
from PIL import Image
from safetensors.torch import load_file, save_file

import make_reference as reference

PROMPTS = ["a red fox in the snow", "two small boats at night"]


def own_names(state):
    """diffusers' names → XLabs': BFL's blocks, the hint's convolutions counted with the SiLU between them."""
    state = dict(state)
    counted = ["conv_in"] + [f"blocks.{i}" for i in range(6)] + ["conv_out"]
    out = {}
    for kind in ("weight", "bias"):
        for i, name in enumerate(counted):
            out[f"input_hint_block.{2 * i}.{kind}"] = state.pop(f"input_hint_block.{name}.{kind}")
        out[f"pos_embed_input.{kind}"] = state.pop(f"controlnet_x_embedder.{kind}")
        for name in [n for n in state if n.startswith("controlnet_blocks.") and n.endswith(kind)]:
            out[name] = state.pop(name)
    # The names that only a whole transformer has, for the converter.
    last = {f"{part}.{kind}": torch.zeros(2) for part in ("norm_out.linear", "proj_out") for kind in ("weight", "bias")}
    blocks = reference.transformer_to_bfl({**state, **last})
    return {**out, **{name: value for name, value in blocks.items() if not name.startswith("final_layer.")}}


def halve(path):
    save_file({name: value.to(torch.bfloat16) for name, value in load_file(path).items()}, path, metadata={"format": "pt"})


def build(fixtures, out):
    config = json.loads((fixtures / "tiny-dev/transformer/config.json").read_text())
    spec = reference.TransformerSpec(config["num_attention_heads"], config["attention_head_dim"], tuple(config["axes_dims_rope"]), 3, 1, True)
    joint, pooled = config["joint_attention_dim"], config["pooled_projection_dim"]
    reference.make_transformer(spec, joint, pooled, "xlabs/transformer").save_pretrained(out / "transformer")
    net = FluxControlNetModel(
        patch_size=2, in_channels=64, attention_head_dim=spec.head_dim, num_attention_heads=spec.heads, joint_attention_dim=joint,
        pooled_projection_dim=pooled, guidance_embeds=True, axes_dims_rope=list(spec.axes), num_layers=2, num_single_layers=0, conditioning_embedding_channels=16)
    reference.init_flux(net, "xlabs/net")
    for convolution in net.input_hint_block.modules():
        if isinstance(convolution, torch.nn.Conv2d):
            convolution.weight.data *= 1.8        # SiLU halves what passes: the hint should count
    net.save_pretrained(out / "diffusers")
    for folder in ("transformer", "diffusers"):
        halve(out / folder / "diffusion_pytorch_model.safetensors")
    (out / "own").mkdir()
    shutil.copy(out / "diffusers" / "config.json", out / "own")
    save_file({name: value.contiguous() for name, value in own_names(load_file(out / "diffusers" / "diffusion_pytorch_model.safetensors")).items()},
              out / "own" / "flux-canny-controlnet.safetensors")


def compute(fixtures, out, dtype):
    rec = reference.Recorder(dtype)
    with reference.float64_everywhere() if rec.is_f64 else contextlib.nullcontext():
        base = FluxPipeline.from_pretrained(fixtures / "tiny-dev", torch_dtype=dtype)
        parts = {k: v for k, v in base.components.items() if k not in ("image_encoder", "feature_extractor", "transformer")}
        pipe = FluxControlNetPipeline(
            controlnet=FluxControlNetModel.from_pretrained(out / "diffusers", torch_dtype=dtype),
            transformer=FluxTransformer2DModel.from_pretrained(out / "transformer", torch_dtype=dtype), **parts)
        pipe.set_progress_bar_config(disable=True)

        def case(name, net, image, size, seed, **call):
            shown = dict(call, height=size[0], width=size[1], max_sequence_length=32)
            rec.case(name, "pipeline", "xlabs", pipeline="FluxControlNetPipeline", model="../tiny-dev", seed=seed, control_image_file=f"../inputs/{image}.png",
                     components=dict(transformer="transformer", controlnet=net), **shown)
            picture = Image.open(fixtures / "inputs" / f"{image}.png").copy()
            reference.run_pipeline(rec, name, pipe, dict(shown, control_image=picture, generator=reference.gen(seed)), False)

        square, own = dict(prompt=PROMPTS[0], num_inference_steps=3, guidance_scale=3.5), "own/flux-canny-controlnet.safetensors"
        case("xlabs.square", "diffusers", "image_square", (32, 32), 11, controlnet_conditioning_scale=0.8, **square)
        case("xlabs.own_names", own, "image_square", (32, 32), 11, controlnet_conditioning_scale=0.8, **square)
        case("xlabs.window", own, "image_tall", (64, 32), 12, prompt=PROMPTS[1], num_inference_steps=5, guidance_scale=2.0, controlnet_conditioning_scale=1.0,
             control_guidance_start=0.2, control_guidance_end=0.8)
        case("xlabs.two_pictures", "diffusers", "image_wide", (32, 64), 13, prompt=PROMPTS[1], num_images_per_prompt=2, num_inference_steps=2, guidance_scale=4.0,
             controlnet_conditioning_scale=0.6)
    return rec


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fixtures", type=Path, default=Path(__file__).resolve().parent.parent / "Tests" / "Fixtures")
    fixtures = parser.parse_args().fixtures
    out = fixtures / "xlabs"
    shutil.rmtree(out, ignore_errors=True)
    build(fixtures, out)
    rec, wide = compute(fixtures, out, torch.float32), compute(fixtures, out, torch.float64)
    reference.save_expected(SimpleNamespace(name="xlabs"), out, rec, reference.measure(rec, wide))
    print("\n".join(reference.check_sane(rec)) or f"{len(rec.cases)} cases, all finite, varied and unsaturated")


if __name__ == "__main__":
    main()
