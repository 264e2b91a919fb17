#!/usr/bin/env python3
"""Make numerical reference fixtures for a re-implementation of the FLUX.1 pipeline.

    make_reference.py --set public --out DIR             build models, compute expectations
    make_reference.py --set public --out DIR --verify    reload everything, recompute, compare

A run has three stages:
  1. build:   tiny random-weight models, tokenizers, LoRAs and GGUF files are written under DIR;
  2. compute: every expectation is computed from the files in DIR (never from stage-1 objects)
              with torch / diffusers / transformers in float32;
  3. measure: the same computation is repeated in float64; the difference gives the tolerance.

All randomness comes from generators seeded by (set seed, tag), so a run is reproducible on one
version of torch.  Nothing is downloaded.

Needs, from PyPI: torch, diffusers, transformers, tokenizers, sentencepiece, protobuf, safetensors, gguf, regex, numpy,
pillow.  The engine itself needs none of this: the numbers it is tested against are in the repository.
"""
import argparse
import base64
import contextlib
import copy
import dataclasses
import hashlib
import json
import math
import os
import random
import re as stdre
import shutil
import sys
import warnings
import zlib
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TQDM_DISABLE", "1")
warnings.filterwarnings("ignore")

import numpy as np
import torch
import gguf
import regex
import sentencepiece as spm
import tokenizers
import transformers
import diffusers
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from sentencepiece import sentencepiece_model_pb2
from transformers import (CLIPTextConfig, CLIPTextModel, SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel,
                          T5Config, T5EncoderModel)
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    FluxControlNetModel,
    FluxControlNetPipeline,
    FluxControlPipeline,
    FluxFillPipeline,
    FluxImg2ImgPipeline,
    FluxInpaintPipeline,
    FluxKontextPipeline,
    FluxPipeline,
    FluxPriorReduxPipeline,
    FluxTransformer2DModel,
)
from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder
from diffusers.pipelines.flux.pipeline_flux import calculate_shift, retrieve_timesteps

torch.set_num_threads(1)
torch.set_grad_enabled(False)
diffusers.utils.logging.set_verbosity_error()
diffusers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

HERE = Path(__file__).resolve().parent


# =====================================================================================
# 1. What a set consists of
# =====================================================================================
@dataclasses.dataclass
class TransformerSpec:
    heads: int
    head_dim: int
    axes: tuple
    double: int
    single: int
    guidance: bool
    in_channels: int = 64

    @property
    def dim(self):
        return self.heads * self.head_dim


@dataclasses.dataclass
class ModelSpec:
    """One diffusers folder (tiny-schnell or tiny-dev)."""
    transformer: TransformerSpec
    clip: dict
    t5: dict
    vae_channels: tuple
    vae_groups: int


@dataclasses.dataclass
class SetSpec:
    name: str
    seed: int
    schnell: ModelSpec
    dev: ModelSpec
    extra_double: int            # blocks of the extra transformers (controlnet, fill, control)
    extra_single: int
    gguf_small: TransformerSpec  # rows are multiples of 32: legacy quants
    gguf_k: TransformerSpec      # rows are multiples of 256: K quants
    spm_vocab: int
    clip_merges: int
    union_modes: int
    siglip: dict
    lora_rank: int
    lora_alpha: float
    sizes: dict                  # named (height, width)
    words: dict                  # vocabulary of the caption generator
    prompts: list                # prompts of the pipeline cases
    tricky: list                 # tokenizer edge cases
    seeds: dict


def clip_cfg(hidden, heads, layers, inter):
    return dict(hidden_size=hidden, num_attention_heads=heads, num_hidden_layers=layers, intermediate_size=inter)


def t5_cfg(d_model, d_kv, heads, layers, d_ff):
    return dict(d_model=d_model, d_kv=d_kv, num_heads=heads, num_layers=layers, d_ff=d_ff)


COMMON_TRICKY = [
    "", " ", "   ", "a", "A", ".", "\n", "\t\n ", "hello world", "Hello, World!", "HELLO   WORLD",
    "  leading and trailing spaces  ", "double  spaces   triple", "tab\tseparated\twords",
    "line one\nline two\r\nline three", "it's don't we're I'm you'll he'd they've",
]

SETS = {
    "public": SetSpec(
        name="public", seed=20240801,
        schnell=ModelSpec(TransformerSpec(2, 32, (8, 12, 12), 1, 2, False), clip_cfg(48, 3, 2, 96),
                          t5_cfg(64, 16, 4, 2, 128), (8, 8, 16, 16), 4),
        dev=ModelSpec(TransformerSpec(2, 16, (4, 6, 6), 2, 3, True), clip_cfg(32, 2, 3, 80),
                      t5_cfg(48, 12, 3, 3, 96), (4, 8, 12, 12), 4),
        extra_double=1, extra_single=1,
        gguf_small=TransformerSpec(2, 16, (4, 4, 8), 1, 1, True),
        gguf_k=TransformerSpec(8, 32, (8, 12, 12), 1, 1, False),
        spm_vocab=620, clip_merges=420, union_modes=5,
        siglip=dict(hidden_size=32, intermediate_size=72, num_hidden_layers=2, num_attention_heads=4, image_size=56, patch_size=14), lora_rank=4, lora_alpha=2.0,
        sizes=dict(square=(64, 64), wide=(64, 96), tall=(96, 48), odd=(72, 90)),
        words=dict(
            adj="red blue tiny huge ancient misty golden broken quiet stormy frozen velvet neon rusty".split(),
            noun="cat dog lighthouse mountain river castle robot teapot violin garden bicycle whale library".split(),
            verb="holding painting watching chasing guarding building carrying".split(),
            place="at dawn|under a full moon|in the desert|beside the sea|on a wooden table|in the rain".split("|"),
            style="watercolor|oil painting|35mm photograph|pixel art|charcoal sketch|isometric render".split("|"),
        ),
        prompts=["a red cat holding a sign that says hello world", "an ancient lighthouse in the rain, oil painting",
                 "tiny robot watching a golden river at dawn", "neon castle, isometric render, 4k"],
        tricky=COMMON_TRICKY + [
            "A cat, a dog & a bird -- (maybe) [two]?!", "3 cats and 12345 dogs, 35mm f/1.8 @ 100%", "C++ & C# > Java; x=y_z",
            "don't \"quote\" 'me' `please`", "…ellipsis — em–dash “curly” ‘quotes’", "naïve café façade", "na\u0131ve cafe\u0301 fac\u0327ade",
            "Ångström Straße ŒUVRE İstanbul", "ﬁne ﬂow ½ ² ™ ①", "ｆｕｌｌｗｉｄｔｈ　ＴＥＸＴ", "a cat 🐱 and a dog 🐶", "👩‍👩‍👧‍👦 family 🏳️‍🌈 flag 👍🏽",
            "猫が窓のそばで寝ている", "一只红色的猫", "붉은 고양이", "кот на крыше", "قطة حمراء", "ไทย ภาษา", "Ελληνικά ΣΊΣΥΦΟΣ", "हिन्दी बिल्ली",
            "zero\u200bwidth\u200dspace\ufeffbom", "non\u00a0breaking\u2003space", "soft\u00adhyphen", "e\u0301\u0323\u0302 stacked marks", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L", "emoji❤️heart❤plain",
            "<|endoftext|>", "<|startoftext|> a cat <|endoftext|> b", "</s> <pad> <unk>", "see <extra_id_0> and<extra_id_1>here", "▁underscore ▁▁two", "a</w>b",
            "snake_case_word __dunder__", "https://example.com/a?b=c&d=e#f", "user@example.org", "#hashtag @mention $100 €5 £3 ¥9", "\\n not newline \\u00e9",
            "supercalifragilisticexpialidocious" * 3, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "!!!!!!????....,,,,", "1.000.000,50 + 2^10 = ~1k", "\u0001control\u0007chars\u001f", "tail newline\n", "MiXeD CaSe ÀÉÎ",
            "a(red:1.3) cat [blue|green] {x}", "x" * 400, "𝒻𝒶𝓃𝒸𝓎 𝕥𝕖𝕩𝕥 𝟙𝟚𝟛", "漢字とかな混じりtext with English", "\ufffd replacement", "Ⅷ ⅓ ㎏ ㍿",
        ],
        seeds=dict(a=0, b=42, c=1234, d=987654321),
    ),
}


# =====================================================================================
# 2. Helpers
# =====================================================================================
def rng(*tags):
    return torch.Generator().manual_seed(zlib.crc32("/".join(str(t) for t in tags).encode()))


def write_json(path, obj, indent=2):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(obj, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")


def init_module(module, tag, overrides=()):
    """Fill all parameters with reproducible noise.  overrides: (regex, std, mean) for chosen names;
    a std given as a string 'fan*X' means X / sqrt(fan_in)."""
    for name, p in module.named_parameters():
        noise = torch.randn(p.shape, generator=rng(tag, name))
        fan_in = p[0].numel() if p.ndim > 1 else 1
        if p.ndim == 1:
            is_norm_weight = name.endswith("weight")
            std, mean = (0.2, 1.0) if is_norm_weight else (0.1, 0.0)
        else:
            std, mean = 1.0 / math.sqrt(fan_in), 0.0
        for pattern, o_std, o_mean in overrides:
            if stdre.search(pattern, name):
                std = float(o_std[4:]) / math.sqrt(fan_in) if isinstance(o_std, str) else o_std
                mean = o_mean
        p.data.copy_(noise * std + mean)


FLUX_INIT = [
    # small keys: makes the eps of the RMS norm visible
    (r"single_transformer_blocks\.0\.attn\.to_k\.weight", "fan*0.02", 0.0),
    (r"single_transformer_blocks\.0\.attn\.to_k\.bias", 0.01, 0.0),
    (r"norm(1|1_context|_out)?\.linear\.weight", "fan*0.6", 0.0),
    (r"norm(1|1_context|_out)?\.linear\.bias", 0.3, 0.0),
    (r"ff(_context)?\.net\.2\.weight", "fan*1.5", 0.0),
    (r"controlnet_blocks|controlnet_single_blocks", "fan*0.7", 0.0),
    (r"controlnet_mode_embedder", 1.0, 0.0),
]
def init_flux(module, tag):
    init_module(module, tag, FLUX_INIT)
    # As in trained models, fast sinusoid channels matter little; otherwise the rounding of guidance * 1000 drowns everything.
    speed = torch.exp(-math.log(10000) * torch.arange(128) / 128).repeat(2)
    for embedder in (module.time_text_embed.timestep_embedder, getattr(module.time_text_embed, "guidance_embedder", None)):
        if embedder is not None:
            embedder.linear_1.weight.data *= 2.0 / (1.0 + 20.0 * speed)


CLIP_INIT = [(r"token_embedding", 0.6, 0.0), (r"position_embedding", 0.4, 0.0)]
T5_INIT_PATTERNS = lambda c: [
    (r"^shared|embed_tokens", 1.0, 0.0),
    (r"relative_attention_bias", 1.0, 0.0),
    (r"SelfAttention\.q\.weight", (c["d_model"] * c["d_kv"]) ** -0.5, 0.0),
]
VAE_INIT = [
    (r"(conv1|conv2)\.weight", "fan*1.2", 0.0),
    (r"decoder\.conv_out\.weight", "fan*0.45", 0.0),
    (r"encoder\.conv_out\.weight", "fan*1.0", 0.0),
]


def make_transformer(spec, joint_dim, pooled_dim, tag, in_channels=None, out_channels=None):
    m = FluxTransformer2DModel(
        patch_size=1, in_channels=in_channels or spec.in_channels, out_channels=out_channels,
        num_layers=spec.double, num_single_layers=spec.single, attention_head_dim=spec.head_dim,
        num_attention_heads=spec.heads, joint_attention_dim=joint_dim, pooled_projection_dim=pooled_dim,
        guidance_embeds=spec.guidance, axes_dims_rope=tuple(spec.axes)).eval()
    init_flux(m, tag)
    return m


def make_vae(channels, groups, tag):
    m = AutoencoderKL(
        in_channels=3, out_channels=3, down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4, block_out_channels=channels, layers_per_block=2,
        act_fn="silu", latent_channels=16, norm_num_groups=groups, sample_size=1024, scaling_factor=0.3611,
        shift_factor=0.1159, force_upcast=True, use_quant_conv=False, use_post_quant_conv=False,
        mid_block_add_attention=True).eval()
    init_module(m, tag, VAE_INIT)
    w, b = m.encoder.conv_out.weight.data, m.encoder.conv_out.bias.data
    w[:16] *= 4.0           # mean: std of about 2.7, as FLUX latents have
    w[16:] *= 0.5           # log-variance: around -4
    b[16:] -= 4.0
    return m


def make_clip(cfg, vocab, bos, eos, tag):
    # eos_token_id=2 is what the real FLUX.1 config says: pooling is then at argmax(input_ids)
    m = CLIPTextModel(CLIPTextConfig(vocab_size=vocab, max_position_embeddings=77, hidden_act="quick_gelu",
                                     projection_dim=cfg["hidden_size"], bos_token_id=0, eos_token_id=2,
                                     pad_token_id=1, **cfg)).eval()
    init_module(m, tag, CLIP_INIT)
    return m


def make_t5(cfg, vocab, tag):
    m = T5EncoderModel(T5Config(vocab_size=vocab, feed_forward_proj="gated-gelu", tie_word_embeddings=False,
                                relative_attention_num_buckets=32, relative_attention_max_distance=128,
                                dropout_rate=0.1, **cfg)).eval()
    init_module(m, tag, T5_INIT_PATTERNS(cfg))
    return m


SCHEDULERS = {
    "schnell": dict(_class_name="FlowMatchEulerDiscreteScheduler", _diffusers_version="0.30.0.dev0",
                    base_image_seq_len=256, base_shift=0.5, max_image_seq_len=4096, max_shift=1.15,
                    num_train_timesteps=1000, shift=1.0, use_dynamic_shifting=False),
    "dev": dict(_class_name="FlowMatchEulerDiscreteScheduler", _diffusers_version="0.30.0.dev0",
                base_image_seq_len=256, base_shift=0.5, max_image_seq_len=4096, max_shift=1.15,
                num_train_timesteps=1000, shift=3.0, use_dynamic_shifting=True),
}


# =====================================================================================
# 3. Captions and tokenizers
# =====================================================================================
def invented_words(spec, count=260):
    """Pronounceable made-up words, so that the tokenizers have something to learn sub-words from."""
    r = random.Random(sum(map(ord, spec.name)))
    onset, nucleus, coda = "b br c ch cl d dr f fl g gr h j k l m n p pl qu r s sh st t th tr v w z".split(), "a e i o u ai ea oo ou".split(), "n r s l m nd st ck ng t sh".split()
    endings = "er ing ed ly ness tion able ful ous ish est".split()
    word = lambda: "".join(r.choice(onset) + r.choice(nucleus) + r.choice(coda) * r.randint(0, 1) for _ in range(r.randint(1, 2))) + r.choice(endings) * r.randint(0, 1)
    return [word() for _ in range(count)]


def captions(spec, count=2200):
    r = random.Random(spec.seed)
    w = dict(spec.words)
    names = invented_words(spec)
    w["adj"], w["noun"] = w["adj"] * 12 + names[::2], w["noun"] * 12 + names[1::2]
    forms = [
        lambda: f"a {r.choice(w['adj'])} {r.choice(w['noun'])} {r.choice(w['verb'])} a {r.choice(w['noun'])} {r.choice(w['place'])}",
        lambda: f"{r.choice(w['adj'])} {r.choice(w['adj'])} {r.choice(w['noun'])}, {r.choice(w['style'])}",
        lambda: f"A {r.choice(w['style'])} of {r.randint(2, 99)} {r.choice(w['noun'])}s {r.choice(w['place'])}.",
        lambda: f"The {r.choice(w['noun'])} isn't {r.choice(w['adj'])}; it's {r.choice(w['adj'])}!",
        lambda: f"\"{r.choice(w['adj']).title()} {r.choice(w['noun']).title()}\" - poster, {r.choice([2, 4, 8, 16])}k, highly detailed",
        lambda: f"{r.choice(w['noun'])} and {r.choice(w['noun'])} ({r.choice(w['style'])}), soft light, sign that says hello world",
        lambda: f"café scene with a {r.choice(w['noun'])} & a naïve {r.choice(w['noun'])} / {r.choice(['猫', '犬', '山', '海'])}",
        lambda: f"close-up portrait of the {r.choice(w['adj'])} {r.choice(w['noun'])} {r.choice(w['place'])}, f/{r.choice(['1.4', '2.8', '5.6'])}",
    ]
    return [r.choice(forms)() for _ in range(count)]


def train_sentencepiece(spec, corpus, out_path):
    """T5 style Unigram model: pad=0, eos=1, unk=2, no bos, nmt_nfkc; extra ids are not part of it."""
    prefix = out_path.with_suffix("")
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_prefix=str(prefix), model_type="unigram", vocab_size=spec.spm_vocab,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, character_coverage=0.9999, normalization_rule_name="nmt_nfkc",
        add_dummy_prefix=True, remove_extra_whitespaces=True, num_threads=1, minloglevel=2, shuffle_input_sentence=False)
    prefix.with_suffix(".vocab").unlink()


