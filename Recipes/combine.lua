-- Two passes a step, with and without what is not wanted: the ways inside, and one written here.
local p = flux.params {
  prompt   = "a red apple",
  negative = "a green apple",
  scale    = { 3.0, min = 1, max = 10 },
}
local model = flux.load()

local ways = {
  plain = "plain", rescale = "rescale", cfg_zero = "cfg_zero", apg = "apg",
  -- Away from the negative at first, then the prompt alone.
  own = function(positive, negative, step)
    return positive + (positive - negative) * ((p.scale - 1) * step.sigma ^ 2)
  end,
}
for name, combine in pairs(ways) do
  model:generate(p.prompt, { seed = 5, steps = 6, cfg = { scale = p.scale, negative = p.negative, combine = combine } }):save(name .. ".png")
end
