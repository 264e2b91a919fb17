"""Stages `vae` and `tokenizers`: what the flow stands on."""
import copy
import json
import math
import random
import time
import xml.etree.ElementTree as ElementTree

import numpy as np
import torch
import torch.nn.functional as F

from . import things
from .optimiser import orthogonal
from .parts import STATE, make_vae, save
from .pictures import picture_of

CLDR = "/usr/share/unicode/cldr/common/annotations/en.xml"


class Muon:
    """Orthogonalised momentum for matrices and, flattened, convolutions."""
    def __init__(self, parameters):
        groups = {}
        for p in parameters: groups.setdefault((p.shape[0], p[0].numel()), []).append(p)
        self.groups = [(ps, torch.zeros(len(ps), *shape)) for shape, ps in groups.items()]

    @torch.no_grad()
    def step(self, rate):
        for ps, momentum in self.groups:
            g = torch.stack([p.grad.reshape(momentum.shape[1:]) for p in ps])
            momentum.lerp_(g, .05)
            for p, u in zip(ps, orthogonal(g.lerp(momentum, .95))): p.add_(u.reshape(p.shape), alpha=-rate * .2 * math.sqrt(max(momentum.shape[1:])))


def difference(y, x):
    """Of values, of edges, of coarse colours."""
    edges = sum((torch.diff(y, dim=d) - torch.diff(x, dim=d)).abs().mean() for d in (2, 3))
    return (y - x).abs().mean() + .5 * edges + .5 * (F.avg_pool2d(y, 4) - F.avg_pool2d(x, 4)).abs().mean() + .5 * (y - x).square().mean()


@torch.no_grad()
def decibels(vae, pictures):
    y = torch.cat([vae.decode(vae.encode(x).latent_dist.mode()).sample.clamp(-1, 1) for x in pictures.split(8)])
    return (10 * torch.log10(4 / (y - pictures).square().mean((1, 2, 3)))).mean().item()


