-- Mutates the noise of a picture and keeps what a score likes better: here, pictures with a dark middle.
local p = flux.params {
  prompt      = "a ghost",
  generations = { 8, min = 1, max = 10000 },
  change      = { 0.35, min = 0, max = 1, help = "how much of the noise is new" },
}
local model = flux.load()
local prompt = model:encode(p.prompt)
local size = model.defaults.size

local function score(image)
  local grey = image:tensor():mean(1)
  return -grey:narrow(1, size // 4, size // 2):narrow(2, size // 4, size // 2):mean()
end

local noise = flux.noise { size = size, seed = 1 }
local best = model:generate(prompt, { noise = noise, steps = 4 })
best:save "first.png"
for generation = 1, p.generations do
  local fresh = flux.noise { size = size, seed = 100 + generation }
  -- Weights whose squares add up to one keep the spread of the noise.
  local child = noise * math.sqrt(1 - p.change ^ 2) + fresh * p.change
  local image = model:generate(prompt, { noise = child, steps = 4 })
  if score(image) > score(best) then
    noise, best = child, image
    flux.log("generation %d is better: %.3f", generation, score(best))
  end
end
best:save "best.png"
