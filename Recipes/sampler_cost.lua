-- What a sampler costs and what it brings: likeness to a fine reference over seconds, as curves, and all pictures on a sheet.
local p = flux.params { prompt = "a robot on an orange background", seed = 4 }
local model = flux.load()
local prompt = model:encode(p.prompt)
local sweep = flux.sweep { { "sampler", { "euler", "heun", "dpmpp_2m", "uni_pc" } }, { "steps", { 3, 4, 6, 8, 12 } } }

local reference
for cell in sweep:cells() do
  reference = reference or model:generate(prompt, { seed = p.seed, steps = 40, sampler = "heun" })
  local before = flux.elapsed()
  local image = model:generate(prompt, { seed = p.seed, steps = cell.steps, sampler = cell.sampler })
  cell:save(image, { extra = { seconds = flux.elapsed() - before, decibels = math.min(image:psnr(reference), 99) } })
end

local curves = {}
for _, cell in ipairs(sweep:done()) do
  local made = cell:record().extra
  curves[cell.sampler] = curves[cell.sampler] or {}
  table.insert(curves[cell.sampler], { made.seconds, made.decibels })
end
flux.plot(curves, { title = "What a second brings", x = "seconds", y = "likeness to 40 steps of heun, dB" }):save "cost.png"
sweep:sheet { columns = "steps", rows = "sampler", title = p.prompt }:save "sheet.png"
