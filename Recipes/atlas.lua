-- An atlas of schedules: each one drawn as a curve, and what it paints.
local p = flux.params { prompt = "a robot on an orange background", steps = { 6, min = 2, max = 50 }, seed = 4 }
local model = flux.load()
local prompt = model:encode(p.prompt)

local images, labels = {}, {}
for _, name in ipairs { "flux", "simple", "normal", "sgm_uniform", "karras", "exponential", "beta", "linear_quadratic", "kl_optimal" } do
  local schedule = flux.schedule(p.steps, name):shift_for(model)
  schedule:plot(name .. ".svg"):plot(name .. ".png")
  local plot = flux.image(name .. ".png"):resize(205, 128)
  local image = model:generate(prompt, { schedule = schedule, seed = p.seed })
  images[#images + 1] = flux.image(flux.ones { 3, 128, 333 }):paste(image, 1, 1):paste(plot, 129, 1)
  labels[#labels + 1] = name
end
flux.sheet(images, { columns = 3, labels = labels, title = p.prompt }):save "atlas.png"
