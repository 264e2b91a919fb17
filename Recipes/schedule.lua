-- One prompt and seed along four schedules: the model's own, even, and two drawn by hand.
local p = flux.params {
  prompt = "a castle on a pink background",
  steps  = { 6, min = 2, max = 50, help = "denoising steps" },
}
local model = flux.load()

local schedules = {
  own    = flux.schedule(p.steps):shift_for(model),
  even   = flux.schedule(p.steps):shift(1),
  early  = flux.schedule(p.steps, function(u) return (1 - u) ^ 0.5 end),   -- small steps first: while the shapes are found
  drawn  = flux.schedule { 1, 0.9, 0.75, 0.4, 0.15, 0 },                   -- what is written is what runs
}

for _, name in ipairs { "own", "even", "early", "drawn" } do
  local schedule = schedules[name]
  flux.log("%-6s %s", name, schedule)
  model:generate(p.prompt, { schedule = schedule, seed = 3 }):save(name .. ".png")
end
