"""Stage `flow`."""
import copy
import datetime
import os
import random
import time

import torch
import torch.multiprocessing as mp

from . import things
from .cache import load_cache
from .optimiser import SharedOptimiser
from .parts import STATE, Model, Tokens, save


def noise_levels(n, shapes=0):
    """Mostly noisy: that is where the prompt decides. Which of two shapes gets which colour is decided earlier still: `shapes` is 1 where it is asked."""
    t = torch.sigmoid(torch.randn(n) + .7 + .8 * shapes)
    return torch.where(torch.rand(n) < .15, torch.rand(n), t).clamp(1e-3, 1 - 1e-3)


def batch_of(size):
    return {96: 32, 128: 32, 160: 20, 192: 16}[size]


def parse_sizes(text):
    return {int(k): float(v) for k, v in (part.split(":") for part in text.split(","))}


def when(clock):
    """Seconds since the epoch of the next time that a clock shows HH:MM."""
    now = datetime.datetime.now()
    hour, minute = map(int, clock.split(":"))
    at = now.replace(hour=hour, minute=minute, second=0)
    return (at if at > now else at + datetime.timedelta(days=1)).timestamp()


def worker(rank, model, average, optimiser, barrier, a):
    if rank: os.setsid()                                                 # a session of its own: Linux shares cores among sessions
    torch.set_num_threads(1)
    torch._dynamo.config.automatic_dynamic_shapes = False
    torch._dynamo.config.cache_size_limit = 64
    torch.manual_seed(int(time.time()) * 2 + rank)
    rng, tokens = random.Random(torch.initial_seed()), Tokens()
    empty = tokens([""])
    chosen_things = set(things.CHOICES[a.things])
    sizes, until = parse_sizes(a.sizes), when(a.until)
    caches, orders, seen = {}, {}, set()
    teacher = None
    if a.teacher:
        teacher = Model().eval().requires_grad_(False)
        teacher.load_state_dict(torch.load(STATE / a.teacher))
    if not a.eager:
        for m in (model, teacher or average): m.flux.compile_repeated_blocks(dynamic=False)
    average.eval()
    optimiser.parameters, optimiser.average = list(model.parameters()), list(average.parameters())
    begun, last, running = time.time(), time.time(), None
    first_step = int(optimiser.progress[0])

    def draw(size, n):
        """n latents of the cache, a fixed share of them shapes, with fresh sentences, and which are shapes."""
        if size not in caches or optimiser.progress[1] % 300 == 0:
            files = len(list((STATE / "latents").glob(f"{size}-*.pt")))
            if size not in caches or caches[size][2] != files: caches[size] = load_cache(size); orders[size] = [[], []]
        latents, specs, _ = caches[size]
        shapes, chosen = sum(rng.random() < a.shapes for _ in range(n)), []
        for kind, wanted in enumerate((n - shapes, shapes)):
            order = orders[size][kind]
            if len(order) < wanted:
                order[:] = [i for i, s in enumerate(specs) if (s[0] == "shapes") == bool(kind) and (kind or s[1] in chosen_things)]
                rng.shuffle(order)
            chosen += order[:wanted]
            del order[:wanted]
        rng.shuffle(chosen)
        are_shapes = torch.tensor([float(specs[i][0] == "shapes") for i in chosen])
        return latents[chosen].float(), tokens([things.sentence(rng, specs[i]) for i in chosen]), are_shapes

    def step_of(size):
        n = batch_of(size)
        guided = n * 7 // 8 if teacher else n // 4 if a.guided else 0
        x0, ids, are_shapes = draw(size, n)
        dropped = torch.rand(n) < .1
        if not teacher: dropped[:guided] &= torch.rand(guided) < .3
        for k in (0, 1): ids[k][dropped] = empty[k]
        noise, t, w = torch.randn_like(x0), noise_levels(n, are_shapes), torch.ones(n)
        w[:guided] = 1 + 5 * torch.rand(guided)
        x, target = torch.lerp(x0, noise, t[:, None, None]), noise - x0
        with torch.autocast("cpu", torch.bfloat16):
            if guided:
                # The teacher, or else the average of this model, at guidance 1, with and without the prompt, says what guidance w shall give.
                with torch.no_grad():
                    judge = teacher or average
                    x2, t2 = x[:guided].repeat(2, 1, 1), t[:guided].repeat(2)
                    text = judge.text([torch.cat([i[:guided], e.expand(guided, -1)]) for i, e in zip(ids, empty)])
                    told, untold = judge.velocity(x2, t2, text, torch.ones(2 * guided)).float().chunk(2)
                target[:guided] = untold + w[:guided, None, None] * (told - untold)
            v = model.velocity(x, t, model.text(ids), w)
        errors = (v.float() - target).square().mean((1, 2))
        errors.mean().backward()
        return errors[guided:].mean().item(), errors[:guided].mean().item() if guided else 0

    while True:
        step = int(optimiser.progress[0])
        size = random.Random(step).choices(list(sizes), list(sizes.values()))[0]
        if size not in seen:                                             # compile once, then let the other take it from the compiler's cache
            seen.add(size)
            if rank == 0: step_of(size); optimiser.publish(rank)
            barrier.wait()
        loss = step_of(size)
        optimiser.publish(rank)
        if rank == 0:
            left = until - time.time()
            rate = min(1, (int(optimiser.progress[1]) + 1) / a.warm) * (max(.03, min(1, left / (a.decay * 60))) if a.decay else 1)
            optimiser.rate[0], optimiser.progress[2] = rate, left <= 0
        barrier.wait()
        if optimiser.progress[2]: break
        rate = float(optimiser.rate[0])
        optimiser.update(rank, a.muon * rate, a.adam * rate, min(a.average, (1 + step) / (20 + step)))
        barrier.wait()
        if rank == 0:
            optimiser.progress[:2] += 1
            running = loss if running is None else tuple(.98 * r + .02 * l for r, l in zip(running, loss)) if size == 128 else running
            if step % 50 == 0:
                pace = (time.time() - begun) / (step + 1 - first_step)
                print(f"{datetime.datetime.now():%H:%M:%S} step {step}, loss {running[0]:.4f}, guided {running[1]:.4f}, rate × {rate:.2f}, {pace:.2f} s a step", flush=True)
            if time.time() - last > 150:
                last = time.time()
                save_flow(model, average, optimiser)
        barrier.wait()
    if rank == 0: save_flow(model, average, optimiser)


