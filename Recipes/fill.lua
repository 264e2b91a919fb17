-- Paints a spot of a picture anew and leaves every other pixel as it was: by FLUX.1 Fill, or by any other model.
local p = flux.params {
  picture = { "", help = "the picture; without one, a mushroom is painted first (which a Fill model cannot)" },
  prompt  = "a mushroom on a purple background",
  seed    = 11,
}
local model = flux.load()                                             -- --model black-forest-labs/FLUX.1-Fill-dev
local image = p.picture ~= "" and flux.image(p.picture) or model:generate("a mushroom on a green background", { seed = p.seed })

-- The mask reaches a little further than it was drawn, and its edge is soft, so that old and new are mixed there.
local mask = flux.mask { size = { image.width, image.height } }:ellipse(0, 0, image.width, image.height / 2)
local made = model:generate(p.prompt, {
  size = { image.width, image.height }, image = image, mask = mask, mask_grow = 4, mask_blur = 3, overlay = true,
  strength = model.kind == "fill" and 1 or 0.9, seed = p.seed,
})
flux.sheet({ image, mask, made }, { columns = 3, labels = { "before", "mask", "after" } }):save "fill.png"
