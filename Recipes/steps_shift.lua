-- How many steps, and how much of them at high noise: steps across, shift down, likeness to a fine reference below each picture.
local p = flux.params { prompt = "a castle on a pink background", seed = 7 }
local model = flux.load()
local prompt = model:encode(p.prompt)
local sweep = flux.sweep { { "shift", { 1, 1.5, 3, 6 } }, { "steps", { 2, 3, 4, 6, 8, 12 } } }

local references = {}                            -- one for each shift, painted when it is first needed
local function reference(shift)
  references[shift] = references[shift] or model:generate(prompt, { seed = p.seed, steps = 32, shift = shift })
  return references[shift]
end

for cell in sweep:cells() do
  local image = model:generate(prompt, { seed = p.seed, steps = cell.steps, shift = cell.shift })
  cell:save(image, { extra = { decibels = math.min(image:psnr(reference(cell.shift)), 99) } })
end
sweep:sheet {
  columns = "steps", rows = "shift", title = p.prompt,
  label = function(cell, made) return ("%.1f dB"):format(made.extra.decibels) end,
}:save "sheet.png"
