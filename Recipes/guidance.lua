-- Guidance as a number, as a list, and as a function of the step: strong while the shape is found, gentle on the details.
local p = flux.params {
  prompt = "a red apple",
  strong = { 6.0, min = 0, max = 30, help = "guidance at high noise" },
  gentle = { 1.0, min = 0, max = 30, help = "guidance at low noise" },
}
local model = flux.load()
local prompt = model:encode(p.prompt)

local ways = {
  constant = p.strong,
  list     = { p.strong, p.strong, p.gentle },                      -- the last one is held
  easing   = function(step) return p.gentle + (p.strong - p.gentle) * step.sigma end,
}

for _, name in ipairs { "constant", "list", "easing" } do
  model:generate(prompt, { guidance = ways[name], seed = 5 }):save(name .. ".png")
end
