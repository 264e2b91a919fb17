-- Steers by edges, depth and pose: the maps, and what a ControlNet makes of each.
local p = flux.params {
  prompt     = "a castle on a green background",
  controlnet = { "", help = "the folder of a Union ControlNet; without one only the maps are drawn" },
  scale      = 0.7,
  size       = { 0, help = "pixels a side; the model's own where 0" },
  seed       = 7,
}
local model = flux.load()
local size  = p.size > 0 and p.size or model.defaults.size

-- Edges of a picture, ground that comes nearer, and a person by joints.
local depth = flux.mask { size = size }
for i = 0, 9 do depth = depth:rect(0, size * (0.5 + i / 20), size, size / 20 + 1, 0.2 + i * 0.08) end
local function at(x, y) return { x * size, y * size } end
local pose = flux.pose { size = size, people = { {
  nose = at(.5, .2), neck = at(.5, .33), right_shoulder = at(.4, .34), right_elbow = at(.33, .46), right_wrist = at(.25, .38),
  left_shoulder = at(.6, .34), left_elbow = at(.66, .46), left_wrist = at(.62, .57), right_hip = at(.44, .6), right_knee = at(.42, .76),
  right_ankle = at(.4, .92), left_hip = at(.56, .6), left_knee = at(.58, .76), left_ankle = at(.6, .92),
} } }
local maps = {
  { "canny", model:generate(p.prompt, { size = size, seed = p.seed }):canny { low = 60, high = 150 } },
  { "depth", depth:depth() },
  { "pose", pose },
}

local pictures = {}
for _, map in ipairs(maps) do pictures[#pictures + 1] = map[2]:label(map[1]) end
if p.controlnet ~= "" then
  for _, map in ipairs(maps) do
    local control = { model = p.controlnet, image = map[2], mode = map[1], scale = { p.scale, p.scale / 2 }, to = 0.8 }
    pictures[#pictures + 1] = model:generate(p.prompt, { size = size, seed = p.seed, control = control })
  end
end
flux.sheet(pictures, { columns = 3 }):save "control.png"