def write_t5_tokenizer(folder, spm_path):
    """spiece.model, plus tokenizer.json & co. laid out like FLUX.1's tokenizer_2."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(spm_path, folder / "spiece.model")
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(spm_path.read_bytes())
    pieces = [[p.piece, p.score] for p in proto.pieces]
    extra = [f"<extra_id_{i}>" for i in range(99, -1, -1)]           # <extra_id_0> gets the highest id
    plain = dict(single_word=False, lstrip=False, rstrip=False, normalized=False)
    added = [dict(id=i, content=c, **plain, special=True) for i, c in enumerate(["<pad>", "</s>", "<unk>"])]
    added += [dict(id=len(pieces) + i, content=c, **plain, special=True) for i, c in enumerate(extra)]
    charsmap = base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()
    eos_part = {"SpecialToken": {"id": "</s>", "type_id": 0}}
    tokenizer_json = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Precompiled", "precompiled_charsmap": charsmap},
            {"type": "Strip", "strip_left": False, "strip_right": True},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True, "prepend_scheme": "first"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A", "type_id": 0}}, eos_part],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, eos_part, {"Sequence": {"id": "B", "type_id": 0}}, eos_part],
            "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
        "decoder": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True, "prepend_scheme": "always"},
        "model": {"type": "Unigram", "unk_id": 2, "vocab": pieces + [[c, 0.0] for c in extra], "byte_fallback": False},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json, ensure_ascii=False), encoding="utf-8")
    special = lambda c: dict(content=c, lstrip=False, normalized=False, rstrip=False, single_word=False)
    names = [f"<extra_id_{i}>" for i in range(100)]
    specials = dict(eos_token=special("</s>"), pad_token=special("<pad>"), unk_token=special("<unk>"))
    write_json(folder / "special_tokens_map.json", dict(additional_special_tokens=names, **specials))
    write_json(folder / "tokenizer_config.json", dict(
        added_tokens_decoder={str(a["id"]): dict(special(a["content"]), special=True) for a in added},
        additional_special_tokens=names, clean_up_tokenization_spaces=True, eos_token="</s>", extra_ids=100,
        legacy=False, model_max_length=512, pad_token="<pad>", sp_model_kwargs={}, tokenizer_class="T5Tokenizer",
        unk_token="<unk>"))
    return len(pieces) + 100


CLIP_PATTERN = regex.compile(
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", regex.IGNORECASE)


def bytes_to_unicode():
    bs = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    cs, n = bs[:], 0
    for b in range(256):
        if b not in bs:
            bs.append(b)
            cs.append(256 + n)
            n += 1
    return dict(zip(bs, map(chr, cs)))


def train_clip_bpe(spec, corpus):
    """Byte-level BPE with </w> on word ends; vocabulary order as in the original CLIP."""
    enc = bytes_to_unicode()
    words = {}
    for line in corpus:
        for token in CLIP_PATTERN.findall(line.lower()):
            chars = [enc[b] for b in token.encode("utf-8")]
            key = tuple(chars[:-1] + [chars[-1] + "</w>"])
            words[key] = words.get(key, 0) + 1
    merges = []
    while len(merges) < spec.clip_merges:
        pairs = {}
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] = pairs.get(pair, 0) + count
        if not pairs:
            break
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(best)
        joined = best[0] + best[1]
        updated = {}
        for word, count in words.items():
            out, i = [], 0
            while i < len(word):
                if i + 1 < len(word) and (word[i], word[i + 1]) == best:
                    out.append(joined)
                    i += 2
                else:
                    out.append(word[i])
                    i += 1
            updated[tuple(out)] = updated.get(tuple(out), 0) + count
        words = updated
    alphabet = list(bytes_to_unicode().values())
    vocab = alphabet + [c + "</w>" for c in alphabet] + ["".join(m) for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
    return {t: i for i, t in enumerate(vocab)}, merges


def write_clip_tokenizer(folder, vocab, merges):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), encoding="utf-8")
    bos, eos = "<|startoftext|>", "<|endoftext|>"
    token = lambda c, n: dict(content=c, lstrip=False, normalized=n, rstrip=False, single_word=False)
    write_json(folder / "special_tokens_map.json", dict(bos_token=token(bos, True), eos_token=token(eos, False),
                                                        pad_token=token(eos, False), unk_token=token(eos, False)))
    write_json(folder / "tokenizer_config.json", dict(
        add_prefix_space=False,
        added_tokens_decoder={str(vocab[bos]): dict(token(bos, True), special=True), str(vocab[eos]): dict(token(eos, False), special=True)},
        bos_token=bos, clean_up_tokenization_spaces=True, do_lower_case=True, eos_token=eos, errors="replace",
        model_max_length=77, pad_token=eos, tokenizer_class="CLIPTokenizer", unk_token=eos))


# =====================================================================================
# 4. Other checkpoint layouts
# =====================================================================================
def swap_halves(w):
    a, b = w.chunk(2, dim=0)
    return torch.cat([b, a], dim=0)


def transformer_to_bfl(sd):
    """diffusers names -> Black Forest Labs names (fused qkv / linear1; final adaLN is shift,scale there)."""
    sd, out = dict(sd), {}
    cat = lambda names, kind: torch.cat([sd.pop(f"{n}.{kind}") for n in names], dim=0)

    def move(src, dst):
        for kind in ("weight", "bias"):
            out[f"{dst}.{kind}"] = sd.pop(f"{src}.{kind}")

    for src, dst in (("timestep_embedder", "time_in"), ("text_embedder", "vector_in"), ("guidance_embedder", "guidance_in")):
        if f"time_text_embed.{src}.linear_1.weight" in sd:
            move(f"time_text_embed.{src}.linear_1", f"{dst}.in_layer")
            move(f"time_text_embed.{src}.linear_2", f"{dst}.out_layer")
    move("context_embedder", "txt_in")
    move("x_embedder", "img_in")
    i = 0
    while f"transformer_blocks.{i}.norm1.linear.weight" in sd:
        s, d = f"transformer_blocks.{i}", f"double_blocks.{i}"
        move(f"{s}.norm1.linear", f"{d}.img_mod.lin")
        move(f"{s}.norm1_context.linear", f"{d}.txt_mod.lin")
        for kind in ("weight", "bias"):
            out[f"{d}.img_attn.qkv.{kind}"] = cat([f"{s}.attn.to_{x}" for x in "qkv"], kind)
            out[f"{d}.txt_attn.qkv.{kind}"] = cat([f"{s}.attn.add_{x}_proj" for x in "qkv"], kind)
        out[f"{d}.img_attn.norm.query_norm.scale"] = sd.pop(f"{s}.attn.norm_q.weight")
        out[f"{d}.img_attn.norm.key_norm.scale"] = sd.pop(f"{s}.attn.norm_k.weight")
        out[f"{d}.txt_attn.norm.query_norm.scale"] = sd.pop(f"{s}.attn.norm_added_q.weight")
        out[f"{d}.txt_attn.norm.key_norm.scale"] = sd.pop(f"{s}.attn.norm_added_k.weight")
        move(f"{s}.attn.to_out.0", f"{d}.img_attn.proj")
        move(f"{s}.attn.to_add_out", f"{d}.txt_attn.proj")
        move(f"{s}.ff.net.0.proj", f"{d}.img_mlp.0")
        move(f"{s}.ff.net.2", f"{d}.img_mlp.2")
        move(f"{s}.ff_context.net.0.proj", f"{d}.txt_mlp.0")
        move(f"{s}.ff_context.net.2", f"{d}.txt_mlp.2")
        i += 1
    i = 0
    while f"single_transformer_blocks.{i}.norm.linear.weight" in sd:
        s, d = f"single_transformer_blocks.{i}", f"single_blocks.{i}"
        move(f"{s}.norm.linear", f"{d}.modulation.lin")
        for kind in ("weight", "bias"):
            out[f"{d}.linear1.{kind}"] = cat([f"{s}.attn.to_q", f"{s}.attn.to_k", f"{s}.attn.to_v", f"{s}.proj_mlp"], kind)
        out[f"{d}.norm.query_norm.scale"] = sd.pop(f"{s}.attn.norm_q.weight")
        out[f"{d}.norm.key_norm.scale"] = sd.pop(f"{s}.attn.norm_k.weight")
        move(f"{s}.proj_out", f"{d}.linear2")
        i += 1
    for kind in ("weight", "bias"):
        out[f"final_layer.adaLN_modulation.1.{kind}"] = swap_halves(sd.pop(f"norm_out.linear.{kind}"))
    move("proj_out", "final_layer.linear")
    assert not sd, sorted(sd)
    return {k: v.contiguous() for k, v in out.items()}


def bfl_to_transformer(sd, dim):
    """Inverse of transformer_to_bfl."""
    sd, out = dict(sd), {}

    def move(src, dst):
        for kind in ("weight", "bias"):
            out[f"{dst}.{kind}"] = sd.pop(f"{src}.{kind}")

    def split(src, dsts, sizes):
        for kind in ("weight", "bias"):
            for dst, part in zip(dsts, sd.pop(f"{src}.{kind}").split(sizes, dim=0)):
                out[f"{dst}.{kind}"] = part

    for dst, src in (("timestep_embedder", "time_in"), ("text_embedder", "vector_in"), ("guidance_embedder", "guidance_in")):
        if f"{src}.in_layer.weight" in sd:
            move(f"{src}.in_layer", f"time_text_embed.{dst}.linear_1")
            move(f"{src}.out_layer", f"time_text_embed.{dst}.linear_2")
    move("txt_in", "context_embedder")
    move("img_in", "x_embedder")
    i = 0
    while f"double_blocks.{i}.img_mod.lin.weight" in sd:
        s, d = f"double_blocks.{i}", f"transformer_blocks.{i}"
        move(f"{s}.img_mod.lin", f"{d}.norm1.linear")
        move(f"{s}.txt_mod.lin", f"{d}.norm1_context.linear")
        split(f"{s}.img_attn.qkv", [f"{d}.attn.to_{x}" for x in "qkv"], [dim] * 3)
        split(f"{s}.txt_attn.qkv", [f"{d}.attn.add_{x}_proj" for x in "qkv"], [dim] * 3)
        out[f"{d}.attn.norm_q.weight"] = sd.pop(f"{s}.img_attn.norm.query_norm.scale")
        out[f"{d}.attn.norm_k.weight"] = sd.pop(f"{s}.img_attn.norm.key_norm.scale")
        out[f"{d}.attn.norm_added_q.weight"] = sd.pop(f"{s}.txt_attn.norm.query_norm.scale")
        out[f"{d}.attn.norm_added_k.weight"] = sd.pop(f"{s}.txt_attn.norm.key_norm.scale")
        move(f"{s}.img_attn.proj", f"{d}.attn.to_out.0")
        move(f"{s}.txt_attn.proj", f"{d}.attn.to_add_out")
        move(f"{s}.img_mlp.0", f"{d}.ff.net.0.proj")
        move(f"{s}.img_mlp.2", f"{d}.ff.net.2")
        move(f"{s}.txt_mlp.0", f"{d}.ff_context.net.0.proj")
        move(f"{s}.txt_mlp.2", f"{d}.ff_context.net.2")
        i += 1
    i = 0
    while f"single_blocks.{i}.modulation.lin.weight" in sd:
        s, d = f"single_blocks.{i}", f"single_transformer_blocks.{i}"
        move(f"{s}.modulation.lin", f"{d}.norm.linear")
        split(f"{s}.linear1", [f"{d}.attn.to_q", f"{d}.attn.to_k", f"{d}.attn.to_v", f"{d}.proj_mlp"], [dim, dim, dim, 4 * dim])
        out[f"{d}.attn.norm_q.weight"] = sd.pop(f"{s}.norm.query_norm.scale")
        out[f"{d}.attn.norm_k.weight"] = sd.pop(f"{s}.norm.key_norm.scale")
        move(f"{s}.linear2", f"{d}.proj_out")
        i += 1
    for kind in ("weight", "bias"):
        out[f"norm_out.linear.{kind}"] = swap_halves(sd.pop(f"final_layer.adaLN_modulation.1.{kind}"))
    move("final_layer.linear", "proj_out")
    assert not sd, sorted(sd)
    return {k: v.contiguous() for k, v in out.items()}


def vae_to_bfl(sd):
    """diffusers AutoencoderKL names -> ae.safetensors names; attention projections become 1x1 convs."""
    out = {}
    for name, w in sd.items():
        n = name
        n = stdre.sub(r"encoder\.down_blocks\.(\d)\.resnets\.(\d)", r"encoder.down.\1.block.\2", n)
        n = stdre.sub(r"encoder\.down_blocks\.(\d)\.downsamplers\.0", r"encoder.down.\1.downsample", n)
        n = stdre.sub(r"decoder\.up_blocks\.(\d)\.resnets\.(\d)", lambda m: f"decoder.up.{3 - int(m[1])}.block.{m[2]}", n)
        n = stdre.sub(r"decoder\.up_blocks\.(\d)\.upsamplers\.0", lambda m: f"decoder.up.{3 - int(m[1])}.upsample", n)
        n = stdre.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", n)
        n = n.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
        if "mid_block.attentions.0" in n:
            n = n.replace("mid_block.attentions.0", "mid.attn_1").replace("group_norm", "norm").replace("to_out.0", "proj_out")
            n = stdre.sub(r"to_([qkv])\.", r"\1.", n)
            if w.ndim == 2:
                w = w[:, :, None, None]
        out[n] = w.contiguous()
    return out


def bfl_linears(t):
    """(BFL name, [(diffusers name, rows)], in_features) of every linear a FLUX LoRA usually touches."""
    d = t.dim
    for i in range(t.double):
        s, x = f"transformer_blocks.{i}", f"double_blocks.{i}"
        yield f"{x}.img_attn.qkv", [(f"{s}.attn.to_{c}", d) for c in "qkv"], d
        yield f"{x}.txt_attn.qkv", [(f"{s}.attn.add_{c}_proj", d) for c in "qkv"], d
        yield f"{x}.img_attn.proj", [(f"{s}.attn.to_out.0", d)], d
        yield f"{x}.txt_attn.proj", [(f"{s}.attn.to_add_out", d)], d
        yield f"{x}.img_mlp.0", [(f"{s}.ff.net.0.proj", 4 * d)], d
        yield f"{x}.img_mlp.2", [(f"{s}.ff.net.2", d)], 4 * d
        yield f"{x}.txt_mlp.0", [(f"{s}.ff_context.net.0.proj", 4 * d)], d
        yield f"{x}.txt_mlp.2", [(f"{s}.ff_context.net.2", d)], 4 * d
        yield f"{x}.img_mod.lin", [(f"{s}.norm1.linear", 6 * d)], d
        yield f"{x}.txt_mod.lin", [(f"{s}.norm1_context.linear", 6 * d)], d
    for i in range(t.single):
        s, x = f"single_transformer_blocks.{i}", f"single_blocks.{i}"
        yield f"{x}.linear1", [(f"{s}.attn.to_{c}", d) for c in "qkv"] + [(f"{s}.proj_mlp", 4 * d)], d
        yield f"{x}.linear2", [(f"{s}.proj_out", d)], 5 * d
        yield f"{x}.modulation.lin", [(f"{s}.norm.linear", 3 * d)], d


# =====================================================================================
# 5. GGUF
# =====================================================================================
QT = gguf.GGMLQuantizationType
# byte offsets of the float16 scale fields inside one block
F16_FIELDS = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "TQ1_0": [52], "TQ2_0": [64], "IQ2_XXS": [0], "IQ2_XS": [0],
    "IQ2_S": [0], "IQ3_XXS": [0], "IQ3_S": [0], "IQ1_S": [0], "IQ4_NL": [0], "IQ4_XS": [0],
}
# dmin / d that centres the weights on zero when all quant and scale bits are random
MIN_RATIO = {"Q2_K": 1.5, "Q4_K": 7.5, "Q5_K": 15.5}


def random_blocks(qtype, n_blocks, tag):
    """Valid random block bytes of any ggml type: all bits random, the scales set to sane values."""
    size = gguf.GGML_QUANT_SIZES[qtype][1]
    r = np.random.default_rng(zlib.crc32(str(tag).encode()))
    raw = r.integers(0, 256, (n_blocks, size), dtype=np.uint8)
    name = qtype.name
    for k, off in enumerate(F16_FIELDS.get(name, [])):
        d = r.uniform(0.5, 1.5, n_blocks) * 0.01
        if k == 1:
            d = raw[:, F16_FIELDS[name][0]:][:, :2].copy().view(np.float16)[:, 0].astype(np.float64) * MIN_RATIO.get(name, -8.0)
        elif name not in MIN_RATIO and r.random() < 0.5:
            d = d * r.choice([-1.0, 1.0], n_blocks)
        raw[:, off:off + 2] = d.astype(np.float16).view(np.uint8).reshape(n_blocks, 2)
    if name == "IQ1_M":          # the f16 scale is spread over the top nibbles of four u16
        s = raw[:, 48:56].copy().view(np.uint16)
        bits = (r.uniform(0.005, 0.02, n_blocks).astype(np.float16)).view(np.uint16)
        for k in range(4):
            s[:, k] = (s[:, k] & 0x0FFF) | (((bits >> (4 * k)) & 0xF) << 12)
        raw[:, 48:56] = s.view(np.uint8)
    if name == "MXFP4":
        raw[:, 0] = r.integers(116, 128, n_blocks)
    if name == "NVFP4":
        raw[:, :4] = r.integers(0, 0x60, (n_blocks, 4))
    return raw


def scaled_random_weight(qtype, shape, std, tag):
    """Random K-quant bytes whose dequantised values have about the given std (scales rescaled in f16)."""
    rows, cols = shape
    raw = random_blocks(qtype, rows * cols // gguf.GGML_QUANT_SIZES[qtype][0], tag)
    factor = std / float(gguf.quants.dequantize(raw.reshape(rows, -1), qtype).std())
    for off in F16_FIELDS[qtype.name]:
        d = raw[:, off:off + 2].copy().view(np.float16).astype(np.float64) * factor
        raw[:, off:off + 2] = d.astype(np.float16).view(np.uint8).reshape(-1, 2)
    return raw.reshape(rows, -1)


def write_gguf(path, sd, choose, arch="flux", file_type=None, metadata=()):
    """choose(name, tensor) -> (qtype, bytes or None).  Tensors keep their names, as city96's converter does."""
    writer = gguf.GGUFWriter(path=None, arch=arch)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    if file_type is not None:
        writer.add_file_type(file_type)
    for key, value in metadata:
        writer.add_uint32(key, value)
    for name, w in sd.items():
        qtype, data = choose(name, w)
        if data is None:
            data = gguf.quants.quantize(w.float().numpy(), qtype)
        writer.add_tensor(name, data, raw_dtype=qtype)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer.write_header_to_file(path=str(path))
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file(progress=False)
    writer.close()


