-- One word that weighs from nothing to twice as much: what a prompt is made of.
local p = flux.params {
  prompt = "a red apple on a %s background",
  word   = "yellow",
  seed   = 4,
}
local model, pictures = flux.load(), {}
for i, weight in ipairs { 0, 0.5, 1, 1.5, 2 } do
  local text = p.prompt:format(("(%s:%g)"):format(p.word, weight))          -- (yellow:1.5)
  pictures[i] = model:generate({ prompt = text, weights = true }, { seed = p.seed }):label(("%s × %g"):format(p.word, weight))
end
flux.sheet(pictures, { columns = #pictures }):save "weights.png"
