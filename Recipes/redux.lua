-- Pictures behind the words, as FLUX.1 Redux reads them: variations of a picture, and a way from one to another.
local p = flux.params {
  redux   = { "", help = "the folder of FLUX.1 Redux; without one only the pictures that it would look at are painted" },
  first   = { "", help = "a picture; without one a fox is painted" },
  second  = { "", help = "another; without one an owl is painted" },
  prompt  = "",
  columns = { 5, help = "pictures on the way" },
  size    = { 0, help = "pixels a side; the model's own where 0" },
  seed    = 4,
}
local model = flux.load()
local size  = p.size > 0 and p.size or model.defaults.size

local function picture(path, prompt)
  return path ~= "" and flux.image(path) or model:generate(prompt, { size = size, seed = p.seed })
end
local first, second = picture(p.first, "a fox on a light blue background"), picture(p.second, "an owl on a purple background")

local pictures = { first:label("first"), second:label("second") }
for i = 1, p.redux == "" and 0 or p.columns do
  local share = p.columns > 1 and (i - 1) / (p.columns - 1) or 0
  local redux = { model = p.redux, image = { { image = first, weight = 1 - share }, { image = second, weight = share } } }
  pictures[#pictures + 1] = model:generate(p.prompt, { size = size, seed = p.seed + i, redux = redux }):label(("%.2f"):format(share))
end
flux.sheet(pictures, { columns = #pictures }):save "redux.png"