def read_gguf(path):
    """name -> (qtype name, dequantised float32 tensor in torch shape)."""
    out = {}
    for t in gguf.GGUFReader(str(path)).tensors:
        shape = [int(x) for x in reversed(t.shape)]
        data = gguf.quants.dequantize(t.data, t.tensor_type) if t.tensor_type not in (QT.F32,) else t.data
        out[t.name] = (t.tensor_type.name, torch.from_numpy(np.array(data, dtype=np.float32)).reshape(shape))
    return out


LEGACY_GGUF = {"F16": gguf.LlamaFileType.MOSTLY_F16, "BF16": gguf.LlamaFileType.MOSTLY_BF16, "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
               "Q4_0": gguf.LlamaFileType.MOSTLY_Q4_0, "Q4_1": gguf.LlamaFileType.MOSTLY_Q4_1,
               "Q5_0": gguf.LlamaFileType.MOSTLY_Q5_0, "Q5_1": gguf.LlamaFileType.MOSTLY_Q5_1}
K_CYCLE = ["Q4_K", "Q6_K", "Q2_K", "Q5_K", "Q3_K"]


def legacy_chooser(name):
    qtype = QT[name]

    def choose(key, w):
        # city96: 1-D and very small tensors stay F32; the embedders and the final layer stay F16
        if w.ndim == 1 or w.numel() <= 1024:
            return QT.F32, None
        if name not in ("F16", "BF16") and not key.startswith(("double_blocks", "single_blocks")):
            return QT.F16, None
        return qtype, None
    return choose


