-- A part of a prompt that weighs from nothing to all: where the picture begins to follow it.
local p = flux.params {
  before = "a castle ", weighted = "on a pink background", after = "",
  weights = { { 0.0, 0.25, 0.5, 0.75, 1.0 }, help = "1 is as written, more is stronger" },
  seed = 4,
}
local model, pictures = flux.load(), {}
for i, weight in ipairs(p.weights) do
  local text = ("%s(%s:%g)%s"):format(p.before, p.weighted, weight, p.after)     -- a castle (on a pink background:0.5)
  pictures[i] = model:generate({ prompt = text, weights = true }, { seed = p.seed }):label(("× %g"):format(weight))
end
flux.sheet(pictures, { columns = #pictures }):save "weights.png"
