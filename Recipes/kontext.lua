-- Changes a picture by words, as FLUX.1 Kontext does: the model looks at it while it paints another.
local p = flux.params {
  picture = { "", help = "the picture to change; without one, a fox is painted first" },
  prompt  = "the same on a purple background",
  seed    = 3,
}
local model = flux.load()                                             -- --model black-forest-labs/FLUX.1-Kontext-dev
local picture = p.picture ~= "" and flux.image(p.picture) or model:generate("a fox on a light blue background", { seed = 7 })

-- Kontext was trained on 17 sizes near 1024²; smaller models look at the picture as it is.
local changed = model:generate(p.prompt, { reference = { picture, snap = model.kind == "kontext" }, seed = p.seed })
flux.sheet({ picture, changed }, { columns = 2, labels = { "before", p.prompt } }):save "kontext.png"