# =====================================================================================
# 6. Stage 1: build all files
# =====================================================================================
def test_image(h, w, tag):
    """A smooth colourful picture with hard edges (uint8 RGB)."""
    r = np.random.default_rng(zlib.crc32(f"image/{tag}".encode()))
    y, x = np.mgrid[0:h, 0:w] / max(h, w)
    img = np.stack([0.5 + 0.4 * np.sin(2 * np.pi * (r.uniform(0.5, 2) * x + r.uniform(0.5, 2) * y + r.uniform())) for _ in range(3)], -1)
    for _ in range(4):
        cy, cx, rad = r.integers(0, h), r.integers(0, w), r.integers(4, max(6, h // 4))
        yy, xx = np.mgrid[0:h, 0:w]
        img[(yy - cy) ** 2 + (xx - cx) ** 2 < rad ** 2] = r.uniform(0, 1, 3)
    img += r.normal(0, 0.02, img.shape)
    return Image.fromarray((img.clip(0, 1) * 255).round().astype(np.uint8))


def test_mask(h, w, tag):
    """White where to repaint; contains grey levels around the 0.5 threshold."""
    r = np.random.default_rng(zlib.crc32(f"mask/{tag}".encode()))
    m = np.zeros((h, w), np.uint8)
    y0, x0 = int(h * r.uniform(0.15, 0.35)), int(w * r.uniform(0.15, 0.35))
    m[y0:y0 + h // 2, x0:x0 + w // 2] = 255
    m[y0:y0 + 6, x0:x0 + w // 2] = 127
    m[y0 + 6:y0 + 12, x0:x0 + w // 2] = 128
    return Image.fromarray(m)


def save_model_folder(out, spec, kind, tok, corpus_vocab):
    ms = getattr(spec, kind)
    folder = out / f"tiny-{kind}"
    tag = f"{spec.seed}/{kind}"
    vocab, merges = tok["clip"]
    t5_vocab = (tok["t5_size"] + 31) // 32 * 32          # like 32100 -> 32128: some ids are never produced
    clip = make_clip(ms.clip, len(vocab), vocab["<|startoftext|>"], vocab["<|endoftext|>"], f"{tag}/clip")
    t5 = make_t5(ms.t5, t5_vocab, f"{tag}/t5")
    vae = make_vae(ms.vae_channels, ms.vae_groups, f"{tag}/vae")
    transformer = make_transformer(ms.transformer, ms.t5["d_model"], ms.clip["hidden_size"], f"{tag}/transformer")
    write_clip_tokenizer(folder / "tokenizer", vocab, merges)
    write_t5_tokenizer(folder / "tokenizer_2", tok["spm"])
    pipe = FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler.from_config({k: v for k, v in SCHEDULERS[kind].items() if not k.startswith("_")}),
        vae=vae, text_encoder=clip, text_encoder_2=t5, transformer=transformer,
        tokenizer=transformers.CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        tokenizer_2=transformers.T5TokenizerFast.from_pretrained(folder / "tokenizer_2"))
    pipe.save_pretrained(folder)

    # Bring what this transformers/diffusers version writes back to the layout of the published repositories.
    for name in ("tokenizer", "tokenizer_2"):
        shutil.rmtree(folder / name)
    write_clip_tokenizer(folder / "tokenizer", vocab, merges)
    write_t5_tokenizer(folder / "tokenizer_2", tok["spm"])
    write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULERS[kind])
    index = {"_class_name": "FluxPipeline", "_diffusers_version": "0.30.0.dev0",
             "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
             "text_encoder_2": ["transformers", "T5EncoderModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
             "tokenizer_2": ["transformers", "T5TokenizerFast"], "transformer": ["diffusers", "FluxTransformer2DModel"],
             "vae": ["diffusers", "AutoencoderKL"]}
    write_json(folder / "model_index.json", index)
    # transformers 5 drops the "text_model." prefix of CLIPTextModel when saving; the real files have it
    path = folder / "text_encoder" / "model.safetensors"
    sd = {(k if k.startswith("text_model.") else "text_model." + k): v for k, v in load_file(path).items()}
    save_file(sd, path, metadata={"format": "pt"})
    write_json(folder / "text_encoder" / "config.json", dict(
        _name_or_path="openai/clip-vit-large-patch14", architectures=["CLIPTextModel"], attention_dropout=0.0, bos_token_id=0,
        dropout=0.0, eos_token_id=2, hidden_act="quick_gelu", initializer_factor=1.0, initializer_range=0.02,
        layer_norm_eps=1e-05, max_position_embeddings=77, model_type="clip_text_model", pad_token_id=1,
        projection_dim=ms.clip["hidden_size"], torch_dtype="float32", transformers_version="4.43.3", vocab_size=len(vocab), **ms.clip))
    write_json(folder / "text_encoder_2" / "config.json", dict(
        _name_or_path="google/t5-v1_1-xxl", architectures=["T5EncoderModel"], classifier_dropout=0.0, decoder_start_token_id=0,
        dense_act_fn="gelu_new", dropout_rate=0.1, eos_token_id=1, feed_forward_proj="gated-gelu", initializer_factor=1.0,
        is_encoder_decoder=True, is_gated_act=True, layer_norm_epsilon=1e-06, model_type="t5", num_decoder_layers=ms.t5["num_layers"],
        output_past=True, pad_token_id=0, relative_attention_max_distance=128, relative_attention_num_buckets=32,
        tie_word_embeddings=False, torch_dtype="float32", transformers_version="4.43.3", use_cache=True, vocab_size=t5_vocab, **ms.t5))
    return folder


def build(spec, out):
    for name in ("tiny-schnell", "tiny-dev", "tiny-redux", "tiny-fill", "tiny-control", "controlnet", "controlnet-union", "variants", "lora",
                 "gguf", "inputs", "expected"):
        shutil.rmtree(out / name, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    corpus = captions(spec)
    work = out / "_work"
    work.mkdir(exist_ok=True)
    train_sentencepiece(spec, corpus, work / "spiece.model")
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString((work / "spiece.model").read_bytes())
    tok = dict(clip=train_clip_bpe(spec, corpus), spm=work / "spiece.model", t5_size=len(proto.pieces) + 100)
    for kind in ("schnell", "dev"):
        save_model_folder(out, spec, kind, tok, None)
    shutil.rmtree(work)

    dev, ts = out / "tiny-dev", spec.dev.transformer
    joint, pooled = spec.dev.t5["d_model"], spec.dev.clip["hidden_size"]
    transformer = FluxTransformer2DModel.from_pretrained(dev / "transformer")
    variants = out / "variants"

    # --- the dev transformer in other containers
    copy.deepcopy(transformer).to(torch.bfloat16).save_pretrained(variants / "transformer-bf16")
    total = sum(p.numel() * 2 for p in transformer.parameters())
    half = copy.deepcopy(transformer).to(torch.bfloat16)
    half.save_pretrained(variants / "transformer-sharded", max_shard_size=int(total * 0.55))
    assert len(list((variants / "transformer-sharded").glob("*-of-00002.safetensors"))) == 2
    bfl = transformer_to_bfl(transformer.state_dict())
    save_file({k: v.to(torch.bfloat16) for k, v in bfl.items()}, variants / "flux1-dev-tiny.safetensors")
    fp8 = {k: (v.to(torch.float8_e4m3fn) if v.ndim == 2 else v.to(torch.bfloat16)) for k, v in bfl.items()}
    save_file({f"model.diffusion_model.{k}": v for k, v in fp8.items()}, variants / "flux1-dev-tiny-fp8.safetensors")
    save_file(vae_to_bfl(load_file(dev / "vae" / "diffusion_pytorch_model.safetensors")), variants / "ae.safetensors")
    clip_l = {k: v.half() for k, v in load_file(dev / "text_encoder" / "model.safetensors").items()}
    clip_l["text_model.embeddings.position_ids"] = torch.arange(77)[None]       # many published files carry it
    save_file(clip_l, variants / "clip_l.safetensors")
    save_file({k: v.half() for k, v in load_file(dev / "text_encoder_2" / "model.safetensors").items()}, variants / "t5xxl_fp16.safetensors")

    # --- extra models around tiny-dev
    small = dataclasses.replace(ts, double=spec.extra_double, single=spec.extra_single)
    make_transformer(small, joint, pooled, f"{spec.seed}/fill", in_channels=384, out_channels=64).save_pretrained(out / "tiny-fill" / "transformer")
    make_transformer(small, joint, pooled, f"{spec.seed}/control", in_channels=128, out_channels=64).save_pretrained(out / "tiny-control" / "transformer")
    common = dict(patch_size=1, in_channels=64, attention_head_dim=ts.head_dim, num_attention_heads=ts.heads,
                  joint_attention_dim=joint, pooled_projection_dim=pooled, guidance_embeds=True, axes_dims_rope=list(ts.axes))
    cn = FluxControlNetModel(num_layers=spec.extra_double, num_single_layers=spec.extra_single, **common)
    init_flux(cn, f"{spec.seed}/controlnet")
    cn.save_pretrained(out / "controlnet")
    cnu = FluxControlNetModel(num_layers=spec.extra_double, num_single_layers=0, num_mode=spec.union_modes, **common)
    init_flux(cnu, f"{spec.seed}/controlnet-union")
    cnu.save_pretrained(out / "controlnet-union")

    build_redux(spec, out / "tiny-redux", joint)
    build_loras(spec, out / "lora", ts)
    build_gguf(spec, out / "gguf", joint, pooled, load_file(dev / "text_encoder_2" / "model.safetensors"), spec.dev.t5)

    (out / "inputs").mkdir()
    for name, (h, w) in spec.sizes.items():
        test_image(h, w, f"{spec.seed}/{name}").save(out / "inputs" / f"image_{name}.png")
        test_mask(h, w, f"{spec.seed}/{name}").save(out / "inputs" / f"mask_{name}.png")
    test_image(57, 83, f"{spec.seed}/resize").save(out / "inputs" / "image_57x83.png")


def build_redux(spec, folder, joint):
    """FLUX.1-Redux: SigLIP vision tower, its preprocessor and the two-layer embedder."""
    siglip = SiglipVisionModel(SiglipVisionConfig(num_channels=3, hidden_act="gelu_pytorch_tanh", layer_norm_eps=1e-6, **spec.siglip)).eval()
    init_module(siglip, f"{spec.seed}/siglip", [(r"position_embedding|probe", 0.5, 0.0), (r"in_proj_bias", 0.1, 0.0)])
    siglip.save_pretrained(folder / "image_encoder")
    path = folder / "image_encoder" / "model.safetensors"        # published files have the prefix transformers 5 drops
    save_file({(k if k.startswith("vision_model.") else "vision_model." + k): v for k, v in load_file(path).items()}, path, metadata={"format": "pt"})
    size = spec.siglip["image_size"]
    SiglipImageProcessor(size={"height": size, "width": size}).save_pretrained(folder / "feature_extractor")
    embedder = ReduxImageEncoder(redux_dim=spec.siglip["hidden_size"], txt_in_features=joint).eval()
    init_module(embedder, f"{spec.seed}/redux")
    embedder.save_pretrained(folder / "image_embedder")
    write_json(folder / "model_index.json", {
        "_class_name": "FluxPriorReduxPipeline", "_diffusers_version": "0.32.0.dev0", "feature_extractor": ["transformers", "SiglipImageProcessor"],
        "image_embedder": ["flux", "ReduxImageEncoder"], "image_encoder": ["transformers", "SiglipVisionModel"],
        "text_encoder": [None, None], "text_encoder_2": [None, None], "tokenizer": [None, None], "tokenizer_2": [None, None]})


def build_loras(spec, folder, ts):
    """One LoRA in three layouts (kohya, BFL, PEFT) plus a PEFT-only one with its own down matrix per module."""
    folder.mkdir(parents=True)
    r, alpha = spec.lora_rank, spec.lora_alpha
    kohya, bfl, peft = {}, {}, {}
    for name, parts, n_in in bfl_linears(ts):
        n_out = sum(rows for _, rows in parts)
        down = torch.randn(r, n_in, generator=rng(spec.seed, "lora", name, "A")) / math.sqrt(n_in)
        up = torch.randn(n_out, r, generator=rng(spec.seed, "lora", name, "B")) * 0.4 / (alpha / r)
        k = "lora_unet_" + name.replace(".", "_")
        kohya[f"{k}.lora_down.weight"], kohya[f"{k}.lora_up.weight"] = down, up
        kohya[f"{k}.alpha"] = torch.tensor(float(alpha))
        # the other two have no alpha: alpha / rank is folded into the up matrix
        folded = up * (alpha / r)
        bfl[f"diffusion_model.{name}.lora_A.weight"], bfl[f"diffusion_model.{name}.lora_B.weight"] = down, folded
        row = 0
        for dst, rows in parts:
            peft[f"transformer.{dst}.lora_A.weight"] = down.clone()
            peft[f"transformer.{dst}.lora_B.weight"] = folded[row:row + rows].clone()
            row += rows
    save_file(kohya, folder / "lora-kohya.safetensors", metadata={"ss_network_module": "networks.lora_flux"})
    save_file(bfl, folder / "lora-bfl.safetensors")
    save_file(peft, folder / "lora-peft.safetensors", metadata={"format": "pt"})
    own = {}
    for name, parts, n_in in bfl_linears(ts):
        if "mod" in name:
            continue
        for dst, rows in parts:
            rank = r + 2 if "proj_mlp" in dst else r
            own[f"transformer.{dst}.lora_A.weight"] = torch.randn(rank, n_in, generator=rng(spec.seed, "lora2", dst, "A")) / math.sqrt(n_in)
            own[f"transformer.{dst}.lora_B.weight"] = torch.randn(rows, rank, generator=rng(spec.seed, "lora2", dst, "B")) * 0.3
    for dst, n_in, rows in (("x_embedder", 64, ts.dim), ("proj_out", ts.dim, 64)):
        own[f"transformer.{dst}.lora_A.weight"] = torch.randn(r, n_in, generator=rng(spec.seed, "lora2", dst, "A")) / math.sqrt(n_in)
        own[f"transformer.{dst}.lora_B.weight"] = torch.randn(rows, r, generator=rng(spec.seed, "lora2", dst, "B")) * 0.3
    save_file(own, folder / "lora-peft-separate.safetensors", metadata={"format": "pt"})


T5_GGUF_NAMES = [("SelfAttention.q", "attn_q"), ("SelfAttention.k", "attn_k"), ("SelfAttention.v", "attn_v"), ("SelfAttention.o", "attn_o"),
                 ("SelfAttention.relative_attention_bias", "attn_rel_b"), ("layer.0.layer_norm", "attn_norm"), ("DenseReluDense.wi_0", "ffn_gate"),
                 ("DenseReluDense.wi_1", "ffn_up"), ("DenseReluDense.wo", "ffn_down"), ("layer.1.layer_norm", "ffn_norm")]


def t5_to_gguf_names(sd):
    out = {}
    for k, v in sd.items():
        m = stdre.match(r"encoder\.block\.(\d+)\.(.*)\.weight$", k)
        if m:
            short = next(new for old, new in T5_GGUF_NAMES if old in m[2])
            out[f"enc.blk.{m[1]}.{short}.weight"] = v
        elif k == "shared.weight":
            out["token_embd.weight"] = v
        elif k == "encoder.final_layer_norm.weight":
            out["enc.output_norm.weight"] = v
    return out


def build_gguf(spec, folder, joint, pooled, t5_sd, t5_cfg_):
    folder.mkdir(parents=True)
    small = transformer_to_bfl(make_transformer(spec.gguf_small, 64, 32, f"{spec.seed}/gguf_small").state_dict())
    for name, ftype in LEGACY_GGUF.items():
        write_gguf(folder / f"flux-tiny-{name}.gguf", small, legacy_chooser(name), file_type=ftype)
    big = transformer_to_bfl(make_transformer(spec.gguf_k, 64, 32, f"{spec.seed}/gguf_k").state_dict())
    counter = [0]

    def choose_k(key, w):
        if w.ndim == 1 or w.numel() <= 1024:
            return QT.F32, None
        if key.startswith(("img_in", "final_layer")):
            return QT.F16, None
        if w.shape[1] % 256 or not key.startswith(("double_blocks", "single_blocks")):
            return QT.Q8_0, None
        qtype = QT[K_CYCLE[counter[0] % len(K_CYCLE)]]
        counter[0] += 1
        gain = 0.6 if "mod" in key else 1.0
        return qtype, scaled_random_weight(qtype, tuple(w.shape), gain / math.sqrt(w.shape[1]), f"{spec.seed}/k/{key}")

    write_gguf(folder / "flux-tiny-K_mixed.gguf", big, choose_k, file_type=gguf.LlamaFileType.MOSTLY_Q4_K_M)
    # T5 encoder with llama.cpp names; rows that are no multiple of 32 fall back to F16
    write_gguf(folder / "t5-tiny-Q8_0.gguf", t5_to_gguf_names(t5_sd),
               lambda k, w: (QT.F32, None) if w.ndim == 1 or "rel_b" in k else ((QT.Q8_0, None) if w.shape[1] % 32 == 0 else (QT.F16, None)),
               arch="t5encoder", file_type=gguf.LlamaFileType.MOSTLY_Q8_0)
    # every type gguf.quants can decode, as raw bytes
    raw = {}
    for qtype in sorted(gguf.quants._type_traits, key=lambda q: q.name):
        if qtype.name == "BF16":
            continue
        per = gguf.GGML_QUANT_SIZES[qtype][0]
        raw[f"{qtype.name}.bytes"] = torch.from_numpy(random_blocks(qtype, max(4, 1024 // per), f"{spec.seed}/dq/{qtype.name}"))
    save_file(raw, folder / "blocks.safetensors", metadata={"ggml_type": json.dumps({q.name: int(q) for q in gguf.quants._type_traits})})


# =====================================================================================
# 7. Stage 2: expectations
# =====================================================================================
class Recorder:
    """Collects tensors per case.  group = the safetensors file a case goes to."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.tensors = {}      # (group, case, name) -> tensor
        self.cases = {}        # case -> description
        self.json = {}         # extra json files
        self.problems = []

    @property
    def is_f64(self):
        return self.dtype == torch.float64

    def case(self, case, kind, group, **params):
        assert case not in self.cases, case
        self.cases[case] = dict(id=case, kind=kind, group=group, params=params)

    def put(self, case, name, tensor):
        t = torch.as_tensor(tensor).detach().clone().contiguous()
        if t.is_floating_point() and not self.is_f64:
            t = t.float()
        self.tensors[(self.cases[case]["group"], case, name)] = t


@contextlib.contextmanager
def float64_everywhere():
    """Inside, nothing falls back from float64 to float32, and noise is drawn in float32 and then widened."""
    orig_float, orig_to = torch.Tensor.float, torch.Tensor.to

    def to(self, *a, **k):
        if self.dtype == torch.float64:
            a = tuple(torch.float64 if x is torch.float32 else x for x in a)
            if k.get("dtype") is torch.float32:
                k = dict(k, dtype=torch.float64)
        return orig_to(self, *a, **k)

    torch.Tensor.float = lambda self, *a, **k: self if self.dtype == torch.float64 else orig_float(self, *a, **k)
    torch.Tensor.to = to
    patched = []
    for name, mod in list(sys.modules.items()):
        if name.startswith("diffusers") and "randn_tensor" in getattr(mod, "__dict__", {}):
            orig = mod.__dict__["randn_tensor"]

            def wide(shape, generator=None, device=None, dtype=None, layout=None, _o=orig):
                return orig_to(_o(shape, generator=generator, device=device, dtype=torch.float32, layout=layout), dtype or torch.float32)

            patched.append((mod, orig))
            mod.randn_tensor = wide
    try:
        yield
    finally:
        torch.Tensor.float, torch.Tensor.to = orig_float, orig_to
        for mod, orig in patched:
            mod.randn_tensor = orig


def capture(module, store, name, transform=lambda o: o):
    return module.register_forward_hook(lambda m, a, k, o: store.__setitem__(name, transform(o)), with_kwargs=True)


# ---------------------------------------------------------------- tokenizers
def tokenizer_prompts(spec):
    generated = captions(dataclasses.replace(spec, seed=spec.seed + 1), 8)
    long_text = ". ".join(captions(dataclasses.replace(spec, seed=spec.seed + 2), 60))
    return spec.tricky + spec.prompts + generated + [long_text, long_text[:330], long_text.replace(". ", "\n")[:900]]


def compute_tokenizers(spec, out, rec):
    pipe_dir = out / "tiny-schnell"
    clip = transformers.CLIPTokenizer.from_pretrained(pipe_dir / "tokenizer")
    t5 = transformers.T5TokenizerFast.from_pretrained(pipe_dir / "tokenizer_2")
    t5_json = tokenizers.Tokenizer.from_file(str(pipe_dir / "tokenizer_2" / "tokenizer.json"))
    sp = spm.SentencePieceProcessor(model_file=str(pipe_dir / "tokenizer_2" / "spiece.model"))
    rows = []
    for text in tokenizer_prompts(spec):
        ids = lambda t, n: t([text], padding="max_length", max_length=n, truncation=True).input_ids[0]
        clip_ids, t5_ids = ids(clip, 77), ids(t5, 512)
        clip_full, t5_full = clip(text).input_ids, t5(text).input_ids
        json_ids, sp_ids = t5_json.encode(text).ids, sp.encode(text) + [1]
        trim = lambda x, pad, n: x[:n]
        assert clip_ids[:len(clip_full)] == clip_full or len(clip_full) > 77
        rows.append(dict(
            text=text, utf8_hex=text.encode("utf-8").hex(),
            clip=clip_ids[:min(len(clip_full), 77)], clip_untruncated_length=len(clip_full),
            t5=t5_ids[:min(len(t5_full), 512)], t5_untruncated_length=len(t5_full),
            t5_tokenizer_json=None if json_ids == t5_full else json_ids,
            t5_sentencepiece=None if sp_ids == t5_full else sp_ids))
    rec.json["tokenizers.json"] = dict(
        note="clip/t5: ids the FLUX pipeline gets from transformers, truncated to 77/512 with EOS kept last, padding removed "
             "(CLIP pads with <|endoftext|>, T5 with 0). t5_tokenizer_json: ids of the tokenizers library on tokenizer.json as it is, "
             "t5_sentencepiece: raw spiece.model ids + EOS; each null where equal to the untruncated t5 ids.",
        clip_bos=clip.bos_token_id, clip_eos=clip.eos_token_id, clip_pad=clip.pad_token_id, clip_max_length=77,
        t5_eos=1, t5_pad=0, t5_unk=2, prompts=rows)
    rec.case("tokenizers", "tokenizer", "tokenizers", model="tiny-schnell", file="expected/tokenizers.json", count=len(rows))


# ---------------------------------------------------------------- text encoders
def compute_text(spec, out, rec):
    for kind in ("schnell", "dev"):
        folder = out / f"tiny-{kind}"
        clip_tok = transformers.CLIPTokenizer.from_pretrained(folder / "tokenizer")
        t5_tok = transformers.T5TokenizerFast.from_pretrained(folder / "tokenizer_2")
        clip = CLIPTextModel.from_pretrained(folder / "text_encoder", torch_dtype=rec.dtype).eval()
        t5 = T5EncoderModel.from_pretrained(folder / "text_encoder_2", torch_dtype=rec.dtype).eval()
        long_text = tokenizer_prompts(spec)[-3]
        for i, text in enumerate([spec.prompts[0], spec.prompts[3], "", long_text]):
            ids = clip_tok([text], padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
            case = f"clip.{kind}.{i}"
            rec.case(case, "clip", "text", model=f"tiny-{kind}", prompt=text)
            blocks, hooks = {}, []
            if i == 0:
                hooks = [capture(layer, blocks, f"layer.{j}", lambda o: o[0] if isinstance(o, tuple) else o) for j, layer in enumerate(clip.encoder.layers)]
                hooks.append(capture(clip.embeddings, blocks, "embeddings"))
            o = clip(ids)
            [h.remove() for h in hooks]
            rec.put(case, "input_ids", ids)
            for k, v in blocks.items():
                rec.put(case, k, v)
            rec.put(case, "last_hidden_state", o.last_hidden_state)
            rec.put(case, "pooled", o.pooler_output)
        lengths = [48, 256, 16, 512] if kind == "schnell" else [64, 512, 32, 128]
        for i, (text, length) in enumerate(zip([spec.prompts[0], spec.prompts[1], "", long_text], lengths)):
            ids = t5_tok([text], padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids
            case = f"t5.{kind}.{i}"
            rec.case(case, "t5", "text", model=f"tiny-{kind}", prompt=text, max_sequence_length=length)
            blocks, hooks = {}, []
            if i == 0:
                hooks = [capture(b, blocks, f"block.{j}", lambda o: o[0] if isinstance(o, tuple) else o) for j, b in enumerate(t5.encoder.block)]
            hidden = t5(ids)[0]
            [h.remove() for h in hooks]
            rec.put(case, "input_ids", ids)
            for k, v in blocks.items():
                rec.put(case, k, v)
            if i == 0:
                rec.put(case, "position_bias", t5.encoder.block[0].layer[0].SelfAttention.compute_bias(length, length))
            rec.put(case, "hidden_states", hidden)
    # f16 single files of tiny-dev
    folder = out / "tiny-dev"
    clip_sd = {k.removeprefix("text_model."): v.to(rec.dtype) for k, v in load_file(out / "variants" / "clip_l.safetensors").items() if not k.endswith("position_ids")}
    clip.load_state_dict(clip_sd)
    t5.load_state_dict({k: v.to(rec.dtype) for k, v in load_file(out / "variants" / "t5xxl_fp16.safetensors").items()}, strict=False)
    ids = clip_tok([spec.prompts[2]], padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    rec.case("clip.single_file", "clip", "text", model="variants/clip_l.safetensors (f16 weights, f32 maths; config of tiny-dev)", prompt=spec.prompts[2])
    rec.put("clip.single_file", "input_ids", ids)
    rec.put("clip.single_file", "last_hidden_state", clip(ids).last_hidden_state)
    rec.put("clip.single_file", "pooled", clip(ids).pooler_output)
    ids = t5_tok([spec.prompts[2]], padding="max_length", max_length=40, truncation=True, return_tensors="pt").input_ids
    rec.case("t5.single_file", "t5", "text", model="variants/t5xxl_fp16.safetensors (f16 weights, f32 maths; config of tiny-dev)", prompt=spec.prompts[2], max_sequence_length=40)
    rec.put("t5.single_file", "input_ids", ids)
    rec.put("t5.single_file", "hidden_states", t5(ids)[0])
    # T5 in GGUF
    inverse = {}
    for k in load_file(folder / "text_encoder_2" / "model.safetensors"):
        inverse[next(iter(t5_to_gguf_names({k: 0})))] = k
    t5.load_state_dict({inverse[k]: v.to(rec.dtype) for k, (_, v) in read_gguf(out / "gguf" / "t5-tiny-Q8_0.gguf").items()}, strict=False)
    rec.case("t5.gguf", "t5", "text", model="gguf/t5-tiny-Q8_0.gguf (dequantised, f32 maths; config of tiny-dev)", prompt=spec.prompts[2], max_sequence_length=40)
    rec.put("t5.gguf", "hidden_states", t5(ids)[0])


# ---------------------------------------------------------------- transformer
def transformer_inputs(cfg, tag, batch, grid, txt_len, dtype, timesteps, guidance, channels=None, offset=False):
    h, w = grid
    g = rng(tag)
    ids = torch.zeros(h, w, 3)
    ids[..., 1] += torch.arange(h)[:, None]
    ids[..., 2] += torch.arange(w)[None, :]
    ids = ids.reshape(-1, 3)
    txt_ids = torch.zeros(txt_len, 3)
    if offset:                       # unusual ids, so that no axis can be mixed up
        ids[:, 0] = 1
        ids[:, 1] += 7
        txt_ids[:, 0] = torch.arange(txt_len) % 3
        txt_ids[:, 2] = torch.arange(txt_len)
    r = lambda *s: torch.randn(*s, generator=g).to(dtype)
    return dict(hidden_states=r(batch, h * w, channels or cfg.in_channels), encoder_hidden_states=r(batch, txt_len, cfg.joint_attention_dim),
                pooled_projections=r(batch, cfg.pooled_projection_dim), timestep=torch.tensor(timesteps, dtype=dtype),
                guidance=torch.tensor(guidance, dtype=dtype) if cfg.guidance_embeds else None, img_ids=ids, txt_ids=txt_ids)


def put_inputs(rec, case, inputs):
    for k, v in inputs.items():
        if v is not None:
            rec.put(case, f"in.{k}", v)


def compute_transformer(spec, out, rec):
    models = {k: FluxTransformer2DModel.from_pretrained(out / f"tiny-{k}" / "transformer", torch_dtype=rec.dtype).eval() for k in ("schnell", "dev")}
    runs = [("schnell", "basic", 1, (4, 4), 12, [1.0], [0.0], False), ("schnell", "nonsquare_batch", 2, (3, 5), 7, [0.75, 0.0312], [0.0, 0.0], False),
            ("dev", "basic", 1, (4, 4), 16, [0.5], [3.5], False), ("dev", "nonsquare_batch", 2, (6, 2), 9, [0.9312, 0.25], [1.0, 7.25], False),
            ("dev", "odd_ids", 1, (2, 3), 5, [0.001], [30.0], True)]
    for kind, name, batch, grid, n, t, g, offset in runs:
        m = models[kind]
        case = f"transformer.{kind}.{name}"
        rec.case(case, "transformer", "transformer", model=f"tiny-{kind}/transformer", grid=list(grid),
                 note="timestep is in [0,1] (pipeline timestep / 1000); the model multiplies it and the guidance by 1000")
        inputs = transformer_inputs(m.config, f"{spec.seed}/{case}", batch, grid, n, rec.dtype, t, g, offset=offset)
        put_inputs(rec, case, inputs)
        store, hooks = {}, []
        if name == "basic":
            for label, mod in (("x_embedder", m.x_embedder), ("context_embedder", m.context_embedder), ("temb", m.time_text_embed),
                               ("norm_out", m.norm_out)):
                hooks.append(capture(mod, store, label))
            for label, mod in m.time_text_embed.named_children():
                hooks.append(capture(mod, store, f"temb.{label}"))
            hooks.append(capture(m.pos_embed, store, "rope"))
            for part, blocks in (("double", m.transformer_blocks), ("single", m.single_transformer_blocks)):
                for i, block in enumerate(blocks):
                    hooks.append(capture(block, store, f"{part}.{i}"))
            b0 = m.transformer_blocks[0]
            hooks += [capture(b0.norm1, store, "double.0.norm1"), capture(b0.attn, store, "double.0.attn"), capture(b0.ff, store, "double.0.ff")]
            s0 = m.single_transformer_blocks[0]
            hooks += [capture(s0.norm, store, "single.0.norm"), capture(s0.attn, store, "single.0.attn")]
        y = m(**inputs, return_dict=False)[0]
        [h.remove() for h in hooks]
        for label, o in store.items():
            if label == "rope":
                rec.put(case, "rope.cos", o[0]), rec.put(case, "rope.sin", o[1])
            elif stdre.fullmatch(r"(double|single)\.\d+", label):
                rec.put(case, f"{label}.txt", o[0]), rec.put(case, f"{label}.img", o[1])
            elif label == "double.0.attn":
                rec.put(case, "double.0.attn.img", o[0]), rec.put(case, "double.0.attn.txt", o[1])
            elif label == "double.0.norm1":
                for key, v in zip(("out", "gate_msa", "shift_mlp", "scale_mlp", "gate_mlp"), o):
                    rec.put(case, f"double.0.norm1.{key}", v)
            elif label == "single.0.norm":
                rec.put(case, "single.0.norm.out", o[0]), rec.put(case, "single.0.norm.gate", o[1])
            else:
                rec.put(case, label, o)
        rec.put(case, "out", y)

    # other containers of the dev transformer, all on the inputs of transformer.dev.basic
    dev = models["dev"]
    inputs = transformer_inputs(dev.config, f"{spec.seed}/transformer.dev.basic", 1, (4, 4), 16, rec.dtype, [0.5], [3.5])
    dim, variants = spec.dev.transformer.dim, out / "variants"

    def run(sd):
        m = copy.deepcopy(dev)
        m.load_state_dict({k: v.to(rec.dtype) for k, v in sd.items()})
        return m(**inputs, return_dict=False)[0]

    index = json.loads((variants / "transformer-sharded" / "diffusion_pytorch_model.safetensors.index.json").read_text())
    sharded = {}
    for f in sorted(set(index["weight_map"].values())):
        sharded.update(load_file(variants / "transformer-sharded" / f))
    fp8 = {k.removeprefix("model.diffusion_model."): v.float() for k, v in load_file(variants / "flux1-dev-tiny-fp8.safetensors").items()}
    for name, path, sd in (
            ("bf16_file", "variants/transformer-bf16", load_file(variants / "transformer-bf16" / "diffusion_pytorch_model.safetensors")),
            ("sharded", "variants/transformer-sharded", sharded),
            ("bfl_file", "variants/flux1-dev-tiny.safetensors", bfl_to_transformer(load_file(variants / "flux1-dev-tiny.safetensors"), dim)),
            ("fp8_file", "variants/flux1-dev-tiny-fp8.safetensors", bfl_to_transformer(fp8, dim))):
        case = f"transformer.dev.{name}"
        rec.case(case, "transformer", "transformer", model=path, inputs_of="transformer.dev.basic", note="stored weights widened to f32, f32 maths")
        rec.put(case, "out", run(sd))

    for name, channels in (("fill", 384), ("control", 128)):
        m = FluxTransformer2DModel.from_pretrained(out / f"tiny-{name}" / "transformer", torch_dtype=rec.dtype).eval()
        case = f"transformer.{name}"
        rec.case(case, "transformer", "transformer", model=f"tiny-{name}/transformer", grid=[3, 4])
        inputs = transformer_inputs(m.config, f"{spec.seed}/{case}", 1, (3, 4), 6, rec.dtype, [0.6], [30.0], channels=channels)
        put_inputs(rec, case, inputs)
        rec.put(case, "out", m(**inputs, return_dict=False)[0])

    # latent packing, image ids
    for h, w in ((8, 8), (6, 10)):
        case = f"packing.{h}x{w}"
        rec.case(case, "packing", "transformer", latent_height=h, latent_width=w)
        z = torch.randn(2, 16, h, w, generator=rng(spec.seed, case)).to(rec.dtype)
        packed = FluxPipeline._pack_latents(z, 2, 16, h, w)
        rec.put(case, "latents", z), rec.put(case, "packed", packed)
        rec.put(case, "img_ids", FluxPipeline._prepare_latent_image_ids(2, h // 2, w // 2, "cpu", torch.float32))
        assert torch.equal(FluxPipeline._unpack_latents(packed, h * 8, w * 8, 8), z)


def compute_controlnet(spec, out, rec):
    dev = FluxTransformer2DModel.from_pretrained(out / "tiny-dev" / "transformer", torch_dtype=rec.dtype).eval()
    for name, mode in (("controlnet", None), ("controlnet-union", 2)):
        m = FluxControlNetModel.from_pretrained(out / name, torch_dtype=rec.dtype).eval()
        case = f"{name}.forward"
        rec.case(case, "controlnet", "transformer", model=name, base="tiny-dev/transformer", control_mode=mode, conditioning_scale=0.7,
                 note="block.N / single.N: residuals; out: base transformer with the residuals added")
        inputs = transformer_inputs(m.config, f"{spec.seed}/{case}", 1, (4, 3), 8, rec.dtype, [0.8], [4.0])
        cond = torch.randn(1, 12, 64, generator=rng(spec.seed, case, "cond")).to(rec.dtype)
        put_inputs(rec, case, inputs)
        rec.put(case, "in.controlnet_cond", cond)
        blocks, singles = m(**inputs, controlnet_cond=cond, conditioning_scale=0.7, return_dict=False,
                            controlnet_mode=None if mode is None else torch.full((1, 1), mode))
        for i, b in enumerate(blocks or []):
            rec.put(case, f"block.{i}", b)
        for i, b in enumerate(singles or []):
            rec.put(case, f"single.{i}", b)
        rec.put(case, "out", dev(**inputs, controlnet_block_samples=blocks, controlnet_single_block_samples=singles, return_dict=False)[0])


# ---------------------------------------------------------------- VAE
def put_intermediates(rec, case, store):
    """Large feature maps are stored as [..., ::4, ::4] to save space."""
    for name, v in store.items():
        rec.put(case, name if v.numel() <= 4096 else f"{name}[::4,::4]", v if v.numel() <= 4096 else v[..., ::4, ::4])


def compute_vae(spec, out, rec):
    for kind in ("schnell", "dev"):
        vae = AutoencoderKL.from_pretrained(out / f"tiny-{kind}" / "vae", torch_dtype=rec.dtype).eval()
        for size in ("square", "wide"):
            h, w = spec.sizes[size]
            img = np.array(Image.open(out / "inputs" / f"image_{size}.png")).astype(np.float32) / 255.0
            x = torch.from_numpy(img).permute(2, 0, 1)[None].to(rec.dtype) * 2 - 1
            case = f"vae.{kind}.encode.{size}"
            rec.case(case, "vae_encode", "vae", model=f"tiny-{kind}/vae", image=f"inputs/image_{size}.png", seed=spec.seeds["b"],
                     note="sample = mean + exp(logvar/2) * randn(seed); latents = (sample - shift_factor) * scaling_factor")
            store, hooks = {}, []
            if size == "square":
                e = vae.encoder
                hooks = [capture(e.conv_in, store, "conv_in"), capture(e.mid_block.attentions[0], store, "mid.attn"), capture(e.mid_block, store, "mid")]
                hooks += [capture(b, store, f"down.{i}") for i, b in enumerate(e.down_blocks)]
            dist = vae.encode(x).latent_dist
            [k.remove() for k in hooks]
            put_intermediates(rec, case, store)
            rec.put(case, "mean", dist.mean), rec.put(case, "logvar", dist.logvar)
            sample = dist.sample(generator=torch.Generator().manual_seed(spec.seeds["b"]))
            rec.put(case, "sample", sample), rec.put(case, "latents", (sample - 0.1159) * 0.3611)

            case = f"vae.{kind}.decode.{size}"
            rec.case(case, "vae_decode", "vae", model=f"tiny-{kind}/vae", note="z = latents / scaling_factor + shift_factor; image is before clamping, in [-1,1]")
            z = (torch.randn(1, 16, h // 8, w // 8, generator=rng(spec.seed, case)) / 0.3611 + 0.1159).to(rec.dtype)
            store, hooks = {}, []
            if size == "square":
                d = vae.decoder
                hooks = [capture(d.conv_in, store, "conv_in"), capture(d.mid_block.attentions[0], store, "mid.attn"), capture(d.mid_block, store, "mid")]
                hooks += [capture(b, store, f"up.{i}") for i, b in enumerate(d.up_blocks)]
            y = vae.decode(z, return_dict=False)[0]
            [k.remove() for k in hooks]
            rec.put(case, "in.z", z)
            put_intermediates(rec, case, store)
            rec.put(case, "image", y)
    rec.case("vae.ae_file", "vae_decode", "vae", model="variants/ae.safetensors", same_as="vae.dev.*", note="same weights as tiny-dev/vae, BFL names")


# ---------------------------------------------------------------- scheduler and noise
def compute_scheduler(spec, out, rec):
    rows = []
    f32 = lambda x: [float(v) for v in x]

    def add(label, config, steps, h=None, w=None, sigmas=None, extra=None):
        s = FlowMatchEulerDiscreteScheduler.from_config({**{k: v for k, v in SCHEDULERS[config].items() if k[0] != "_"}, **(extra or {})})
        given = np.linspace(1.0, 1 / steps, steps) if sigmas is None else sigmas
        mu = None
        if h is not None:
            c = s.config
            mu = calculate_shift((h // 16) * (w // 16), c.base_image_seq_len, c.max_image_seq_len, c.base_shift, c.max_shift)
        retrieve_timesteps(s, steps, "cpu", sigmas=given, mu=mu)
        rows.append(dict(label=label, config=config, overrides=extra or {}, steps=steps, height=h, width=w, mu=mu,
                         custom_sigmas=None if sigmas is None else list(sigmas), sigmas=f32(s.sigmas), timesteps=f32(s.timesteps)))

    sizes = [(256, 256), (512, 512), (768, 1344), (1024, 1024), (1536, 1024), (2048, 2048)] if spec.name == "public" else \
            [(320, 256), (512, 896), (832, 1216), (1024, 1024), (1440, 1440), (64, 64)]
    step_list = [1, 2, 3, 4, 5, 6, 8, 12, 20, 28, 50] if spec.name == "public" else [1, 2, 4, 7, 9, 16, 25, 30, 40, 100]
    for steps in step_list:
        add("schnell", "schnell", steps, 1024, 1024)
        for h, w in sizes:
            add("dev", "dev", steps, h, w)
    for steps in (4, step_list[-2]):
        add("static shift 3", "dev", steps, extra=dict(use_dynamic_shifting=False))
        add("static shift 1.7", "schnell", steps, extra=dict(shift=1.7))
        add("linear time shift", "dev", steps, 768, 768, extra=dict(time_shift_type="linear"))
        add("shift_terminal 0.1", "dev", steps, 768, 768, extra=dict(shift_terminal=0.1))
        add("karras", "dev", steps, 768, 768, extra=dict(use_karras_sigmas=True))
        add("exponential", "dev", steps, 768, 768, extra=dict(use_exponential_sigmas=True))
    custom = [1.0, 0.8, 0.55, 0.3, 0.1] if spec.name == "public" else [1.0, 0.95, 0.7, 0.42, 0.2, 0.05]
    add("custom sigmas", "dev", len(custom), 1024, 768, sigmas=custom)
    add("custom sigmas", "schnell", len(custom), 1024, 768, sigmas=custom)
    rec.json["scheduler.json"] = dict(
        note="sigmas has a trailing 0; all numbers are exact float32 values. mu (float64) comes from calculate_shift(image_seq_len). "
             "img2img_start: index of the first step used for a strength.",
        schedules=rows,
        img2img_start=[dict(steps=n, strength=st, t_start=int(max(n - min(n * st, n), 0))) for n in (4, 5, 6, 10, 28, 50) for st in (0.1, 0.25, 0.3, 0.5, 0.6, 0.7, 0.75, 0.9, 0.95, 1.0)])
    rec.case("scheduler", "scheduler", "scheduler", file="expected/scheduler.json", count=len(rows))
    s = FlowMatchEulerDiscreteScheduler.from_config({k: v for k, v in SCHEDULERS["dev"].items() if k[0] != "_"})
    retrieve_timesteps(s, 5, "cpu", sigmas=np.linspace(1.0, 0.2, 5), mu=0.8)
    case = "scheduler.step"
    rec.case(case, "scheduler_step", "scheduler", config="dev", steps=5, mu=0.8, note="x.N = sample after step N with model_output v.N; noised = scale_noise(x0, timesteps[2], noise)")
    g = rng(spec.seed, case)
    x = torch.randn(1, 6, 64, generator=g).to(rec.dtype)
    rec.put(case, "in.x", x)
    s.set_begin_index(0)
    for i, t in enumerate(s.timesteps):
        v = torch.randn(1, 6, 64, generator=g).to(rec.dtype)
        x = s.step(v, t, x, return_dict=False)[0]
        rec.put(case, f"in.v.{i}", v), rec.put(case, f"x.{i}", x)
    s2 = FlowMatchEulerDiscreteScheduler.from_config(s.config)
    retrieve_timesteps(s2, 5, "cpu", sigmas=np.linspace(1.0, 0.2, 5), mu=0.8)
    s2.set_begin_index(2)
    x0, noise = (torch.randn(1, 16, 4, 4, generator=g).to(rec.dtype) for _ in range(2))
    rec.put(case, "in.x0", x0), rec.put(case, "in.noise", noise)
    rec.put(case, "noised", s2.scale_noise(x0, s2.timesteps[2:3], noise))


def compute_noise(spec, out, rec):
    if rec.is_f64:
        return
    seeds = [0, 1, 42, 123456789, 2**32 - 1, 2**40 + 5, -1] if spec.name == "public" else [3, 7, 999, 20240229, 2**31, 2**63 - 1, -77]
    sizes = [1, 2, 5, 15, 16, 17, 23, 31, 32, 33, 47, 64, 100, 257] if spec.name == "public" else [3, 7, 14, 16, 18, 24, 29, 40, 63, 65, 121, 1000]
    for seed in seeds:
        case = f"randn.seed{seed}"
        rec.case(case, "randn", "noise", seed=seed, note="n<N>: torch.randn(N, generator=torch.Generator('cpu').manual_seed(seed)); a fresh generator each")
        for n in sizes:
            rec.put(case, f"n{n}", torch.randn(n, generator=torch.Generator().manual_seed(seed)))
    case = "randn.latents"
    shape = (2, 16, 10, 6)
    rec.case(case, "randn", "noise", seed=spec.seeds["c"], shape=list(shape))
    rec.put(case, "value", torch.randn(shape, generator=torch.Generator().manual_seed(spec.seeds["c"])))
    seq = [5, 3, 20, 1, 17, 4, 16, 2] if spec.name == "public" else [1, 33, 7, 16, 15, 3, 48, 1]
    rec.case("randn.sequence", "randn", "noise", seed=spec.seeds["b"], sizes=seq, note="successive draws from ONE generator; calls below 16 elements keep a cached normal between them")
    g = torch.Generator().manual_seed(spec.seeds["b"])
    for i, n in enumerate(seq):
        rec.put("randn.sequence", f"draw.{i}", torch.randn(n, generator=g))
    for dtype in (torch.bfloat16, torch.float16, torch.float64):
        name = str(dtype).split(".")[1]
        case = f"randn.{name}"
        rec.case(case, "randn", "noise", seed=spec.seeds["a"], dtype=name, note="values widened to f32; a generator gives different noise in another dtype")
        for n in (7, 16, 40, 256):
            rec.put(case, f"n{n}", torch.randn(n, generator=torch.Generator().manual_seed(spec.seeds["a"]), dtype=dtype).float())
    case = "rand.uniform"
    rec.case(case, "rand", "noise", seed=spec.seeds["c"], note="torch.rand float32")
    rec.put(case, "n40", torch.rand(40, generator=torch.Generator().manual_seed(spec.seeds["c"])))


# ---------------------------------------------------------------- pipelines
def gen(seed):
    return torch.Generator("cpu").manual_seed(seed)


def run_pipeline(rec, case, pipe, call, detail=False):
    """Run a pipeline and record what goes on inside."""
    calls, predictions, decoded, latents = [], [], [], []
    hooks = [
        pipe.transformer.register_forward_pre_hook(lambda m, a, k: calls.append(dict(k)), with_kwargs=True),
        pipe.transformer.register_forward_hook(lambda m, a, o: predictions.append(o[0])),
        pipe.vae.decoder.register_forward_hook(lambda m, a, o: decoded.append(o)),
    ]

    def on_step(p, i, t, kw):
        latents.append(kw["latents"].clone())
        return {}

    images = pipe(**call, output_type="np", callback_on_step_end=on_step, callback_on_step_end_tensor_inputs=["latents"]).images
    [h.remove() for h in hooks]
    rec.put(case, "model_input.0", calls[0]["hidden_states"])
    rec.put(case, "img_ids", calls[0]["img_ids"])
    rec.put(case, "timesteps", torch.stack([c["timestep"][0] for c in calls]))
    if detail:
        rec.put(case, "prompt_embeds", calls[0]["encoder_hidden_states"])
        rec.put(case, "pooled_prompt_embeds", calls[0]["pooled_projections"])
        for i, p in enumerate(predictions):
            rec.put(case, f"noise_pred.{i}", p)
    for i, x in enumerate(latents):
        rec.put(case, f"latents.{i}", x)
    if detail:
        rec.put(case, "decoded", decoded[-1])
    clipped = float((decoded[-1].abs() >= 1).double().mean())
    if clipped > 0.05 or float(decoded[-1].std()) < 0.05:
        rec.problems.append(f"{case}: {clipped:.3f} of the pixels saturated, std {float(decoded[-1].std()):.3f}")
    rec.put(case, "image_u8", torch.from_numpy((images * 255).round().astype("uint8")))


def compute_pipelines(spec, out, rec):
    load = lambda kind, dtype=rec.dtype: FluxPipeline.from_pretrained(out / f"tiny-{kind}", torch_dtype=dtype)
    schnell, dev = load("schnell"), load("dev")
    for p in (schnell, dev):
        p.set_progress_bar_config(disable=True)
    P, S, Z = spec.prompts, spec.seeds, spec.sizes
    group = "pipelines"
    image = lambda name: Image.open(out / "inputs" / f"{name}.png").copy()
    hw = lambda name: dict(height=Z[name][0], width=Z[name][1])
    pub = spec.name == "public"
    L = dict(max_sequence_length=48 if pub else 40)

    def txt2img(case, pipe, kind, seed, detail=False, cls="FluxPipeline", components=None, **call):
        shown = {k: v for k, v in call.items() if k not in ("image", "mask_image", "control_image", "latents")}
        rec.case(case, "pipeline", group, pipeline=cls, model=f"tiny-{kind}", components=components, seed=seed, **shown)
        generator = [gen(s) for s in seed] if isinstance(seed, list) else gen(seed)
        call = {k: v for k, v in call.items() if not k.endswith("_file")}
        run_pipeline(rec, case, pipe, dict(call, generator=generator), detail)

    # --- text to image
    txt2img("pipe.schnell_4step", schnell, "schnell", S["a"], True, prompt=P[0], num_inference_steps=4, guidance_scale=0.0, **hw("square"), **L)
    txt2img("pipe.schnell_1step_default_length", schnell, "schnell", S["b"], prompt=P[1], num_inference_steps=1, guidance_scale=0.0, **hw("square"))
    txt2img("pipe.schnell_nonsquare", schnell, "schnell", S["c"], prompt=P[2], prompt_2=P[3], num_inference_steps=3, guidance_scale=0.0, **hw("wide"), max_sequence_length=20)
    txt2img("pipe.schnell_custom_sigmas", schnell, "schnell", S["d"], prompt=P[1], num_inference_steps=3, sigmas=[1.0, 0.6, 0.25] if pub else [0.9, 0.5, 0.3],
            guidance_scale=0.0, **hw("tall"), **L)
    txt2img("pipe.schnell_odd_size", schnell, "schnell", S["a"], prompt=P[2], num_inference_steps=2, guidance_scale=0.0, **hw("odd"), **L)
    txt2img("pipe.dev_6step", dev, "dev", S["b"], True, prompt=P[1], num_inference_steps=6, guidance_scale=3.5, **hw("square"), **L)
    txt2img("pipe.dev_nonsquare", dev, "dev", S["c"], prompt=P[3], num_inference_steps=4, guidance_scale=5.0, **hw("tall"), **L)
    txt2img("pipe.dev_true_cfg", dev, "dev", S["a"], True, prompt=P[2], negative_prompt=P[3], true_cfg_scale=2.0, num_inference_steps=4, guidance_scale=3.5, **hw("square"), **L)
    txt2img("pipe.dev_custom_sigmas", dev, "dev", S["d"], prompt=P[0], num_inference_steps=5, sigmas=[1.0, 0.8, 0.55, 0.3, 0.1] if pub else [1.0, 0.7, 0.66, 0.4, 0.15],
            guidance_scale=3.5, **hw("square"), **L)
    txt2img("pipe.dev_batch_generators", dev, "dev", [S["a"], S["b"]], prompt=[P[0], P[1]], num_inference_steps=3, guidance_scale=3.5, **hw("square"), **L)
    txt2img("pipe.dev_two_per_prompt", dev, "dev", S["c"], prompt=P[1], num_images_per_prompt=2, num_inference_steps=2, guidance_scale=2.0, **hw("square"), **L)
    lh, lw = 2 * (Z["wide"][0] // 16), 2 * (Z["wide"][1] // 16)
    given = torch.randn(1, lh * lw // 4, 64, generator=rng(spec.seed, "given")).to(rec.dtype)
    txt2img("pipe.dev_given_latents", dev, "dev", S["a"], prompt=P[0], latents=given, num_inference_steps=2, guidance_scale=3.5, **hw("wide"), **L)
    rec.put("pipe.dev_given_latents", "in.latents", given)

    # --- image conditioned, plain dev weights
    i2i, inp, kon = (cls(**dev.components) for cls in (FluxImg2ImgPipeline, FluxInpaintPipeline, FluxKontextPipeline))
    for p in (i2i, inp, kon):
        p.set_progress_bar_config(disable=True)
    txt2img("pipe.img2img", i2i, "dev", S["b"], True, cls="FluxImg2ImgPipeline", prompt=P[0], image=image("image_square"), image_file="inputs/image_square.png", strength=0.6,
            num_inference_steps=6, guidance_scale=3.5, **hw("square"), **L)
    txt2img("pipe.img2img_resized", i2i, "dev", S["c"], cls="FluxImg2ImgPipeline", prompt=P[1], image=image("image_57x83"), image_file="inputs/image_57x83.png", strength=0.75,
            num_inference_steps=4, guidance_scale=3.5, **hw("wide"), **L)
    schnell_i2i = FluxImg2ImgPipeline(**schnell.components)
    schnell_i2i.set_progress_bar_config(disable=True)
    txt2img("pipe.img2img_schnell", schnell_i2i, "schnell", S["a"], cls="FluxImg2ImgPipeline", prompt=P[3], image=image("image_wide"), image_file="inputs/image_wide.png", strength=0.95,
            num_inference_steps=4, guidance_scale=0.0, **hw("wide"), **L)
    txt2img("pipe.inpaint", inp, "dev", S["a"], True, cls="FluxInpaintPipeline", prompt=P[2], image=image("image_square"), mask_image=image("mask_square"), image_file="inputs/image_square.png",
            mask_image_file="inputs/mask_square.png", strength=0.8, num_inference_steps=5, guidance_scale=7.0, **hw("square"), **L)
    txt2img("pipe.inpaint_nonsquare", inp, "dev", S["d"], cls="FluxInpaintPipeline", prompt=P[0], image=image("image_tall"), mask_image=image("mask_tall"), image_file="inputs/image_tall.png",
            mask_image_file="inputs/mask_tall.png", strength=1.0, num_inference_steps=3, guidance_scale=3.5, **hw("tall"), **L)
    txt2img("pipe.kontext", kon, "dev", S["b"], cls="FluxKontextPipeline", prompt=P[1], image=image("image_wide"), image_file="inputs/image_wide.png", num_inference_steps=3, guidance_scale=2.5,
            **hw("square"), max_area=Z["square"][0] * Z["square"][1], _auto_resize=False, **L)

    # --- other transformers
    base = {k: v for k, v in dev.components.items() if k not in ("image_encoder", "feature_extractor", "transformer")}
    fill = FluxFillPipeline(transformer=FluxTransformer2DModel.from_pretrained(out / "tiny-fill" / "transformer", torch_dtype=rec.dtype), **base)
    ctrl = FluxControlPipeline(transformer=FluxTransformer2DModel.from_pretrained(out / "tiny-control" / "transformer", torch_dtype=rec.dtype), **base)
    cn = FluxControlNetPipeline(controlnet=FluxControlNetModel.from_pretrained(out / "controlnet", torch_dtype=rec.dtype), transformer=dev.transformer, **base)
    union = FluxControlNetPipeline(controlnet=FluxControlNetModel.from_pretrained(out / "controlnet-union", torch_dtype=rec.dtype), transformer=dev.transformer, **base)
    for p in (fill, ctrl, cn, union):
        p.set_progress_bar_config(disable=True)
    txt2img("pipe.fill", fill, "dev", S["c"], True, cls="FluxFillPipeline", components=dict(transformer="tiny-fill/transformer"), prompt=P[0], image=image("image_square"),
            mask_image=image("mask_square"), image_file="inputs/image_square.png", mask_image_file="inputs/mask_square.png", num_inference_steps=3, guidance_scale=30.0, **hw("square"), **L)
    txt2img("pipe.control", ctrl, "dev", S["d"], True, cls="FluxControlPipeline", components=dict(transformer="tiny-control/transformer"), prompt=P[3], control_image=image("image_wide"),
            control_image_file="inputs/image_wide.png", num_inference_steps=3, guidance_scale=10.0, **hw("wide"), **L)
    txt2img("pipe.controlnet", cn, "dev", S["a"], True, cls="FluxControlNetPipeline", components=dict(controlnet="controlnet"), prompt=P[1], control_image=image("image_square"),
            control_image_file="inputs/image_square.png", controlnet_conditioning_scale=0.7, num_inference_steps=3, guidance_scale=3.5, **hw("square"), **L)
    txt2img("pipe.controlnet_window", cn, "dev", S["b"], cls="FluxControlNetPipeline", components=dict(controlnet="controlnet"), prompt=P[2], control_image=image("image_tall"),
            control_image_file="inputs/image_tall.png", controlnet_conditioning_scale=1.0, control_guidance_start=0.2, control_guidance_end=0.8, num_inference_steps=5, guidance_scale=3.5,
            **hw("tall"), **L)
    txt2img("pipe.controlnet_union", union, "dev", S["c"], cls="FluxControlNetPipeline", components=dict(controlnet="controlnet-union"), prompt=P[0], control_image=image("image_square"),
            control_image_file="inputs/image_square.png", control_mode=3, controlnet_conditioning_scale=0.6, num_inference_steps=3, guidance_scale=3.5, **hw("square"), **L)

    compute_redux(spec, out, rec, dev, hw)
    compute_lora(spec, out, rec, dev, hw, L)

    if not rec.is_f64:      # informative: the same pipeline in bfloat16
        b16 = load("schnell", torch.bfloat16)
        b16.set_progress_bar_config(disable=True)
        rec.case("pipe.schnell_bf16", "pipeline_bf16", group, pipeline="FluxPipeline", model="tiny-schnell", dtype="bfloat16", seed=S["a"], prompt=P[0], num_inference_steps=4,
                 guidance_scale=0.0, **hw("square"), **L, note="all weights and maths in bfloat16, noise drawn in bfloat16: loose tolerance")
        run_pipeline(rec, "pipe.schnell_bf16", b16, dict(prompt=P[0], num_inference_steps=4, guidance_scale=0.0, **hw("square"), **L, generator=gen(S["a"])))


# ---------------------------------------------------------------- Redux
def compute_redux(spec, out, rec, dev, hw):
    folder = out / "tiny-redux"
    encoder = SiglipVisionModel.from_pretrained(folder / "image_encoder", torch_dtype=rec.dtype).eval()
    processor = SiglipImageProcessor.from_pretrained(folder / "feature_extractor")
    embedder = ReduxImageEncoder.from_pretrained(folder / "image_embedder", torch_dtype=rec.dtype).eval()
    shared = {k: dev.components[k] for k in ("text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2")}
    prior = FluxPriorReduxPipeline(image_encoder=encoder, feature_extractor=processor, image_embedder=embedder, **shared)
    picture = Image.open(out / "inputs" / "image_wide.png").copy()
    case = "redux.prior"
    rec.case(case, "redux", "redux", model="tiny-redux (text encoders of tiny-dev)", image_file="inputs/image_wide.png", prompt=spec.prompts[2],
             prompt_embeds_scale=0.9, pooled_prompt_embeds_scale=0.8,
             note="pixel_values: PIL bicubic to image_size, (x/255-0.5)/0.5. prompt_embeds = 0.9 * concat(T5 with 512 tokens, image_embeds)")
    store = {}
    hooks = [encoder.register_forward_pre_hook(lambda m, a, k: store.__setitem__("pixel_values", k["pixel_values"]), with_kwargs=True),
             encoder.register_forward_hook(lambda m, a, o: store.__setitem__("siglip", o.last_hidden_state)),
             embedder.register_forward_hook(lambda m, a, o: store.__setitem__("image_embeds", o.image_embeds))]
    o = prior(picture, prompt=spec.prompts[2], prompt_embeds_scale=0.9, pooled_prompt_embeds_scale=0.8)
    [h.remove() for h in hooks]
    for k, v in store.items():
        rec.put(case, k, v)
    rec.put(case, "prompt_embeds", o.prompt_embeds), rec.put(case, "pooled_prompt_embeds", o.pooled_prompt_embeds)
    case, call = "redux.pipe", dict(num_inference_steps=2, guidance_scale=2.5, **hw("square"))
    rec.case(case, "pipeline", "redux", pipeline="FluxPipeline", model="tiny-dev", prompt_embeds_of="redux.prior", seed=spec.seeds["b"], **call)
    run_pipeline(rec, case, dev, dict(call, prompt_embeds=o.prompt_embeds, pooled_prompt_embeds=o.pooled_prompt_embeds, generator=gen(spec.seeds["b"])))


# ---------------------------------------------------------------- LoRA
def lora_deltas(path, ts, fmt):
    """diffusers module name -> weight delta, computed without peft."""
    sd = {k: v.double() for k, v in load_file(path).items()}
    deltas = {}
    if fmt in ("kohya", "bfl"):
        for name, parts, _ in bfl_linears(ts):
            if fmt == "kohya":
                k = "lora_unet_" + name.replace(".", "_")
                down, up = sd[f"{k}.lora_down.weight"], sd[f"{k}.lora_up.weight"]
                delta = up @ down * (sd[f"{k}.alpha"].item() / down.shape[0])
            else:
                delta = sd[f"diffusion_model.{name}.lora_B.weight"] @ sd[f"diffusion_model.{name}.lora_A.weight"]
            for (dst, _), part in zip(parts, delta.split([r for _, r in parts], dim=0)):
                deltas[dst] = part
    else:
        for k in sd:
            if k.endswith("lora_A.weight"):
                deltas[k.removeprefix("transformer.").removesuffix(".lora_A.weight")] = sd[k.replace("lora_A", "lora_B")] @ sd[k]
    return deltas


def merge_lora(model, deltas, scale):
    m = copy.deepcopy(model)
    for name, delta in deltas.items():
        m.get_submodule(name).weight.data += (scale * delta).to(next(m.parameters()).dtype)
    return m


def compute_lora(spec, out, rec, dev, hw, L):
    """f32: diffusers + peft.  f64: merged weights.  All three layouts of the first LoRA must agree."""
    ts, scale = spec.dev.transformer, 0.8
    inputs = transformer_inputs(dev.transformer.config, f"{spec.seed}/transformer.dev.basic", 1, (4, 4), 16, rec.dtype, [0.5], [3.5])
    call = dict(prompt=spec.prompts[2], num_inference_steps=4, guidance_scale=3.5, **hw("square"), **L)
    seed = spec.seeds["d"]
    for tag, files in (("fused", {"peft": "lora-peft", "kohya": "lora-kohya", "bfl": "lora-bfl"}), ("separate", {"peft": "lora-peft-separate"})):
        case_f, case_p = f"lora.{tag}.forward", f"lora.{tag}.pipe"
        paths = [f"lora/{f}.safetensors" for f in files.values()]
        rec.case(case_f, "lora_transformer", "lora", model="tiny-dev/transformer", lora=paths, scale=scale, inputs_of="transformer.dev.basic", note="every listed file gives this output")
        rec.case(case_p, "pipeline", "lora", pipeline="FluxPipeline", model="tiny-dev", lora=paths, lora_scale=scale, seed=seed, **call)
        merged = {f: merge_lora(dev.transformer, lora_deltas(out / "lora" / f"{n}.safetensors", ts, f), scale) for f, n in files.items()}
        merged_out = {f: m(**inputs, return_dict=False)[0] for f, m in merged.items()}
        for f, y in merged_out.items():
            err = (y - merged_out["peft"]).abs().max().item()
            assert err < 2e-5, (tag, f, err)
        base = dev.transformer
        if rec.is_f64:
            rec.put(case_f, "out", merged_out["peft"])
            dev.transformer = merged["peft"]
            run_pipeline(rec, case_p, dev, dict(call, generator=gen(seed)))
            dev.transformer = base
        else:
            pipe = FluxPipeline(**{**dev.components, "transformer": copy.deepcopy(base)})
            pipe.set_progress_bar_config(disable=True)
            pipe.load_lora_weights(load_file(out / "lora" / f"{files['peft']}.safetensors"), adapter_name="x")
            pipe.set_adapters(["x"], [scale])
            y = pipe.transformer(**inputs, return_dict=False)[0]
            assert (y - merged_out["peft"]).abs().max() < 2e-5
            rec.put(case_f, "out", y)
            run_pipeline(rec, case_p, pipe, dict(call, generator=gen(seed)))
        plain = base(**inputs, return_dict=False)[0]
        assert (plain - merged_out["peft"]).abs().max() > 0.05, "LoRA has no effect"


# ---------------------------------------------------------------- GGUF
def compute_gguf(spec, out, rec):
    for path in sorted((out / "gguf").glob("flux-*.gguf")):
        tensors = read_gguf(path)
        ts = spec.gguf_k if "K_mixed" in path.name else spec.gguf_small
        m = make_transformer(ts, 64, 32, "unused").to(rec.dtype)
        m.load_state_dict(bfl_to_transformer({k: v.to(rec.dtype) for k, (_, v) in tensors.items()}, ts.dim))
        label = path.stem.removeprefix("flux-tiny-")
        case = f"gguf.{label}"
        types = {}
        for name, (q, _) in tensors.items():
            types.setdefault(q, []).append(name)
        rec.case(case, "gguf", "gguf", model=f"gguf/{path.name}", config=dict(num_attention_heads=ts.heads, attention_head_dim=ts.head_dim, axes_dims_rope=list(ts.axes),
                 num_layers=ts.double, num_single_layers=ts.single, guidance_embeds=ts.guidance, in_channels=64, joint_attention_dim=64, pooled_projection_dim=32),
                 types={q: len(v) for q, v in types.items()}, note="forward with the dequantised weights in f32; rows.<tensor> = first 3 dequantised rows")
        inputs = transformer_inputs(m.config, f"{spec.seed}/gguf", 1, (3, 4), 10, rec.dtype, [0.7], [3.5])
        put_inputs(rec, case, inputs)
        rec.put(case, "out", m(**inputs, return_dict=False)[0])
        shown = 0
        for q, names in types.items():
            for name in names[:1]:
                w = tensors[name][1]
                rec.put(case, f"rows.{name}", w[:3].to(rec.dtype))
                shown += 1
    blocks = load_file(out / "gguf" / "blocks.safetensors")
    case = "gguf.blocks"
    rec.case(case, "gguf_blocks", "gguf", file="gguf/blocks.safetensors", note="<TYPE>.bytes holds random valid blocks (one block a row); values = gguf.quants.dequantize")
    for key, raw in blocks.items():
        name = key.removesuffix(".bytes")
        rec.put(case, name, torch.from_numpy(np.array(gguf.quants.dequantize(raw.numpy(), QT[name]), dtype=np.float32)).to(rec.dtype))


STAGES = [compute_tokenizers, compute_text, compute_transformer, compute_controlnet, compute_vae, compute_scheduler, compute_noise,
          compute_pipelines, compute_gguf]


def compute(spec, out, dtype):
    rec = Recorder(dtype)
    ctx = float64_everywhere() if dtype == torch.float64 else contextlib.nullcontext()
    with ctx:
        for stage in STAGES:
            stage(spec, out, rec)
    return rec


# =====================================================================================
# 8. Stage 3: tolerances, checks, files
# =====================================================================================
def nice(x):
    """Round up to 1, 2 or 5 times a power of ten."""
    if x <= 0:
        return 0.0
    e = 10.0 ** math.floor(math.log10(x))
    return float(f"{next(m * e for m in (1, 2, 5, 10) if m * e >= x * 0.999999):.0e}")


def check_sane(rec):
    problems = list(rec.problems)
    for (group, case, name), t in rec.tensors.items():
        x = t.double()
        where = f"{case}/{name}"
        if not torch.isfinite(x).all():
            problems.append(f"{where}: not finite")
        elif t.is_floating_point() and t.numel() > 8 and float(x.std()) == 0 and "ids" not in name and "timesteps" not in name and "in.guidance" not in name:
            problems.append(f"{where}: constant")
        if name == "image_u8" and len(torch.unique(t)) < 40:
            problems.append(f"{where}: few levels")
    return problems


def measure(rec, wide):
    """Difference f32 / f64 for each tensor and a tolerance from it."""
    stats = {}
    for key, t in rec.tensors.items():
        group, case, name = key
        row = dict(shape=list(t.shape), dtype={torch.float32: "F32", torch.uint8: "U8", torch.int64: "I64"}[t.dtype])
        if t.is_floating_point():
            row["max_abs"] = float(f"{t.abs().max():.4g}")
            other = wide.tensors.get(key) if wide else None
            if other is not None:
                err = float((t.double() - other.double()).abs().max())
                row["f32_vs_f64"] = float(f"{err:.2e}")
                row["atol"] = max(nice(20 * err), nice(2e-6 * max(1.0, row["max_abs"])))
            elif group == "noise":       # AVX2 and scalar builds of torch differ by up to 1.4e-6
                row["atol"] = {"randn.bfloat16": 0.02, "randn.float16": 3e-3}.get(case, 3e-6)
            elif case == "pipe.schnell_bf16":
                row["atol"] = 0.25
        elif wide and key in wide.tensors and t.dtype == torch.uint8:
            row["f32_vs_f64_max_level"] = int((t.int() - wide.tensors[key].int()).abs().max())
        stats[key] = row
    return stats


def save_expected(spec, out, rec, stats):
    folder = out / "expected"
    folder.mkdir(parents=True, exist_ok=True)
    groups = {}
    for (group, case, name), t in rec.tensors.items():
        groups.setdefault(group, {})[f"{case}/{name}"] = t
    for group, tensors in groups.items():
        save_file(tensors, folder / f"{group}.safetensors")
    for name, obj in rec.json.items():
        write_json(folder / name, obj, indent=None if name == "tokenizers.json" else 1)
    cases = []
    for case in rec.cases.values():
        group = case["group"]
        outputs = {name: dict(key=f"{c}/{name}", **stats[(g, c, name)]) for (g, c, name) in rec.tensors if c == case["id"]}
        cases.append(dict(id=case["id"], kind=case["kind"], file=f"expected/{group}.safetensors" if outputs else case["params"].get("file"),
                          params=case["params"], tensors=outputs))
    write_json(out / "cases.json", dict(
        set=spec.name, made_with=dict(torch=torch.__version__, diffusers=diffusers.__version__, transformers=transformers.__version__,
                                      tokenizers=tokenizers.__version__, sentencepiece=spm.__version__, numpy=np.__version__),
        cases=cases), indent=1)


def read_expected(out):
    tensors = {}
    for case in json.loads((out / "cases.json").read_text(encoding="utf-8"))["cases"]:
        if case["tensors"]:
            with safe_open(out / case["file"], "pt") as f:
                for name, row in case["tensors"].items():
                    tensors[(Path(case["file"]).stem, case["id"], name)] = f.get_tensor(row["key"])
    return tensors


def verify_layouts(spec, out):
    """Check the foreign layouts with diffusers' own converters."""
    import inspect
    from diffusers.loaders import single_file_utils as sfu
    ref = {k: v.to(torch.bfloat16) for k, v in FluxTransformer2DModel.from_pretrained(out / "tiny-dev" / "transformer").state_dict().items()}
    source = inspect.getsource(sfu.convert_flux_transformer_checkpoint_to_diffusers).replace("inner_dim = 3072", f"inner_dim = {spec.dev.transformer.dim}")
    scope = dict(vars(sfu))
    exec(source, scope)
    got = scope["convert_flux_transformer_checkpoint_to_diffusers"](load_file(out / "variants" / "flux1-dev-tiny.safetensors"))
    assert set(got) == set(ref) and all(torch.equal(got[k], ref[k]) for k in ref), "BFL transformer"
    vae = AutoencoderKL.from_pretrained(out / "tiny-dev" / "vae")
    got = sfu.convert_ldm_vae_checkpoint(load_file(out / "variants" / "ae.safetensors"), dict(vae.config))
    ref = vae.state_dict()
    got = {k: v.reshape(ref[k].shape) for k, v in got.items()}
    assert set(got) == set(ref) and all(torch.equal(got[k], ref[k]) for k in ref), "ae.safetensors"
    # T5 sentencepiece vocabulary and tokenizer.json agree
    print("  foreign layouts agree with diffusers' converters")


def verify(spec, out):
    stored = read_expected(out)
    again = compute(spec, out, torch.float32)
    assert set(stored) == set(again.tensors), set(stored) ^ set(again.tensors)
    worst = max((float((stored[k].double() - again.tensors[k].double()).abs().max()), k) for k in stored if stored[k].numel())
    differing = sum(not torch.equal(stored[k], again.tensors[k]) for k in stored)
    print(f"  {len(stored)} tensors recomputed from the files; {differing} differ, worst {worst}")
    for name, obj in again.json.items():
        assert json.loads((out / "expected" / name).read_text(encoding="utf-8")) == json.loads(json.dumps(obj)), name
    verify_layouts(spec, out)
    assert worst[0] < 1e-6
    assert not check_sane(again)


README = """# FLUX.1 reference fixtures: set `{name}`

Tiny random-weight FLUX.1 models in every layout a loader must understand, and what diffusers {diffusers} /
transformers {transformers} / torch {torch} (CPU, float32, one thread) compute with them. Made by `make_reference.py --set {name}`;
nothing here comes from published weights or vocabularies. {n_files} files, {mbytes:.1f} MB.

## Files

| path | what |
|---|---|
| `tiny-schnell/` | full diffusers folder, no guidance embedder, scheduler of FLUX.1-schnell. {schnell} |
| `tiny-dev/` | the same with guidance embedder, scheduler of FLUX.1-dev. {dev} |
| `tiny-*/tokenizer/` | CLIP BPE: `vocab.json` (256 bytes, 256 bytes + `</w>`, merges, `<\\|startoftext\\|>`, `<\\|endoftext\\|>`), `merges.txt` (first line `#version: 0.2`) |
| `tiny-*/tokenizer_2/` | T5: `spiece.model` (Unigram, nmt_nfkc charsmap, pad 0 / eos 1 / unk 2), `tokenizer.json` of the same vocabulary + `<extra_id_99>` ... `<extra_id_0>` |
| `tiny-*/vae/` | AutoencoderKL, 16 latent channels, no quant convs, scaling 0.3611, shift 0.1159 |
| `tiny-fill/transformer/`, `tiny-control/transformer/` | transformers with 384 / 128 input and 64 output channels; all else from `tiny-dev` |
| `controlnet/`, `controlnet-union/` | FluxControlNetModel without / with mode embedding ({union_modes} modes, no single blocks), for `tiny-dev` |
| `tiny-redux/` | SigLIP vision tower, preprocessor and embedder of FLUX.1-Redux; text encoders from `tiny-dev` |
| `variants/transformer-bf16/`, `variants/transformer-sharded/` | the tiny-dev transformer in bfloat16, whole and as 2 shards with index.json |
| `variants/flux1-dev-tiny.safetensors` | the same in BFL layout (bfloat16; fused qkv / linear1; `final_layer.adaLN_modulation.1` is shift,scale - diffusers' `norm_out.linear` is scale,shift) |
| `variants/flux1-dev-tiny-fp8.safetensors` | BFL layout, prefix `model.diffusion_model.`, matrices in float8_e4m3fn, vectors in bfloat16 |
| `variants/ae.safetensors` | VAE of tiny-dev in BFL layout (`decoder.up.3` is the lowest resolution; attention weights are [C,C,1,1]) |
| `variants/clip_l.safetensors`, `variants/t5xxl_fp16.safetensors` | text encoders of tiny-dev, float16, HF names (clip_l has the extra int64 `text_model.embeddings.position_ids`) |
| `lora/lora-kohya`, `lora-bfl`, `lora-peft` | ONE rank-{rank} LoRA in three layouts (kohya: alpha {alpha}; the others have alpha/rank folded in): all give the same result |
| `lora/lora-peft-separate` | PEFT layout, own down matrix per module, a different rank for `proj_mlp`, includes `x_embedder` and `proj_out` |
| `gguf/flux-tiny-*.gguf` | BFL names, architecture `flux`; F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, and `K_mixed` (Q2_K..Q6_K, hidden 256). 1-D tensors F32, embedders F16 or Q8_0 |
| `gguf/t5-tiny-Q8_0.gguf` | T5 encoder of tiny-dev with llama.cpp names (`enc.blk.0.attn_q.weight`, `token_embd.weight`, ...) |
| `gguf/blocks.safetensors` | `<TYPE>.bytes` [blocks, bytes per block]: random valid blocks of every type gguf.quants decodes |
| `inputs/*.png` | input pictures (RGB) and masks (L; they contain 127 and 128, on both sides of the 0.5 threshold) |
| `cases.json` | all cases: parameters, and for every tensor its file, key, shape, dtype, `max_abs`, `f32_vs_f64`, `atol` |
| `expected/*.safetensors` | the tensors, key = `<case id>/<tensor name>` |
| `expected/tokenizers.json`, `expected/scheduler.json` | token ids of {n_prompts} texts; {n_schedules} schedules and the img2img start index |
| `MANIFEST.json` | size and SHA-256 of every file |

Tensors named `in.*` are inputs; the rest are outputs. `X[::4,::4]` holds every 4th row and column of X.
Pipeline cases: `model_input.0` = what the transformer gets in step 0 (packed latents, plus the channel- or
sequence-concatenated condition), `timesteps` = the transformer's timestep in [0,1], `latents.N` = packed latents after step N,
`noise_pred.N` = output of transformer call N (with true CFG: conditional, then unconditional, alternating), `decoded` = VAE output before
clamping (NCHW), `image_u8` = final picture (NHWC). Pipelines run in float32 with `torch.Generator("cpu").manual_seed(seed)`.

## Tolerances

`f32_vs_f64` is the largest difference between this float32 run and the same computation in float64; `atol` is 20 times that,
at least 2e-6 times the largest value. Use `atol` per tensor. By kind:

| kind | cases | worst f32 vs f64 | largest atol | largest value |
|---|---|---|---|---|
{table}

`image_u8`: float32 and float64 differ by at most {levels} level(s); compare.py allows one more than that case's own `f32_vs_f64_max_level`.
The largest differences come from one place: the sinusoidal embedding of `guidance * 1000` and `timestep * 1000`. Its argument is
a float32 product of up to 30000, so one rounding is worth 1e-3 rad; see the notes.
Noise: below 16 elements torch is exact to the last bit of float32; from 16 on AVX2 and scalar builds differ by up to 1.4e-6.
`pipe.schnell_bf16` shows what bfloat16 weights, maths and noise give; compare it loosely (PSNR), it is not a target.

## Things that surprise

Text
- T5 gets no attention mask: padding takes part in attention. Prompt length is `max_sequence_length` (512 unless given).
- `text_encoder/config.json` says `eos_token_id: 2`, which is wrong on purpose (as published): pooling is at `argmax(input_ids)`, that is the first `<|endoftext|>`. Padding is the same token.
- transformers 5 rebuilds the T5 tokenizer from the vocabulary (whitespace split, `▁` before every piece of text); the normalizer and pre-tokenizer in tokenizer.json
  (prefix only at the start) differ after a special token such as `<extra_id_0>`. Raw sentencepiece also differs: it does not know special tokens, and the
  `Precompiled` normalizer of tokenizers works on grapheme clusters first, which matters for stacked combining marks. U+0085 splits words in transformers 5 only.
  `tokenizers.json` lists all three where they differ (3 or 4 of 80 texts, none of them ordinary prompts).
- transformers 5 (as CLIPTokenizerFast before) does NFC, whitespace collapse and lower-casing and keeps CJK runs together; the slow CLIPTokenizer of transformers 4 split CJK into single characters when ftfy was not installed.
- T5 relative position buckets use a float32 logarithm; `gelu_new` is the tanh form; attention has no 1/sqrt(d) factor; CLIP uses `quick_gelu`.

Transformer
- `timestep` is divided by 1000 by the pipeline and multiplied by 1000 by the model, both in float32. Guidance is multiplied by 1000 as well.
- Sinusoid: 256 channels, cos first then sin, frequencies `exp(-ln(10000) * i / 128)` in float32. RoPE frequencies are float64, cos/sin are then rounded to float32; pairs are (2i, 2i+1).
- RMS norms of q/k have eps 1e-6; layer norms have no weights, eps 1e-6; text tokens come first in the joint sequence. MLPs use tanh GELU.
- diffusers' own kohya and BFL converters have 19 / 38 blocks and width 3072 built in, so they refuse tiny models; the expectations here use equivalent code.

Scheduler
- `sigmas` are always `linspace(1, 1/n, n)` rounded to float32, then shifted: dynamically (dev, `mu` from the number of image tokens) or by `shift` (schnell: 1, no change).
  Custom sigmas are shifted too. `shift: 3.0` in the dev config is unused while `use_dynamic_shifting` is true. The shift is computed in float32; only exp(mu) is a double, rounded to float32.
- `timesteps = sigmas * 1000`; a 0 is appended to sigmas only.
- img2img, inpaint: start index `int(max(n - n*strength, 0))` (truncated, so 6 steps at 0.6 run 4 steps).

Random numbers
- mt19937 seeded with the low 32 bits of the (two's complement) seed. Below 16 elements, in double: u1, u2 = 53 low bits of (first word << 32 | second word) * 2^-53,
  r = sqrt(-2 log1p(-u2)), value r cos(2 pi u1); r sin(2 pi u1) is cached in the generator for the next small draw and survives large draws in between.
- From 16 elements on, in float32: n uniforms = low 24 bits * 2^-24; then in each group of 16, for j < 8: r = sqrt(-2 log(1 - d[j])), t = 2 pi d[j+8], d[j] = r cos t, d[j+8] = r sin t;
  if n is no multiple of 16 the LAST 16 values are drawn again from 16 fresh uniforms (over what was already there). (A plain re-implementation of these two rules matches the fixtures to 1.4e-6.)
- Noise depends on the dtype: bfloat16 noise is not rounded float32 noise.
- A list of generators draws `[1,C,h,w]` from each; `num_images_per_prompt` with one generator draws `[n,C,h,w]` at once.
- Order of draws from one generator: img2img / inpaint / fill: VAE sample of the image, then noise (then VAE sample of the masked image);
  control / controlnet: VAE sample of the control image, then noise; kontext: VAE mode (no draw), then noise.

Pictures
- Height and width are floored to multiples of 16. Resizing in img2img is PIL Lanczos (`pipe.img2img_resized`).
- Inpaint: mask binarised at 0.5, nearest-neighbour to latent size; after each step `latents = (1-mask) * noised_original + mask * latents`, noised with the NEXT sigma (clean after the last step).
- Fill: `image * (1 - mask)` in [-1,1], VAE-sampled; the mask is folded 8x8 into 64 channels, packed to 256; order is latents, masked image, mask.
- Kontext: reference tokens follow the latents in the sequence and have id 1 in the first axis; the prediction is cut to the latents.
- ControlNet residual i goes to block `i // ceil(blocks / residuals)`. Union: the mode embedding is one extra text token in front, in the controlnet only.
- uint8 conversion rounds half to even.

## Comparing

`compare.py --set THIS_DIR produced.safetensors [produced.json] [--only pipe.]` prints max abs difference and PSNR per tensor and fails beyond `atol`.
"""


def write_readme(spec, out):
    doc = json.loads((out / "cases.json").read_text(encoding="utf-8"))
    kinds, levels = {}, 0
    for case in doc["cases"]:
        k = kinds.setdefault(case["kind"], [0, 0.0, 0.0, 0.0])
        k[0] += 1
        for name, t in case["tensors"].items():
            levels = max(levels, t.get("f32_vs_f64_max_level", 0))
            if not name.startswith("in.") and t["dtype"] == "F32":
                k[1:] = [max(k[1], t.get("f32_vs_f64", 0.0)), max(k[2], t.get("atol", 0.0)), max(k[3], t["max_abs"])]
    table = "\n".join(f"| {k} | {n} | {e:.1e} | {a:.0e} | {m:.3g} |" for k, (n, e, a, m) in sorted(kinds.items()))

    def describe(ms):
        t = ms.transformer
        return (f"Transformer: {t.heads} heads x {t.head_dim}, axes {tuple(t.axes)}, {t.double} double + {t.single} single blocks; CLIP: {ms.clip['num_hidden_layers']} layers of {ms.clip['hidden_size']}; "
                f"T5: {ms.t5['num_layers']} layers of {ms.t5['d_model']}, {ms.t5['num_heads']} heads x {ms.t5['d_kv']}; VAE channels {ms.vae_channels}, {ms.vae_groups} groups")

    files = [p for p in out.rglob("*") if p.is_file()]
    text = README.format(
        name=spec.name, n_files=len(files), mbytes=sum(p.stat().st_size for p in files) / 1e6, table=table, levels=levels,
        schnell=describe(spec.schnell), dev=describe(spec.dev), union_modes=spec.union_modes, rank=spec.lora_rank, alpha=spec.lora_alpha,
        n_prompts=len(json.loads((out / "expected" / "tokenizers.json").read_text(encoding="utf-8"))["prompts"]),
        n_schedules=len(json.loads((out / "expected" / "scheduler.json").read_text(encoding="utf-8"))["schedules"]),
        **{k: doc["made_with"][k] for k in ("torch", "diffusers", "transformers")})
    (out / "README.md").write_text(text, encoding="utf-8")


def write_manifest(out):
    rows = []
    for p in sorted(out.rglob("*")):
        if p.is_file() and p.name not in ("MANIFEST.json",):
            p.chmod(0o644)
            data = p.read_bytes()
            rows.append(dict(path=str(p.relative_to(out)), bytes=len(data), sha256=hashlib.sha256(data).hexdigest()))
    write_json(out / "MANIFEST.json", dict(total_bytes=sum(r["bytes"] for r in rows), files=rows), indent=1)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--set", required=True, choices=sorted(SETS))
    ap.add_argument("--out", required=True, type=Path)
    ap.add_argument("--verify", action="store_true", help="only reload the files and recompute")
    ap.add_argument("--keep-models", action="store_true", help="skip stage 1")
    args = ap.parse_args()
    spec = SETS[args.set]
    if args.verify:
        verify(spec, args.out)
        return
    if not args.keep_models:
        print("building models", flush=True)
        build(spec, args.out)
    print("computing in float32", flush=True)
    rec = compute(spec, args.out, torch.float32)
    problems = check_sane(rec)
    print("\n".join(problems) or "  all outputs are finite, varied and unsaturated", flush=True)
    print("computing in float64", flush=True)
    wide = compute(spec, args.out, torch.float64)
    stats = measure(rec, wide)
    save_expected(spec, args.out, rec, stats)
    write_readme(spec, args.out)
    write_manifest(args.out)
    print(f"  {len(rec.cases)} cases, {len(rec.tensors)} tensors")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
