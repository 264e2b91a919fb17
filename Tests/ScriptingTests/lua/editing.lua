-- Pictures made from pictures, masks, sheets, plots, and other kinds of files.
local check = require "_check"
local ramp = flux.image(flux.linspace(0, 1, 3 * 24 * 36):reshape(3, 24, 36))

local small = ramp:resize(18, 12)
check.equal(small.width, 18)
check.equal(small.height, 12)
check.differ(ramp:resize(18, 12, "nearest"):psnr(small), math.huge)
check.equal(ramp:resize(36, 24):psnr(ramp), math.huge)
local piece = ramp:crop(3, 2, 10, 5)
check.equal(piece.width, 10)
check.equal(piece:pixel(1, 1), ramp:pixel(3, 2))
local pasted = ramp:paste(flux.image(flux.zeros {3, 4, 4}), 5, 6)
check.equal(pasted:pixel(5, 6), 0)
check.equal(pasted:pixel(4, 6), ramp:pixel(4, 6))
check.equal(ramp:flip("horizontal"):pixel(1, 1), ramp:pixel(36, 1))
check.equal(ramp:flip("vertical"):pixel(1, 1), ramp:pixel(1, 24))
check.equal(ramp:grey().channels, 1)
check.equal(ramp:invert():pixel(1, 1), 255 - ramp:pixel(1, 1))
assert(ramp:paste(flux.image(flux.ones {3, 4, 4}), 5, 6):blur(2):pixel(6, 7) < 255)
assert(ramp:label("a ramp").height > ramp.height)
check.equal(ramp:ssim(ramp), 1)
assert(ramp:ssim(pasted) < 1)
check.equal(ramp:hash(), ramp:resize(36, 24):hash())
check.differ(ramp:hash(), pasted:hash())

-- Masks
local mask = flux.mask {size = {32, 16}}:rect(16, 0, 16, 16)
check.equal(mask.channels, 1)
check.equal(mask:pixel(1, 1), 0)
check.equal(mask:pixel(32, 16), 255)
check.equal(mask:invert():pixel(1, 1), 255)
check.equal(flux.mask {size = 16, value = 1}:pixel(1, 1), 255)
local round = flux.mask {size = 32}:ellipse(0, 0, 32, 32)
check.equal(round:pixel(16, 16), 255)
check.equal(round:pixel(1, 1), 0)
assert(round:blur(3):pixel(2, 16) < 255)

-- Sheets
local sheet = flux.sheet({ramp, pasted, ramp}, {columns = 2, labels = {"a", "b", "c"}, title = "three", gap = 4, background = "#223344"})
assert(sheet.width > 72 and sheet.height > 48)
assert(flux.sheet({ramp, ramp}, {columns = 1}).height > flux.sheet({ramp, ramp}, {columns = 2}).height)

-- Files of other kinds keep the texts.
local model = flux.load "../../Fixtures/tiny-dev"
local picture = model:generate(model:encode {prompt = "a fox", max_length = 16}, {size = 32, steps = 1, seed = 7})
for _, name in ipairs {"a.jpg", "a.webp", "a.png"} do
  picture:save(name)
  picture:save(name)                       -- its own file may be replaced
  local back = flux.image(name)
  check.equal(back.width, 32)
  check.equal(back.text.fluxlua, picture.text.fluxlua)
  check.equal(back.text.parameters, picture.text.parameters)
end
picture:save("low.jpg", {quality = 5})
assert(flux.image("low.jpg"):psnr(picture) < flux.image("a.jpg"):psnr(picture))
check.equal(flux.image("a.png"):psnr(picture), math.huge)

-- Plots
local schedule = flux.schedule {1, 0.8, 0.3, 0}
for _, name in ipairs {"s.svg", "s.png"} do
  check.equal(tostring(schedule:plot(name)), tostring(schedule))
  schedule:plot(name)
end
assert(flux.image("s.png").width > 100)

check.error([[resize: 'filter' must be one of "lanczos", "bicubic", "area", "nearest", got "box" (a string)]], function() ramp:resize(2, 2, "box") end)
check.error("crop: 'width' must be a whole number of at least 1, got 0", function() ramp:crop(1, 1, 0, 3) end)
check.error_matches("crop: ", function() ramp:crop(30, 1, 10, 3) end)
check.error([[flip: 'way' must be one of "horizontal", "vertical", got "up" (a string)]], function() ramp:flip "up" end)
check.error("mask: 'size' is missing: pixels", flux.mask, {})
check.error("sheet: 'labels' lists 1 texts for 2 pictures", flux.sheet, {ramp, ramp}, {labels = {"a"}})
check.error_matches("'background' must be a colour", flux.sheet, {ramp}, {background = "nocolour"})
check.error_matches("'quality' is for .jpg and .webp", function() picture:save("b.png", {quality = 3}) end)
check.error_matches("%.png", function() picture:save "b.gif" end)
check.error_matches("ssim: ", function() ramp:ssim(small) end)
