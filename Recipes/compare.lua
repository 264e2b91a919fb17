-- A sheet that compares models: each in a column, the same prompts and seed in the rows.
local p = flux.params {
  models  = { {}, help = "folders, files or names of the hub; without any, one model in three precisions" },
  prompts = { { "a fox on a light blue background", "a castle on a green background" } },
  seed    = 7,
}
local models = {}
for _, name in ipairs(p.models) do models[#models + 1] = { name:match "[^/]+$", flux.load(name) } end
if #models == 0 then
  for _, precision in ipairs { "f32", "bf16", "int8" } do models[#models + 1] = { precision, flux.load(nil, { precision = precision }) } end
end

local pictures = {}
for _, prompt in ipairs(p.prompts) do
  for _, one in ipairs(models) do
    pictures[#pictures + 1] = one[2]:generate(prompt, { seed = p.seed }):label(one[1])
  end
end
flux.sheet(pictures, { columns = #models }):save "compare.png"
