-- A LoRA beside the weights: more and less of it, none at all, and a scale that changes from step to step.
local p = flux.params {
  prompt = "a fox on a light blue background",
  lora   = "lora/night.safetensors",
}
local model  = flux.load()
local prompt = model:encode(p.prompt)

local pictures = {}
for _, scale in ipairs { 0, 0.3, 0.6, 0.9 } do
  local with = model:with_lora { [p.lora] = scale }                  -- shares the weights
  pictures[#pictures + 1] = with:generate(prompt, { seed = 7 }):label(("scale %g"):format(scale))
end

-- Only while the shape is found, and only on the details.
local early = function(step) return step.sigma > 0.7 and 1 or 0 end
local late  = function(step) return 1 - early(step) end
for _, way in ipairs { { "early", early }, { "late", late } } do
  pictures[#pictures + 1] = model:generate(prompt, { seed = 7, lora = { [p.lora] = way[2] } }):label(way[1])
end

flux.sheet(pictures, { columns = 3 }):save "lora.png"
