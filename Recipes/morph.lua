-- Walks from one prompt to another between their embeddings, with the same noise all the way.
local p = flux.params {
  from   = "a panda on a pink background",
  to     = "a robot on an orange background",
  frames = { 7, min = 2, max = 100, help = "pictures, the two ends included" },
  seed   = 4,
}
local model = flux.load()
local from, to = model:encode(p.from), model:encode(p.to)

local last
for i = 1, p.frames do
  local t = (i - 1) / (p.frames - 1)
  local image = model:generate(flux.lerp(from, to, t), { seed = p.seed })
  image:save(("frame-%02d.png"):format(i))
  if last then flux.log("frame %d: %.1f dB from the one before", i, image:psnr(last)) end
  last = image
end
