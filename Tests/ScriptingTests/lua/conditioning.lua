-- Conditioning: what a prompt means, mixed and moved.
local check = require "_check"
local dev, schnell = flux.load "../../Fixtures/tiny-dev", flux.load "../../Fixtures/tiny-schnell"
local fox, crow = dev:encode {prompt = "a red fox", max_length = 16}, dev:encode {prompt = "a black crow", max_length = 16}

check.equal(fox.tokens, 16)
check.equal(fox.text, "a red fox")
check.list(fox.sequence.shape, {16, 48})
check.list(fox.pooled.shape, {32})
check.equal(tostring(fox), "Conditioning of 16 tokens: a red fox")
check.equal(dev:encode("a red fox").tokens, 512)
check.equal(schnell:encode("a red fox").tokens, 256)
check.equal(dev:encode {prompt = "a red fox", max_length = 16}.sequence, fox.sequence)
check.differ(fox.sequence, crow.sequence)
check.differ(fox.pooled, crow.pooled)

-- A text for each encoder
local both = dev:encode {prompt = "a red fox", clip = "a black crow", max_length = 16}
check.equal(both.sequence, fox.sequence)
check.equal(both.pooled, crow.pooled)
local both = dev:encode {prompt = "a red fox", t5 = "a black crow", max_length = 16}
check.equal(both.sequence, crow.sequence)
check.equal(both.pooled, fox.pooled)

-- Arithmetic on both parts
for _, part in ipairs {"sequence", "pooled"} do
  local a, b = fox[part], crow[part]
  check.equal((fox + crow)[part], a + b)
  check.equal((fox - crow)[part], a - b)
  check.equal((fox * 2)[part], a * 2)
  check.equal((2 * fox)[part], a * 2)
  check.equal((-fox)[part], -a)
  check.near(flux.lerp(fox, crow, 0.25)[part], a * 0.75 + b * 0.25, 1e-6)
  check.equal(flux.lerp(fox, crow, 0)[part], a)
  check.near(flux.lerp(fox, crow, 1)[part], b, 1e-6)
  check.near(fox:mix {{crow, 0.5}, {fox, -0.25}}[part], a * 0.75 + b * 0.5, 1e-6)
  check.equal(flux.conditioning {sequence = fox.sequence, pooled = fox.pooled}[part], a)
end
check.equal((fox + crow).text, nil)
check.equal(tostring(flux.conditioning {sequence = fox.sequence, pooled = fox.pooled}), "Conditioning of 16 tokens")

-- It is what is painted.
local options = {size = 32, steps = 1, seed = 3}
local painted = dev:sample(fox, options)
check.equal(dev:sample(flux.conditioning {sequence = fox.sequence, pooled = fox.pooled}, options), painted)
check.differ(dev:sample(crow, options), painted)
check.differ(dev:sample(flux.conditioning {sequence = fox.sequence, pooled = crow.pooled}, options), painted)
check.equal(dev:sample(dev:encode "a red fox", options), dev:sample("a red fox", options))

-- The pooled and sequence tensors are copies.
fox.sequence:fill_(0)
check.differ(fox.sequence:norm(), 0.0)

check.error("mul: a Conditioning is multiplied by a number", function() return fox * crow end)
check.error("add: a Conditioning and 1 do not go together", function() return fox + 1 end)
check.error("mix: 'parts' must be a list of at least 1, got 0", function() fox:mix {} end)
check.error("mix: entry 1 of 'parts' must be {conditioning, weight}, got a Conditioning", function() fox:mix {crow} end)
check.error("mix: entry 2 of 'parts' must be {conditioning, weight}, got {a Conditioning, nil}", function() fox:mix {{crow, 1}, {crow}} end)
check.error("lerp: conditionings of [16, 48] and [7, 48] do not go together; encode both with the same max_length",
            flux.lerp, fox, dev:encode {prompt = "x", max_length = 7}, 0.5)
check.error("lerp: 'a' and 'b' must both be Tensors, or both Conditionings", flux.lerp, fox, fox.pooled, 0.5)
check.error("lerp: 'a' must be a Tensor or a Conditioning, got 3", flux.lerp, 3, fox, 0.5)
check.error("conditioning: 'pooled' is missing: [CLIP width]", flux.conditioning, {sequence = fox.sequence})
check.error("conditioning: 'sequence' must have the shape [tokens, width], got [32]", flux.conditioning, {sequence = fox.pooled, pooled = fox.pooled})
check.error("conditioning: 'pooled' must have the shape [width], got [16, 48]", flux.conditioning, {sequence = fox.sequence, pooled = fox.sequence})
check.error("conditioning: no option 'sequense'; did you mean 'sequence'?", flux.conditioning, {sequence = fox.sequence, pooled = fox.pooled, sequense = 1})
check.error("sample: this model takes a conditioning of sequence [tokens, 64] and pooled [48], got sequence [16, 48] and pooled [32]",
            function() schnell:sample(fox, options) end)
check.error("conditioning: a Conditioning has no 'tokns'; did you mean 'tokens'?", function() return fox.tokns end)
check.error("conditioning: 'text' of a Conditioning cannot be set", function() fox.text = "x" end)
