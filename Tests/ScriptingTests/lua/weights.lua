-- Words that weigh more or less, and prompts as tables.
local check = require "_check"
local dev = flux.load "../../Fixtures/tiny-dev"
local function encode(text, weights) return dev:encode {prompt = text, weights = weights, max_length = 24} end

local plain, strong = encode "a red fox", encode("a (red:1.6) fox", true)
check.equal(encode("a (red:1) fox", true).sequence, plain.sequence)
check.differ(strong.sequence, plain.sequence)
check.equal(strong.pooled, plain.pooled)
check.equal(strong.text, "a (red:1.6) fox")
-- Read as it is written, unless it is asked for.
check.equal(encode("a (red:1.6) fox", false).sequence, encode("a (red:1.6) fox").sequence)
check.differ(encode("a (red:1.6) fox").sequence, strong.sequence)
-- The table stands wherever a prompt does.
local options = {size = 32, steps = 2, seed = 3}
local made = dev:sample({prompt = "a (red:1.6) fox", weights = true, max_length = 24}, options)
check.equal(made, dev:sample(strong, options))
check.equal(dev:sample({{prompt = "a red fox", max_length = 24}, strong}, options)[2], dev:sample({plain, strong}, options)[2])
local negative = {prompt = "a (crow:0.5)", weights = true, max_length = 24}
check.equal(dev:sample(plain, {size = 32, steps = 2, cfg = {scale = 3, negative = negative}}), dev:sample(plain, {size = 32, steps = 2, cfg = {scale = 3, negative = dev:encode(negative)}}))
check.error("encode: 'weights' must be true or false, got 1.2", function() dev:encode {prompt = "x", weights = 1.2} end)
check.error("generate: no option 'promt'; did you mean 'prompt'?", function() dev:generate({promt = "x"}, {size = 32}) end)
