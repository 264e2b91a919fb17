"""The parts of the model as diffusers and transformers build them, the tokenizers, and the latents' layout."""
import json
import os
from pathlib import Path

import torch

STATE = Path(os.environ.get("FLUXLUA_TRAINING", "training"))       # checkpoints and caches; outside the repository
LENGTH = 32                                                         # T5's padded length: padding takes part in attention
SIZES = (96, 128, 160, 192)


def save(value, path):
    """Whole or not at all."""
    torch.save(value, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").rename(path)


def make_vae():
    from diffusers import AutoencoderKL
    return AutoencoderKL(in_channels=3, out_channels=3, down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
                         block_out_channels=(32, 48, 64, 96), layers_per_block=1, latent_channels=16, norm_num_groups=16,
                         use_quant_conv=False, use_post_quant_conv=False, sample_size=128, force_upcast=True, scaling_factor=SCALE, shift_factor=SHIFT)


SCALE, SHIFT = 0.46129, -0.03522


def load_vae():
    vae = make_vae()
    vae.load_state_dict(torch.load(STATE / "vae.pt"))
    return vae.eval().requires_grad_(False)


def tokenizers():
    """(T5's, CLIP's), as the stage `tokenizers` made them."""
    from transformers import CLIPTokenizer, T5Tokenizer
    return T5Tokenizer.from_pretrained(STATE / "t5tok"), CLIPTokenizer.from_pretrained(STATE / "cliptok")


class Tokens:
    """Texts to the two rows of ids, padded to LENGTH."""
    def __init__(self): self.t5, self.clip = tokenizers()

    def __call__(self, texts):
        form = dict(padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt")
        return self.t5(texts, **form).input_ids, self.clip(texts, **form).input_ids


def make_text():
    from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel
    t5_tokens, clip_tokens = tokenizers()
    t5 = T5EncoderModel(T5Config(vocab_size=len(t5_tokens), d_model=128, d_kv=32, num_heads=4, num_layers=2, d_ff=256, dropout_rate=0.0,
                                 feed_forward_proj="gated-gelu", tie_word_embeddings=False, pad_token_id=0, eos_token_id=1,
                                 decoder_start_token_id=0, is_encoder_decoder=False, use_cache=False))
    bos, eos = clip_tokens.convert_tokens_to_ids(["<|startoftext|>", "<|endoftext|>"])
    clip = CLIPTextModel(CLIPTextConfig(attn_implementation="eager", vocab_size=len(clip_tokens), hidden_size=128, intermediate_size=384, num_hidden_layers=2, num_attention_heads=4,
                                        max_position_embeddings=77, hidden_act="quick_gelu", projection_dim=128, bos_token_id=bos, eos_token_id=eos, pad_token_id=eos))
    return t5, clip


def make_flux():
    from diffusers import FluxTransformer2DModel
    return FluxTransformer2DModel(patch_size=1, in_channels=64, num_layers=2, num_single_layers=5, attention_head_dim=64, num_attention_heads=3,
                                  joint_attention_dim=128, pooled_projection_dim=128, guidance_embeds=True, axes_dims_rope=(16, 24, 24))


class Attention(torch.autograd.Function):
    """Two products and a softmax: for a hundred tokens the backward pass is several times as fast as the fused one's on a CPU."""
    @staticmethod
    def forward(ctx, q, k, v):
        scale = q.shape[-1] ** -.5
        weights = torch.softmax((q @ k.mT) * scale, -1)
        ctx.save_for_backward(q, k, v, weights)
        return weights @ v

    @staticmethod
    def backward(ctx, g):
        q, k, v, weights = ctx.saved_tensors
        by_weight = torch._softmax_backward_data(g @ v.mT, weights, -1, weights.dtype) * q.shape[-1] ** -.5
        return by_weight @ k, by_weight.mT @ q, weights.mT @ g


@torch.compiler.disable
def attention(q, k, v):
    return Attention.apply(q.contiguous(), k.contiguous(), v.contiguous())


class PlainAttention:
    """FLUX's attention by the function above."""
    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, image_rotary_emb=None):
        from diffusers.models.embeddings import apply_rotary_emb
        def heads(x, q, k, v, nq, nk):
            return nq(q(x).unflatten(-1, (attn.heads, -1))), nk(k(x).unflatten(-1, (attn.heads, -1))), v(x).unflatten(-1, (attn.heads, -1))
        q, k, v = heads(hidden_states, attn.to_q, attn.to_k, attn.to_v, attn.norm_q, attn.norm_k)
        if encoder_hidden_states is not None:
            text = heads(encoder_hidden_states, attn.add_q_proj, attn.add_k_proj, attn.add_v_proj, attn.norm_added_q, attn.norm_added_k)
            q, k, v = (torch.cat(pair, 1) for pair in zip(text, (q, k, v)))
        q, k = (apply_rotary_emb(x, image_rotary_emb, sequence_dim=1).to(v.dtype) for x in (q, k))
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        out = attention(q, k, v).transpose(1, 2).flatten(2)
        if encoder_hidden_states is None: return out
        text, image = out.split([encoder_hidden_states.shape[1], out.shape[1] - encoder_hidden_states.shape[1]], 1)
        return attn.to_out[1](attn.to_out[0](image)), attn.to_add_out(text)


def positions(side):
    """The ids of side × side packed tokens."""
    ids = torch.zeros(side, side, 3)
    ids[..., 1] += torch.arange(side)[:, None]
    ids[..., 2] += torch.arange(side)[None]
    return ids.view(-1, 3)


def pack(z):
    b, c, h, w = z.shape
    return z.view(b, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5).reshape(b, h * w // 4, c * 4)


def unpack(x):
    side = round(x.shape[1] ** .5)
    return x.view(-1, side, side, 16, 2, 2).permute(0, 3, 1, 4, 2, 5).reshape(-1, 16, side * 2, side * 2)


class Model(torch.nn.Module):
    """Text encoders and transformer together: everything that the flow trains."""
    def __init__(self):
        super().__init__()
        self.t5, self.clip = make_text()
        self.flux = make_flux()
        self.flux.set_attn_processor(PlainAttention())

    def text(self, ids):
        return self.t5(input_ids=ids[0])[0], self.clip(input_ids=ids[1]).pooler_output

    def velocity(self, x, t, text, guidance):
        return self.flux(hidden_states=x, encoder_hidden_states=text[0], pooled_projections=text[1], timestep=t, guidance=guidance,
                         img_ids=positions(round(x.shape[1] ** .5)), txt_ids=torch.zeros(LENGTH, 3), return_dict=False)[0]
