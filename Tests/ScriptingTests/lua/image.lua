-- Image: pictures, their pixels, texts and files.
local check = require "_check"
local ramp = flux.tensor {{{0, 0.25}, {0.5, 1}}, {{1, 1}, {1, 1}}, {{0, 0}, {0, 2}}}
local image = flux.image(ramp)

check.equal(image.width, 2)
check.equal(image.height, 2)
check.equal(image.channels, 3)
check.equal(tostring(image), "Image 2x2")
check.equal(tostring(flux.image(flux.zeros {1, 3, 5})), "Image 5x3 grey")
check.list({image:pixel(1, 1)}, {0, 255, 0})
check.list({image:pixel(2, 1)}, {64, 255, 0})
check.list({image:pixel(1, 2)}, {128, 255, 0})
check.list({image:pixel(2, 2)}, {255, 255, 255})
check.list({flux.image(flux.full({1, 1, 1}, 0.2)):pixel(1, 1)}, {51})
check.near(image:tensor(), ramp:clamp(0, 1), 0.5 / 255 + 1e-6)
check.equal(flux.image(image:tensor()):psnr(image), math.huge)
check.near(flux.image(flux.zeros {3, 4, 4}):psnr(flux.image(flux.full({3, 4, 4}, 1))), 0, 1e-9)
check.near(flux.image(flux.zeros {3, 4, 4}):psnr(flux.image(flux.full({3, 4, 4}, 51 / 255))), 20 * math.log(5, 10), 1e-6)

-- Files, and the texts that they carry
image:save("deep/in/ramp.png", {text = {Title = "a ramp", Author = "ö"}})
local read = flux.image "deep/in/ramp.png"
check.equal(read:psnr(image), math.huge)
check.equal(read.text.Title, "a ramp")
check.equal(read.text.Author, "ö")
check.equal(image.text.Title, nil)
image:save "plain.png"
image:save "plain.png"
check.equal(flux.image("plain.png").text.Recipe, "image.lua")

check.error("pixel: (3, 1) is outside of the picture, which is 2x2", function() image:pixel(3, 1) end)
check.error("pixel: 'x' must be a whole number of at least 1, got 0", function() image:pixel(0, 1) end)
check.error("psnr: 'other' must be an Image, got nothing", function() image:psnr() end)
check.error("psnr: Pictures of different shapes cannot be compared: 2×2 and 1×2.", function() image:psnr(flux.image(flux.zeros {3, 2, 1})) end)
check.error("save: 'path' must be a string, got nothing", function() image:save() end)
check.error("save: 'x.gif' does not say which kind of picture it is: end the name in .png, .jpg, .jpeg or .webp.", function() image:save "x.gif" end)
check.error("save: 'x' does not say which kind of picture it is: end the name in .png, .jpg, .jpeg or .webp.", function() image:save "x" end)
check.error("save: 'png' does not say which kind of picture it is: end the name in .png, .jpg, .jpeg or .webp.", function() image:save "png" end)
check.error("save: '' does not say which kind of picture it is: end the name in .png, .jpg, .jpeg or .webp.", function() image:save "" end)
check.error("save: no option 'txt'; did you mean 'text'?", function() image:save("x.png", {txt = {}}) end)
check.error("save: 'a' of 'text' must be a string, got 1", function() image:save("x.png", {text = {a = 1}}) end)
check.error("save: 'text' must be a table of texts by name, got an entry [1]", function() image:save("x.png", {text = {"a"}}) end)
check.error("save: 'quality' is for .jpg and .webp; a PNG loses nothing", function() image:save("x.png", {quality = 9}) end)
check.error_matches("save: '/nix/x%.png' lies outside of what this recipe may write to %(.*%); allow it with %-%-allow%-write FOLDER", function() image:save "/nix/x.png" end)
check.error_matches("save: '%.%./x%.png' leads out of its folder with '%.%.'", function() image:save "../x.png" end)
check.error("image: 'source' must be a file, a Tensor, or {size=, fill=}, got 3", flux.image, 3)
check.error("image: a picture's Tensor has the shape [1 or 3, height, width], got [2, 3]", flux.image, flux.zeros {2, 3})
check.error("image: the Tensor holds a number that is infinite or not a number", flux.image, flux.full({1, 1, 1}, 0 / 0))
check.error_matches("image: there is no file 'nix%.png' in the recipe's folder", flux.image, "nix.png")
check.error_matches("image: .*image%.lua: This is neither a PNG nor a JPEG nor a WebP file%.", flux.image, "image.lua")
check.error_matches("image: '/etc/passwd' lies outside of what this recipe may read; allow it with %-%-allow%-read FOLDER", flux.image, "/etc/passwd")
check.error_matches("image: '%.%./ScriptingTests%.swift' lies outside of what this recipe may read", flux.image, "../ScriptingTests.swift")
check.error("image: an Image has no 'widht'; did you mean 'width'?", function() return image.widht end)

-- Of one colour
local navy = flux.image {size = {32, 16}, fill = "navy"}
check.equal(tostring(navy), "Image 32x16")
check.list({navy:pixel(32, 16)}, {0, 0, 128})
check.list({flux.image {size = 16}:pixel(1, 1)}, {0, 0, 0})
check.list({flux.image {size = 16, fill = 1}:pixel(16, 1)}, {255, 255, 255})
check.list({flux.image {size = 16, fill = "#123"}:pixel(1, 16)}, {17, 34, 51})