def train_vae(minutes, rate=3e-3, kl_weight=3e-4):
    """First crops of 64 pixels with both halves, then whole pictures with the decoder alone. A change of weights changes SCALE and SHIFT in parts.py: it says them."""
    torch.manual_seed(0)
    rng = random.Random(1)
    specs = [things.draw_thing(rng, i) for i in range(len(things.THINGS)) for _ in range(40)]
    specs += [things.draw_shapes(rng) for _ in range(len(specs) // 5)]
    rng.shuffle(specs)
    pictures = torch.from_numpy(np.stack([np.asarray(picture_of(s, rng)) for s in specs])).permute(0, 3, 1, 2)
    scaled = lambda u8: (u8.float() / 127.5 - 1).to(memory_format=torch.channels_last)
    held, pool = scaled(pictures[:64]), pictures[64:]
    vae = make_vae().to(memory_format=torch.channels_last)
    average = copy.deepcopy(vae)
    matrices = {n: p for n, p in vae.named_parameters() if p.ndim >= 2 and "conv_in" not in n and "conv_out" not in n}
    muon, adam = Muon(matrices.values()), torch.optim.AdamW([p for n, p in vae.named_parameters() if n not in matrices], lr=1e-3, betas=(.9, .99), weight_decay=0)
    start, step, whole = time.time(), 0, False
    while (progress := (time.time() - start) / (minutes * 60)) < 1:
        if not whole and progress > .8:
            whole = True
            vae.load_state_dict(average.state_dict()); vae.encoder.requires_grad_(False)
            muon = Muon([p for n, p in matrices.items() if n.startswith("decoder.")])
        if whole: x = scaled(pool[torch.randint(0, len(pool), (3,))])
        else: x = scaled(torch.stack([pool[i, :, y:y + 64, x:x + 64] for i, y, x in zip(torch.randint(0, len(pool), (8,)), *torch.randint(0, 65, (2, 8)))]))
        with torch.autocast("cpu", torch.bfloat16):
            mean, logvar = vae.encoder(x).float().chunk(2, 1)
            logvar = logvar.clamp(-20, 4)
            y = vae.decoder(mean + torch.exp(.5 * logvar) * torch.randn_like(mean)).float()
        kl = .5 * (mean.square() + logvar.exp() - 1 - logvar).mean()
        vae.zero_grad()
        (difference(y, x) + (0 if whole else kl_weight * kl)).backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        scale = min(1, (step + 1) / 50) * max(.01, min(1, 1.15 * (1 - progress)))
        for group in adam.param_groups: group["lr"] = 1e-3 * scale
        muon.step(rate * scale); adam.step(); step += 1
        with torch.no_grad(): torch._foreach_lerp_(list(average.parameters()), list(vae.parameters()), 1 - min(.995, (1 + step) / (10 + step)))
        if step % 500 == 0:
            print(f"{time.time() - start:.0f} s, step {step}, {decibels(average, held):.2f} dB", flush=True)
            save(average.state_dict(), STATE / "vae.pt")
    save(average.state_dict(), STATE / "vae.pt")
    with torch.no_grad(): z = torch.cat([average.encode(scaled(p)).latent_dist.mode() for p in pool[:2048].split(16)])
    print(f"{decibels(average, held):.2f} dB; SCALE, SHIFT = {1 / z.std().item():.5f}, {z.mean().item():.5f}")


def sentences():
    """What the tokenizers learn from: captions, and every English annotation of Unicode, so that other words are not torn into letters."""
    rng = random.Random(1)
    lines = [things.sentence(rng, things.draw_thing(rng, i)) for i in range(len(things.THINGS)) for _ in range(240)]
    lines += [things.sentence(rng, things.draw_shapes(rng)) for _ in range(len(lines) // 5)]
    rng.shuffle(lines)
    return lines + sorted({a.text.replace(" | ", " ") for a in ElementTree.parse(CLDR).getroot().iter("annotation") if a.text})


def make_tokenizers():
    """SentencePiece for T5, byte pairs for CLIP, in the files that FLUX.1 repositories have."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2
    from tokenizers import pre_tokenizers, trainers
    from transformers import CLIPTokenizer, T5Tokenizer
    lines, t5_folder, clip_folder = sentences(), STATE / "t5tok", STATE / "cliptok"
    for folder in (t5_folder, clip_folder): folder.mkdir(parents=True, exist_ok=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=str(t5_folder / "spiece"), vocab_size=1408, model_type="unigram", character_coverage=0.9999,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, pad_piece="<pad>", eos_piece="</s>", unk_piece="<unk>", split_digits=True, minloglevel=2)
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString((t5_folder / "spiece.model").read_bytes())
    for name in ("input", "model_prefix"): model.trainer_spec.ClearField(name)                 # paths of the machine it was made on
    (t5_folder / "spiece.model").write_bytes(model.SerializeToString())
    T5Tokenizer(vocab=[(p.piece, p.score) for p in model.pieces], extra_ids=0, _spm_precompiled_charsmap=model.normalizer_spec.precompiled_charsmap,
                model_max_length=512).save_pretrained(t5_folder)

    clip = CLIPTokenizer()
    clip._tokenizer.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=1300, end_of_word_suffix="</w>", show_progress=False,
                                                                   initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=[]))
    merges = [tuple(m) if not isinstance(m, str) else tuple(m.split(" ")) for m in json.loads(clip._tokenizer.to_str())["model"]["merges"]]
    plain = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))                # CLIP's order of bytes
    bytes_ = [chr(b) for b in plain] + [chr(256 + k) for k in range(256 - len(plain))]
    vocabulary = {}
    for token in bytes_ + [b + "</w>" for b in bytes_] + ["".join(m) for m in merges] + ["<|startoftext|>", "<|endoftext|>"]: vocabulary.setdefault(token, len(vocabulary))
    CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=77).save_pretrained(clip_folder)
    (clip_folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (clip_folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(" ".join(m) for m in merges) + "\n")
