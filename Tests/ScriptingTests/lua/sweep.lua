-- Sweeps: axes, cells, pictures, what is recorded, sheets.
local check = require "_check"

local function picture(value) return flux.image(flux.full({3, 8, 8}, value)) end

-- Axes: a list in the order written, a map in name order, both
local list = flux.sweep { {"seed", {5, 3}}, {"guidance", {2, 3.5}}, name = "list" }
check.equal(tostring(list), "Sweep list: 2 seed × 2 guidance, 4 cells")
check.equal(#list, 4)
check.equal(tostring(flux.sweep { seed = {5, 3}, guidance = {2, 3.5}, name = "map" }), "Sweep map: 2 guidance × 2 seed, 4 cells")
check.equal(tostring(flux.sweep { {"seed", {1, 2}}, mode = {"a"}, name = "both" }), "Sweep both: 2 seed × 1 mode, 2 cells")
check.equal(flux.sweep { {"seed", {1}} }.name, "sweep")
check.equal(flux.sweep { {"seed", {1}} }.name, "sweep 2")

-- Cells: a field for each axis, of any plain type
local first = list:cell(1)
check.equal(first.seed, 5); check.equal(math.type(first.seed), "integer"); check.equal(list:cell(4).guidance, 3.5)
check.equal(first.index, 1); check.equal(#first.id, 16); check.equal(first.label, "seed 5, guidance 2")
check.equal(tostring(first), "Cell 1 (seed 5, guidance 2)")
check.equal(flux.sweep { {"guidance", {2, 3.5}}, {"seed", {5, 3}}, name = "list 2" }:cell(2).label, "guidance 2, seed 3")
local kinds = flux.sweep { {"x", { true, 1, 0.5, "a", {512, 768}, {name = "warm", a = 1} }}, name = "kinds" }
check.equal(kinds:cell(1).x, true); check.equal(kinds:cell(4).x, "a"); check.list(kinds:cell(5).x, {512, 768}); check.equal(kinds:cell(6).x.a, 1)
check.equal(kinds:cell(6).label, "x warm")
check.error("cell: a Cell has no 'sead'; did you mean 'seed'?", function() return first.sead end)

-- The order of work, and what becomes of cells
local sweep = flux.sweep { {"seed", {1, 2}}, {"prompt", {"a fox", "an owl"}}, name = "work" }
check.equal(sweep.planned, 4)
local seen = {}
for cell in sweep:cells() do
  seen[#seen + 1] = cell.index
  if cell.index == 2 then cell:skip "dull" else cell:save(picture(cell.seed / 4), { extra = { score = cell.index, words = {"a", "b"} } }) end
end
check.list(seen, {1, 3, 2, 4})
check.equal(sweep.planned, 0)
check.equal(#sweep:done(), 3)
for _ in sweep:cells() do error "nothing is left" end
local made = sweep:cell(3):record()
check.equal(made.state, "done"); check.equal(made.extra.score, 3); check.list(made.extra.words, {"a", "b"})
assert(made.seconds >= 0 and made.memory > 1e6 and made.file == "cells/" .. sweep:cell(3).id .. ".png")
check.equal(sweep:cell(2):record().state, "skipped"); check.equal(sweep:cell(2):record().reason, "dull")
check.equal(list:cell(1):record(), nil); check.equal(list:cell(1):picture(), nil); check.equal(sweep:cell(2):picture(), nil)
local image = sweep:cell(3):picture()
check.equal(image:pixel(1, 1), 128)
check.equal(image.text.Cell, ('{"cell":{"prompt":"a fox","seed":2},"extra":{"score":3,"words":["a","b"]},"id":"%s","index":3,"sweep":"work"}'):format(sweep:cell(3).id))
check.error("save: cell 1 is saved already", function() sweep:cell(1):save(picture(0)) end)
check.error_matches("^sweep.lua:%d+: save: cell 1 is not being made", function() list:cell(1):save(picture(0)) end)

-- The best
local best, score = sweep:best(function(cell, made) return -math.abs(made.extra.score - 3) end)
check.equal(best.index, 3); check.equal(score, 0.0)
check.equal(sweep:best(function(cell) if cell.seed == 1 then return 1 end end).index, 1)
check.equal(list:best(function() return 1 end), nil)
check.error("best: the function must return a number or nil, got true", function() sweep:best(function() return true end) end)

-- The protected form: what fails does not stop the others, and is tried once more at the end
local each, tries = flux.sweep { seed = flux.range(1, 4), name = "each" }, {}
each:each(function(cell)
  tries[#tries + 1] = cell.seed
  if cell.seed == 3 and #tries < 4 then error "not yet" end
  if cell.seed == 4 then return cell:skip "no four" end
  return picture(0.5)
end)
check.list(tries, {1, 2, 3, 4, 3})
check.equal(#each:done(), 3)
check.equal(each:cell(3):record().state, "done"); check.equal(each:cell(4):record().reason, "no four")

-- Conditions and samples
check.equal(#flux.sweep { a = {1, 2, 3}, b = {1, 2, 3}, where = function(cell) return cell.a < cell.b end, name = "where" }, 3)
local drawn = flux.sweep { x = flux.uniform(0, 1), n = flux.uniform(2, 8, 2), w = flux.choice {"a", "b"}, samples = 16, name = "drawn" }
check.equal(#drawn, 16)
for i = 1, 16 do
  local cell = drawn:cell(i)
  assert(cell.x >= 0 and cell.x < 1 and cell.n % 2 == 0 and cell.n >= 2 and cell.n <= 8 and (cell.w == "a" or cell.w == "b"))
  check.equal(math.type(cell.n), "integer")
end
check.differ(flux.sweep { x = flux.uniform(0, 1), samples = 2, sampling = "random", name = "r" }:cell(1).x,
             flux.sweep { x = flux.uniform(0, 1), samples = 2, sampling = "random", sampling_seed = 1, name = "s" }:cell(1).x)
check.equal(tostring(flux.uniform(1, 2)), "Draw from 1.0 to 2.0")

-- Sheets
sweep:sheet { columns = "seed", rows = "prompt", title = "birds" }:save "sheet.png"
local sheet = flux.image "sheet.png"
assert(sheet.width > 3 * 8 and sheet.height > 3 * 8)
sweep:sheet { columns = "seed" }:save "pages.jpg"
assert(flux.image("pages-1.jpg").width > 0 and flux.image("pages-2.jpg").width > 0)
sweep:sheet { label = function(cell, made) return made.extra.score .. "!" end, cell_size = 16 }:save("strip.webp", {quality = 80})
check.error("sheet: axis 'sead' is not one of this sweep's: seed, prompt", function() sweep:sheet { columns = "sead" } end)
check.error("sheet: axis 'seed' cannot be both columns and rows", function() sweep:sheet { columns = "seed", rows = "seed" } end)
check.error("sheet: axis 'seed' is on the sheet and cannot be what pages differ in", function() sweep:sheet { columns = "seed", pages = "seed" } end)
check.error("save: 'quality' is for .jpg and .webp; a PNG loses nothing", function() sweep:sheet {}:save("a.png", {quality = 3}) end)

-- Curves
check.equal(tostring(flux.plot({ a = {1, 2, 3}, b = {{0, 1}, {2, 5}} }, { title = "t", x = "x", y = "y", size = {200, 150} })), "Image 200x150")
check.error("plot: 'curves' must have at least one curve", flux.plot, {})
check.error("plot: 'curves' must be a table of curves, but 'a' is 1", flux.plot, { a = 1 })
check.error("plot: 'curves' must be a table of curves, but entry 2 of 'a' is no pair of numbers", flux.plot, { a = {1, {1}} })
check.error("plot: 'curves' must be a table of curves by name, got an entry [1]", flux.plot, { {1} })

-- What is no sweep
check.error("sweep: has no axes: flux.sweep { seed = flux.range(1, 8) }", flux.sweep, {})
check.error("sweep: 'axes' must be a table of axes, got 3", flux.sweep, 3)
check.error("sweep: axis 'sampels' must be a list of values, flux.uniform or flux.choice, got 8; did you mean 'samples'?", flux.sweep, { sampels = 8, seed = {1} })
check.error("sweep: axis 'seed' must be a list of at least 1, got 0", flux.sweep, { seed = {} })
check.error("sweep: axis entry 2 of 'seed' must be a number, a text, true or false, or a plain table of them, got a function", flux.sweep, { seed = {1, print} })
check.error("sweep: an axis cannot be named 'id': every cell has that already (id, index, label, save, skip, record, picture)", flux.sweep, { id = {1} })
check.error("sweep: axis 'x' has the value 2 twice", flux.sweep, { x = {2, 2.0} })
check.error("sweep: 'samples' says how many values are drawn of 'x': give it", flux.sweep, { x = flux.choice {1, 2} })
check.error("sweep: entry 1 must be {\"axis\", values}, got 1", flux.sweep, { 1 })
check.error("sweep: 'x' has no cells: 'where' left out all of them", flux.sweep, { a = {1}, name = "x", where = function() return false end })
check.error("sweep: there is a sweep named 'work' already; give each a 'name' of its own", flux.sweep, { a = {1}, name = "work" })
check.error("uniform: 'to' must be above 'from', got 2 and 1.5", flux.uniform, 2, 1.5)
check.error("cell: there is no cell 5: the sweep has 4", function() list:cell(5) end)
