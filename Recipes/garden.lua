-- A garden, as a first picture by FLUX.1-dev is usually made: 20 steps, guidance 3.5, at the model's own size (1024² there).
local p = flux.params {
  prompt   = "A serene Japanese garden with cherry blossoms",
  steps    = { 20, min = 1, max = 100 },
  guidance = 3.5,
  seed     = 42,
}
local model = flux.load()                                             -- --model black-forest-labs/FLUX.1-dev
model:generate(p.prompt, { steps = p.steps, guidance = p.guidance, seed = p.seed, checkpoint = { every = 120 } }):save "garden.png"
