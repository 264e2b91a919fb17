#!/usr/bin/env python3
"""Make the model that the program carries, from Debian's Noto Color Emoji to a diffusers folder.

    apt-get install fonts-noto-color-emoji unicode-cldr-core
    pip install torch diffusers transformers sentencepiece tokenizers safetensors pillow fonttools peft
    export FLUXLUA_TRAINING=FOLDER          # checkpoints and caches, outside the repository

Stages, in order; each says what it writes into that folder, and one that is stopped goes on from there:

    vae          the autoencoder                                       vae.pt
    tokenizers   SentencePiece for T5, byte pairs for CLIP             t5tok, cliptok
    cache        pictures of every thing and of shapes, encoded        latents/SIZE-KIND-NN.pt
    text         the text encoders learn to tell what a sentence says  text.pt
    flow         everything but the autoencoder, guidance included     flow.pt (every few minutes; the same command goes on)
    export       the averaged weights as a FluxPipeline folder         OUT
    evaluate     every figure of the README, and sheets to look at     sheets/
    lora         a small adapter that turns pictures into night        OUT

`Scripts/make_embedded_archive OUT` packs the folder for the program. `Scripts/embedded_model/README.md` says what was run for how long.
"""
import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")                             # the flow takes two processes instead: they share cores better
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
if "FLUXLUA_TRAINING" in os.environ: os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", os.environ["FLUXLUA_TRAINING"] + "/inductor")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    stages = parser.add_subparsers(dest="stage", required=True)
    things = dict(default="all", choices=["old", "first", "all"], help="old: the 137 of the first model; first: those and 49 that are learnt fast; all: 307")

    vae = stages.add_parser("vae")
    vae.add_argument("--minutes", type=float, default=11)
    stages.add_parser("tokenizers")
    cache = stages.add_parser("cache")
    cache.add_argument("--size", type=int, default=128, choices=[96, 128, 160, 192])
    cache.add_argument("--shards", type=int, default=6, help="each has every thing eight times")
    cache.add_argument("--shape-shards", type=int, default=6, help="each has 2,000 pictures of one or two shapes")
    text = stages.add_parser("text")
    text.add_argument("--minutes", type=float, default=4)
    text.add_argument("--teacher", metavar="FILE", help="teach a trained model's encoders which colour belongs to which shape; what they say of things stays")

    flow = stages.add_parser("flow")
    flow.add_argument("--until", required=True, metavar="HH:MM", help="when to stop")
    flow.add_argument("--decay", type=float, default=0, metavar="MINUTES", help="the rate falls to nothing in the last minutes; without it training can go on later")
    flow.add_argument("--things", **things)
    flow.add_argument("--shapes", type=float, default=.3, metavar="SHARE", help="how much of every batch is shapes")
    flow.add_argument("--sizes", default="128:1", help="sizes and their shares, such as 128:.7,96:.1,160:.1,192:.1; each has a cache")
    flow.add_argument("--guided", action="store_true", help="a quarter of every batch learns what guidance 1 to 6 gives, from the averaged model with and without the prompt")
    flow.add_argument("--teacher", metavar="FILE", help="distil: seven eighths of every batch learn what guidance 1 to 6 gives, from the weights in a file of the folder")
    flow.add_argument("--warm-start", metavar="FILE", help="begin from the weights in a file of the folder; leave it out to go on later")
    flow.add_argument("--text", metavar="FILE", help="take the text encoders of a file of the folder, as the stage text leaves them, instead of those that are there; leave it out to go on later")
    flow.add_argument("--muon", type=float, default=3.5e-3)
    flow.add_argument("--adam", type=float, default=1e-3)
    flow.add_argument("--average", type=float, default=.998)
    flow.add_argument("--warm", type=int, default=40, help="steps until the full rate")
    flow.add_argument("--eager", action="store_true", help="do not compile")

    export = stages.add_parser("export")
    export.add_argument("out")
    export.add_argument("--which", default="average", choices=["average", "model"])
    evaluate = stages.add_parser("evaluate")
    evaluate.add_argument("folder")
    evaluate.add_argument("--things", **things)
    evaluate.add_argument("--quick", action="store_true")
    evaluate.add_argument("--mirrored", action="store_true", help="compare with mirror images and the first model's layouts too")
    evaluate.add_argument("--program", help="paint by this fluxlua instead of diffusers")
    lora = stages.add_parser("lora")
    lora.add_argument("folder")
    lora.add_argument("out")
    lora.add_argument("--steps", type=int, default=240)
    lora.add_argument("--things", **things)
    return parser.parse_args()


def main():
    a = arguments()
    if a.stage == "vae":
        from embedded_model.vae import train_vae
        train_vae(a.minutes)
    elif a.stage == "tokenizers":
        from embedded_model.vae import make_tokenizers
        make_tokenizers()
    elif a.stage == "cache":
        from embedded_model.cache import make_cache
        make_cache(a.shards, a.shape_shards, a.size)
    elif a.stage == "text":
        from embedded_model.text import train_text
        train_text(a.minutes, a.teacher)
    elif a.stage == "flow":
        from embedded_model.train import train_flow
        train_flow(a)
    elif a.stage == "export":
        from embedded_model.export import export
        export(a.out, a.which)
    elif a.stage == "evaluate":
        from embedded_model.evaluate import evaluate
        evaluate(a.folder, a.things, a.quick, a.mirrored, a.program)
    else:
        from embedded_model.lora import train_lora
        train_lora(a.folder, a.steps, a.out, a.things)


if __name__ == "__main__": main()
