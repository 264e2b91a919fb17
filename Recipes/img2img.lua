-- A ladder of strengths: from a picture, hardly touched, to the prompt alone.
local p = flux.params {
  from   = "a cat on a light blue background",
  prompt = "a panda on a pink background",
  seed   = 3,
}
local model = flux.load()
local start = model:generate(p.from, { seed = p.seed })
start:save "start.png"

for _, strength in ipairs { 0.25, 0.5, 0.75, 1 } do
  model:generate(p.prompt, { image = start, strength = strength, seed = p.seed })
    :save(("strength-%03d.png"):format(strength * 100))
end
