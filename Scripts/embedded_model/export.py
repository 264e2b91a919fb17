"""Stage `export`: the averaged weights as a plain diffusers FluxPipeline folder."""
import json
import shutil
from pathlib import Path

import torch

from .parts import STATE, Model, load_vae, tokenizers


def write_json(path, value): path.write_text(json.dumps(value, indent=2) + "\n")


def build_pipeline(which="average"):
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline
    from diffusers.models.transformers.transformer_flux import FluxAttnProcessor
    model = Model()
    model.load_state_dict(torch.load(STATE / "flow.pt", mmap=True)[which])
    model.flux.set_attn_processor(FluxAttnProcessor())
    model.clip.config._attn_implementation = "sdpa"
    t5_tokens, clip_tokens = tokenizers()
    # The shift is linear in the number of packed tokens: 0.6 at 128 × 128, 1.2 at 256 × 256.
    scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=3.0, use_dynamic_shifting=True, base_shift=.6, max_shift=1.2,
                                                base_image_seq_len=64, max_image_seq_len=256)
    pipeline = FluxPipeline(scheduler=scheduler, vae=load_vae(), text_encoder=model.clip, tokenizer=clip_tokens, text_encoder_2=model.t5, tokenizer_2=t5_tokens,
                            transformer=model.flux)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def export(out, which="average"):
    from safetensors.torch import load_file, save_file
    final, out = Path(out), Path(f"{out}.part")
    shutil.rmtree(out, ignore_errors=True)
    build_pipeline(which).to(torch.bfloat16).save_pretrained(out, safe_serialization=True)
    # File names and keys as in the FLUX.1 repositories, whatever the version of transformers writes.
    path = out / "text_encoder/model.safetensors"
    weights = load_file(path)
    save_file({k if k.startswith("text_model.") else "text_model." + k: v.contiguous() for k, v in weights.items()}, path, {"format": "pt"})
    for folder, source, names in (("tokenizer", "cliptok", ("vocab.json", "merges.txt")), ("tokenizer_2", "t5tok", ("spiece.model",))):
        for name in names: shutil.copy(STATE / source / name, out / folder / name)
    write_json(out / "tokenizer/special_tokens_map.json", {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>"})
    write_json(out / "tokenizer_2/special_tokens_map.json", {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"})
    edits = {"model_index.json": {"tokenizer_2": ["transformers", "T5TokenizerFast"]}, "text_encoder_2/config.json": {"architectures": ["T5EncoderModel"]},
             "tokenizer_2/tokenizer_config.json": {"model_max_length": 32}}
    for name, changes in edits.items(): write_json(out / name, json.loads((out / name).read_text()) | changes)
    write_json(out / "fluxlua.json", {"name": "fluxlua miniature", "steps": 8, "guidance": 3, "size": 128})
    shutil.rmtree(final, ignore_errors=True)
    out.rename(final)
    print(f"{final}: {sum(f.stat().st_size for f in final.rglob('*') if f.is_file()) / 1e6:.2f} MB")
