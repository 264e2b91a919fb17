-- One beginning, several ends: the first steps are made once, then the run goes on with other prompts and guidance.
local p = flux.params {
  prompt = "a cat on a yellow background",
  steps  = { 10, min = 4, max = 50 },
  fork   = { 3, min = 1, max = 49, help = "the step after which the ways part" },
}
local model = flux.load()

for step in model:steps(p.prompt, { steps = p.steps, seed = 6 }) do
  if step.index == p.fork then
    for name, options in pairs {
      calm   = { guidance = 1 },
      strong = { guidance = 6 },
      fox    = { prompt = "a fox on a yellow background" },
      panda  = { prompt = "a panda on a yellow background" },
    } do
      local run = step:branch(options)
      for _ in run do end
      run:image():save(name .. ".png")
    end
    break
  end
end
