"""Stage `text`: the two text encoders learn to tell what a sentence says. Cheap, and the flow then begins with useful conditioning."""
import copy
import random
import time

import torch
import torch.nn.functional as F

from . import things
from .parts import STATE, Tokens, make_text, save

# What is to be told, and how many answers each has: thing, tint, background, and shape and colour of the left and the right place; 0 is none.
LABELS = [len(things.THINGS) + 1, len(things.TINTS) + 1, len(things.COLOURS)] + [len(things.SHAPES) + 1, len(things.COLOURS) + 1] * 2


def labels(spec):
    """What a picture shows, as numbers."""
    colours = list(things.COLOURS)
    if spec[0] == "thing":
        return [spec[1] + 1, things.TINTS.index(spec[2]) + 1 if spec[2] else 0, colours.index(spec[3]), 0, 0, 0, 0]
    places = [n for shape, colour in spec[1] for n in (things.SHAPES.index(shape) + 1, colours.index(colour) + 1)]
    return [0, 0, colours.index(spec[2])] + (places + [0, 0])[:4]


def encoders_of(state):
    """The encoders' weights among a whole model's."""
    return {part: {k.removeprefix(part + "."): v for k, v in state.items() if k.startswith(part + ".")} for part in ("t5", "clip")}


class Encoders(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.t5, self.clip = make_text()

    def forward(self, ids):
        with torch.autocast("cpu", torch.bfloat16): return self.t5(input_ids=ids[0])[0].float(), self.clip(input_ids=ids[1]).pooler_output.float()


def answers(heads, ids, outputs, specs):
    """(scores, truth) of every token that T5 was told, and of what CLIP says of the whole."""
    truth, told = torch.tensor([labels(s) for s in specs]), ids[0] != 0
    return [(heads[0](outputs[0][told]), truth.repeat_interleave(told.sum(1), 0)), (heads[1](outputs[1]), truth)]


def train_text(minutes, teacher=None, rate=1.5e-3, batch=192):
    """Every token of T5, and CLIP's one vector, shall tell the whole: which colour belongs to which shape, and which stands left.

    With a teacher, its encoders learn that from sentences about shapes, and are held to what they gave for things, so that its transformer knows those again."""
    torch.manual_seed(2)
    torch.set_num_threads(2)
    rng, tokens = random.Random(2), Tokens()
    encoders, heads, path = Encoders(), torch.nn.ModuleList([torch.nn.Linear(128, sum(LABELS)) for _ in range(2)]), STATE / "text.pt"
    if teacher or path.exists():
        for part, weights in (encoders_of(torch.load(STATE / teacher)) if teacher else torch.load(path)).items(): getattr(encoders, part).load_state_dict(weights)
    before = copy.deepcopy(encoders).requires_grad_(False)
    optimiser = torch.optim.AdamW([{"params": encoders.parameters(), "share": .4 if teacher else 1}, {"params": heads.parameters(), "share": 1}],
                                  lr=rate, betas=(.9, .98), weight_decay=0 if teacher else .01)
    shapes, start, step = int(batch * (.67 if teacher else .3)), time.time(), 0
    while (progress := (time.time() - start) / (minutes * 60)) < 1:
        specs = [things.draw_shapes(rng) for _ in range(shapes)] + [things.draw_thing(rng, rng.randrange(len(things.THINGS))) for _ in range(batch - shapes)]
        ids = tokens([things.sentence(rng, s) for s in specs])
        outputs = encoders(ids)
        told = answers(heads, ids, outputs, specs)
        moved = [(new[shapes:] - old).square().mean() / old.square().mean() for new, old in zip(outputs, before([i[shapes:] for i in ids]))] if teacher else []
        loss = sum(F.cross_entropy(part, truth[:, k]) for scores, truth in told for k, part in enumerate(scores.split(LABELS, 1))) + 30 * sum(moved)
        for group in optimiser.param_groups: group["lr"] = group["share"] * rate * min(1, (step + 1) / 30) * (1 - progress)
        optimiser.zero_grad(); loss.backward()
        torch.nn.utils.clip_grad_norm_([*encoders.parameters(), *heads.parameters()], 1.0)
        optimiser.step(); step += 1
        if step % 50 == 0:
            right = [" ".join(f"{(part.argmax(1) == truth[:, k]).float().mean().item():.2f}" for k, part in enumerate(scores.split(LABELS, 1))) for scores, truth in told]
            print(f"{time.time() - start:.0f} s, step {step}, loss {loss.item():.3f}, right: {' | '.join(right)}, moved: {' '.join(f'{m:.3f}' for m in moved)}", flush=True)
    save({part: getattr(encoders, part).state_dict() for part in ("t5", "clip")}, path)