def save_flow(model, average, optimiser):
    save({"model": {k.replace("_orig_mod.", ""): v for k, v in model.state_dict().items()}, "average": {k.replace("_orig_mod.", ""): v for k, v in average.state_dict().items()},
          "optimiser": optimiser.state()}, STATE / "flow.pt")


def train_flow(a):
    mp.set_start_method("spawn")
    model = Model()
    average = copy.deepcopy(model).requires_grad_(False)
    optimiser = SharedOptimiser(model, average, 2)
    if (STATE / "flow.pt").exists() and not a.warm_start:
        state = torch.load(STATE / "flow.pt")
        model.load_state_dict(state["model"]); average.load_state_dict(state["average"]); optimiser.load(state["optimiser"])
    else:
        if a.warm_start:
            model.load_state_dict(torch.load(STATE / a.warm_start))
        else:
            torch.nn.init.zeros_(model.flux.time_text_embed.guidance_embedder.linear_2.weight)
            torch.nn.init.zeros_(model.flux.time_text_embed.guidance_embedder.linear_2.bias)
            text = torch.load(STATE / "text.pt")
            model.t5.load_state_dict(text["t5"]); model.clip.load_state_dict(text["clip"])
        average.load_state_dict(model.state_dict())
    if a.text:
        for part, weights in torch.load(STATE / a.text).items():
            for m in (model, average): getattr(m, part).load_state_dict(weights)
        optimiser.restart()
    barrier = mp.Barrier(2, timeout=1800)
    second = mp.Process(target=worker, args=(1, model, average, optimiser, barrier, a), daemon=True)
    second.start()
    worker(0, model, average, optimiser, barrier, a)
