"""Stage `lora`: a small adapter in PEFT's format that turns every picture into night, trained beside the model."""
import random
import time

import numpy as np
import torch
from PIL import Image

from . import things
from .cache import encode
from .parts import STATE, PlainAttention, Tokens, load_vae, pack, save
from .pictures import picture_of
from .train import noise_levels

TARGETS = ["to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2"] + [f"single_transformer_blocks.{k}.proj_out" for k in range(5)]


def at_night(picture):
    """Everything in blue moonlight."""
    values = np.asarray(picture).astype(np.float32) / 255
    light = values.mean(-1, keepdims=True)
    night = (.55 * values + .45 * light) * np.array([.36, .44, .80]) + np.array([.02, .03, .12])
    return Image.fromarray((night.clip(0, 1) * 255).astype(np.uint8))


def train_lora(folder, steps, out, which="all", rank=4, rate=1e-3, batch=24):
    from peft import LoraConfig, get_peft_model_state_dict
    from safetensors.torch import save_file
    from .evaluate import load_pipeline
    torch.manual_seed(4); torch.set_num_threads(1)
    rng, tokens, pipeline = random.Random(4), Tokens(), load_pipeline(folder)
    path = STATE / "night-latents.pt"
    if not path.exists():
        specs = [things.draw_thing(rng, i) for i in things.CHOICES[which] for _ in range(6)]
        encoder = load_vae().encoder.to(memory_format=torch.channels_last)
        with torch.no_grad(): latents = torch.cat([encode(encoder, [at_night(picture_of(s, rng)) for s in specs[k:k + 16]]) for k in range(0, len(specs), 16)])
        save({"latents": pack(latents), "specs": specs}, path)
    cache = torch.load(path, weights_only=False)
    latents, specs = cache["latents"], cache["specs"]
    flux = pipeline.transformer
    flux.set_attn_processor(PlainAttention())
    flux.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=TARGETS))
    weights = [p for p in flux.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=rate, weight_decay=0)
    start, running = time.time(), None
    for step in range(steps):
        chosen = torch.randint(0, len(specs), (batch,)).tolist()
        x0, ids = latents[chosen].float(), tokens([things.sentence(rng, specs[i]) for i in chosen])
        noise, t = torch.randn_like(x0), noise_levels(batch)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad(): text, pooled = pipeline.text_encoder_2(ids[0])[0], pipeline.text_encoder(ids[1]).pooler_output
            v = flux(hidden_states=torch.lerp(x0, noise, t[:, None, None]), encoder_hidden_states=text, pooled_projections=pooled, timestep=t, guidance=1 + 2 * torch.rand(batch),
                     img_ids=pipeline._prepare_latent_image_ids(1, 8, 8, "cpu", torch.float32), txt_ids=torch.zeros(text.shape[1], 3), return_dict=False)[0]
        loss = (v.float() - noise + x0).square().mean()
        optimiser.zero_grad(); loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        for group in optimiser.param_groups: group["lr"] = rate * min(1, (step + 1) / 20) * max(.03, 1 - step / steps)
        optimiser.step()
        running = loss.item() if running is None else .95 * running + .05 * loss.item()
        if step % 20 == 0: print(f"{time.time() - start:.0f} s, step {step}, loss {running:.4f}", flush=True)
    state = {f"transformer.{k}": v.to(torch.bfloat16).contiguous() for k, v in get_peft_model_state_dict(flux).items()}
    save_file(state, out, {"format": "pt"})
