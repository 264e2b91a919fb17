"""Two processes with one thread each train one model whose weights both see: between barriers each updates the half of the weights that it owns.

On shared cores this keeps both busy where one process with two threads waits for its slower thread after every operation."""
import math

import torch


def is_matrix(name, p):
    """Whether Muon takes the weight: the matrices of the transformer's blocks."""
    return "transformer_blocks" in name and p.ndim == 2 and "norm" not in name


class SharedOptimiser:
    """Muon (orthogonalised momentum) for the matrices, Adam for the rest, and a running average of all weights."""
    def __init__(self, model, average, ranks):
        named = list(model.named_parameters())
        model.share_memory()
        average.share_memory()
        self.parameters, self.average = [p for _, p in named], list(average.parameters())
        offsets = [0]
        for p in self.parameters: offsets.append(offsets[-1] + p.numel())
        self.offsets, self.ranks = offsets, ranks
        self.gradients = torch.zeros(ranks, offsets[-1]).share_memory_()
        self.first = torch.zeros(offsets[-1]).share_memory_()           # Muon's momentum, Adam's first moment
        self.second = torch.zeros(offsets[-1]).share_memory_()
        self.progress = torch.zeros(3, dtype=torch.long).share_memory_()       # steps in all, steps since the optimiser began, whether to stop
        self.rate = torch.zeros(1).share_memory_()
        self.owned = [([], []) for _ in range(ranks)]                   # by rank: (matrices, rest)
        load = [0.0] * ranks
        for i in sorted(range(len(named)), key=lambda i: -named[i][1].numel()):
            rank, matrix = load.index(min(load)), is_matrix(*named[i])
            self.owned[rank][0 if matrix else 1].append(i)
            load[rank] += named[i][1].numel() * (4 if matrix else 1)

    def view(self, flat, i):
        return flat[self.offsets[i]:self.offsets[i + 1]].view(self.parameters[i].shape)

    @torch.no_grad()
    def publish(self, rank):
        for i, p in enumerate(self.parameters):
            target = self.view(self.gradients[rank], i)
            if p.grad is None: target.zero_()
            else: target.copy_(p.grad)
            p.grad = None

    @torch.no_grad()
    def update(self, rank, muon_rate, adam_rate, decay):
        matrices, rest = self.owned[rank]
        step = int(self.progress[1]) + 1
        groups = {}
        for i in matrices: groups.setdefault(self.parameters[i].shape, []).append(i)
        for shape, members in groups.items():
            g = torch.stack([self.mean(i) for i in members])
            momentum = torch.stack([self.view(self.first, i) for i in members]).lerp_(g, .05)
            for i, m in zip(members, momentum): self.view(self.first, i).copy_(m)
            for i, u in zip(members, orthogonal(g.lerp(momentum, .95))):
                self.parameters[i].add_(u, alpha=-muon_rate * .2 * math.sqrt(max(shape)))
        gs = [self.mean(i) for i in rest]
        norm = torch.stack([g.norm() for g in gs]).norm().item()
        b1, b2 = .9, .98
        for i, g in zip(rest, gs):
            g.mul_(min(1, 1 / (norm + 1e-6)))
            m, v = self.view(self.first, i).lerp_(g, 1 - b1), self.view(self.second, i).mul_(b2).addcmul_(g, g, value=1 - b2)
            self.parameters[i].addcdiv_(m, (v / (1 - b2 ** step)).sqrt_().add_(1e-8), value=-adam_rate / (1 - b1 ** step))
        for i in matrices + rest: self.average[i].lerp_(self.parameters[i], 1 - decay)

    def mean(self, i):
        return sum(self.view(self.gradients[r], i) for r in range(self.ranks)) / self.ranks

    def restart(self):
        """Forgets the moments; the count of all steps goes on."""
        for value in (self.first, self.second, self.progress[1:]): value.zero_()

    def state(self):
        return {"first": self.first, "second": self.second, "progress": self.progress}

    def load(self, state):
        for name, value in self.state().items(): value.copy_(state[name])


def orthogonal(g):
    """The nearest orthogonal matrices, roughly, by Newton and Schulz's iteration."""
    u = g.bfloat16()
    tall = u.shape[1] > u.shape[2]
    if tall: u = u.mT
    u = u / (u.float().norm(dim=(1, 2), keepdim=True) + 1e-7).bfloat16()
    for _ in range(5):
        a = u @ u.mT
        u = 3.4445 * u + (-4.7750 * a + 2.0315 * (a @ a)) @ u
    return (u.mT if tall else u).float()
