-- Every seed with every guidance, on one sheet; stop it at any time, and the same command goes on.
local p = flux.params {
  prompt   = "a snowman on a blue background",
  first    = { 1, help = "the first seed" },
  count    = { 4, min = 1, max = 1000, help = "how many seeds" },
  guidance = { { 1.0, 2.5, 4.0, 8.0 }, help = "guidances" },
}
local model = flux.load()
local prompt = model:encode(p.prompt)
local sweep = flux.sweep { seed = flux.range(p.first, p.first + p.count - 1), guidance = p.guidance }

for cell in sweep:cells() do
  cell:save(model:generate(prompt, { seed = cell.seed, guidance = cell.guidance }))
end
sweep:sheet { columns = "guidance", rows = "seed", title = p.prompt }:save "sheet.png"
sweep:report "index.html"                        -- a page to look at: other axes, a closer look, two side by side
