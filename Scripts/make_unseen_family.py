#!/usr/bin/env python3
"""Make cases of FLUX.1's family that nobody has tuned for: random tiny models with their ControlNets, Fill and control models.

    make_unseen_family.py --out DIR [--seed N] [--models 2]

Around every model: image to image, inpainting, Fill, a control model, Kontext, ControlNets that look at latents (with modes and
without, several at once) and at pixels. Another --seed gives other models and other cases. Lists of seeds stand only where diffusers
draws for every picture: for a picture to start from it draws from the first generator alone, and then no other picture of the batch is
what its seed gives by itself, which fluxlua keeps.

    FLUX_UNSEEN=DIR Scripts/test --filter UnseenTests

runs them. The folder is laid out as by make_unseen.py, and needs what that needs.
"""
import contextlib
import dataclasses
import random

import torch
from diffusers import (FluxControlNetModel, FluxControlNetPipeline, FluxControlPipeline, FluxFillPipeline, FluxImg2ImgPipeline, FluxInpaintPipeline, FluxKontextPipeline,
                       FluxMultiControlNetModel, FluxPipeline, FluxTransformer2DModel)
from PIL import Image, ImageDraw, ImageFilter

import make_reference as reference
import make_unseen as unseen


def picture(path, width, height, tag):
    """Soft noise with some shapes on it."""
    r = random.Random(f"picture {tag}")
    image = Image.frombytes("RGB", (width, height), r.randbytes(3 * width * height)).filter(ImageFilter.GaussianBlur(3))
    draw = ImageDraw.Draw(image)
    for _ in range(4):
        x, y = r.randrange(width), r.randrange(height)
        draw.ellipse([x - width // 4, y - height // 5, x + width // 4, y + height // 5], fill=tuple(r.randrange(256) for _ in range(3)))
    image.save(path)
    return image


def mask(path, width, height, tag):
    r = random.Random(f"mask {tag}")
    image = Image.new("L", (width, height), 0)
    x, y = r.randrange(width // 2), r.randrange(height // 2)
    ImageDraw.Draw(image).rectangle([x, y, x + r.randrange(8, width // 2 + 8), y + r.randrange(8, height // 2 + 8)], fill=255)
    image.save(path)
    return image


def build_relatives(out, spec, name):
    """The transformers and ControlNets that go with a model, under `name`-…"""
    config = FluxTransformer2DModel.load_config(out / name / "transformer")
    axes, joint, pooled = config["axes_dims_rope"], config["joint_attention_dim"], config["pooled_projection_dim"]
    shape = reference.TransformerSpec(config["num_attention_heads"], config["attention_head_dim"], tuple(axes), config["num_layers"], config["num_single_layers"], True)
    tag, r = f"{spec.seed}/{name}", random.Random(f"relatives {spec.seed}/{name}")
    for kind, inputs in (("fill", 384), ("control", 128)):
        reference.make_transformer(shape, joint, pooled, f"{tag}/{kind}", in_channels=inputs, out_channels=64).save_pretrained(out / f"{name}-{kind}")
    common = dict(in_channels=64, attention_head_dim=shape.head_dim, num_attention_heads=shape.heads, joint_attention_dim=joint, pooled_projection_dim=pooled,
                  guidance_embeds=True, axes_dims_rope=list(axes))
    modes = r.randint(3, 9)
    double = lambda: r.randint(1, config["num_layers"])
    for kind, more in (("net", dict(num_layers=double(), num_single_layers=r.randint(0, config["num_single_layers"]))), ("union", dict(num_layers=double(), num_single_layers=0, num_mode=modes)),
                       ("pixels", dict(num_layers=double(), num_single_layers=0, conditioning_embedding_channels=16, patch_size=2))):
        net = FluxControlNetModel(**{"patch_size": 1, **common, **more})
        reference.init_flux(net, f"{tag}/{kind}")
        net.save_pretrained(out / f"{name}-{kind}")
    return modes


def cases(out, spec, index, name, modes):
    """(what, pipeline, components, files, parameters of the call, seed)"""
    r = random.Random(f"family {spec.seed}/{index}")
    prompts = reference.captions(dataclasses.replace(spec, seed=spec.seed * 1000 + index + 1), 4)
    inputs = out / "inputs"
    inputs.mkdir(exist_ok=True)

    def call(what, least=2, **more):
        height, width = 16 * r.randint(least, 5), 16 * r.randint(least, 5)
        files = {}
        for key, make in (("image", picture), ("mask_image", mask), ("control_image", picture)):
            if key not in more:
                continue
            paths = [inputs / f"{name}-{what}-{key}{i}.png" for i in range(more.pop(key))]
            pictures = [make(path, width, height, path.name) for path in paths]
            files[key] = ([f"inputs/{p.name}" for p in paths], pictures) if len(paths) > 1 else (f"inputs/{paths[0].name}", pictures[0])
        return files, dict(dict(prompt=prompts[0], num_inference_steps=r.randint(2, 6), guidance_scale=round(r.uniform(1, 6), 2), height=height, width=width,
                                max_sequence_length=r.choice([17, 24, 40])), **more)

    seed = lambda: r.randrange(2 ** 32)
    strength = lambda: round(r.uniform(0.35, 1), 2)
    yield "img2img", FluxImg2ImgPipeline, {}, *call("img2img", image=1, strength=strength()), seed()
    yield "img2img_two", FluxImg2ImgPipeline, {}, *call("img2img_two", image=1, strength=strength(), num_images_per_prompt=2), seed()
    yield "inpaint", FluxInpaintPipeline, {}, *call("inpaint", image=1, mask_image=1, strength=strength()), seed()
    fill = dict(transformer=f"{name}-fill")
    yield "fill", FluxFillPipeline, fill, *call("fill", image=1, mask_image=1), seed()
    yield "fill_two", FluxFillPipeline, fill, *call("fill_two", image=1, mask_image=1, num_images_per_prompt=2), seed()
    control = dict(transformer=f"{name}-control")
    yield "control", FluxControlPipeline, control, *call("control", control_image=1), seed()
    yield "control_list", FluxControlPipeline, control, *call("control_list", control_image=1, prompt=prompts[:2]), [seed(), seed()]
    files, kontext = call("kontext", image=1)
    yield "kontext", FluxKontextPipeline, {}, files, dict(kontext, max_area=kontext["height"] * kontext["width"], _auto_resize=False), seed()
    scale = lambda: round(r.uniform(0.2, 1.2), 2)
    yield "net", FluxControlNetPipeline, dict(controlnet=f"{name}-net"), *call("net", control_image=1, controlnet_conditioning_scale=scale()), seed()
    yield "net_list", FluxControlNetPipeline, dict(controlnet=f"{name}-net"), *call("net_list", control_image=1, controlnet_conditioning_scale=scale(), prompt=prompts[:2]), [seed(), seed()]
    yield "union", FluxControlNetPipeline, dict(controlnet=f"{name}-union"), *call("union", control_image=1, controlnet_conditioning_scale=scale(), control_mode=r.randrange(modes),
                                                                                   control_guidance_start=0.2, control_guidance_end=0.7), seed()
    yield "pixels", FluxControlNetPipeline, dict(controlnet=f"{name}-pixels"), *call("pixels", control_image=1, controlnet_conditioning_scale=scale()), seed()
    yield "several", FluxControlNetPipeline, dict(controlnet=[f"{name}-union", f"{name}-union"]), *call(
        "several", control_image=2, controlnet_conditioning_scale=[scale(), scale()], control_mode=[r.randrange(modes), r.randrange(modes)]), seed()


def open_pipeline(out, base, cls, components):
    parts = {key: value for key, value in base.components.items() if key not in ("image_encoder", "feature_extractor")}
    if "transformer" in components:
        parts["transformer"] = FluxTransformer2DModel.from_pretrained(out / components["transformer"], torch_dtype=base.dtype)
    if "controlnet" in components:
        nets = components["controlnet"]
        opened = [FluxControlNetModel.from_pretrained(out / net, torch_dtype=base.dtype) for net in ([nets] if isinstance(nets, str) else nets)]
        parts["controlnet"] = opened[0] if isinstance(nets, str) else FluxMultiControlNetModel(opened)
    if cls in (FluxImg2ImgPipeline, FluxInpaintPipeline, FluxKontextPipeline):
        parts.update(image_encoder=None, feature_extractor=None)
    pipe = cls(**parts)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def run(rec, case, pipe, call, generator):
    """As make_unseen.run, where more than the latents goes in."""
    first, packed = [], []
    hook = pipe.transformer.register_forward_pre_hook(lambda m, a, k: first.append(k["hidden_states"].clone()) if not first else None, with_kwargs=True)

    def on_step(pipeline, index, timestep, values):
        packed.append(values["latents"].clone())
        return {}

    images = pipe(**call, generator=generator, output_type="np", callback_on_step_end=on_step, callback_on_step_end_tensor_inputs=["latents"]).images
    hook.remove()
    tokens = call["height"] // 16 * (call["width"] // 16)
    rec.put(case, "in.noise", unseen.unpacked(pipe, first[0][:, :tokens, :64], call))
    rec.put(case, "latents", unseen.unpacked(pipe, packed[-1], call))
    rec.put(case, "image_u8", torch.from_numpy((images * 255).round().astype("uint8")))


def compute(spec, out, models, dtype):
    rec = reference.Recorder(dtype)
    with reference.float64_everywhere() if rec.is_f64 else contextlib.nullcontext():
        for index, (name, modes) in enumerate(models):
            base = FluxPipeline.from_pretrained(out / name, torch_dtype=dtype).to(dtype)
            for what, cls, components, files, call, seed in cases(out, spec, index, name, modes):
                case = f"{name}.{what}"
                named = {f"{key}_file": paths for key, (paths, _) in files.items()}
                rec.case(case, "pipeline", name, pipeline=cls.__name__, model=name, components=components, seed=seed, **named, **call)
                generator = [reference.gen(s) for s in seed] if isinstance(seed, list) else reference.gen(seed)
                run(rec, case, open_pipeline(out, base, cls, components), dict(call, **{key: pictures for key, (_, pictures) in files.items()}), generator)
    return rec


def main():
    args = unseen.arguments(__doc__, models=2)
    spec = unseen.random_set(args.seed)
    print("building models", flush=True)
    models = []
    for index in range(0, 3 * args.models, 3):        # every third is a dev model in float32
        name, _ = unseen.build_model(args.out, spec, index)
        models.append((name, build_relatives(args.out, spec, name)))
    unseen.keep(spec, args.out, models, compute, harmless=["levels"])


if __name__ == "__main__":
    main()
