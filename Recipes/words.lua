-- What the model inside can paint: its words on one sheet, words combined on another, and what steps, guidance and the seed do to one prompt.
local p = flux.params {
  words  = { { "red apple", "fox", "panda", "penguin", "owl", "crab", "tomato", "pineapple", "hamburger", "birthday cake", "mushroom", "cactus",
               "sunflower", "snowman", "volcano", "castle", "robot", "crown", "alarm clock", "hourglass", "clown", "purple devil", "glasses", "tent" },
             help = "things, each on a ground of its own" },
  combined = { { "a red star shape and a blue square", "a yellow heart shape and a pink ring on a purple background", "a green triangle and an orange ring",
                 "a white cross and a red diamond on a gray background", "a pink elephant", "a blue fox on a yellow background", "a green cat", "a purple octopus on a pink background" },
               help = "two shapes, left and right, and animals in other colours" },
  prompt = "a fox on a light blue background",
  seed   = 7,
}
local model, grounds = flux.load(), { "light blue", "pink", "yellow", "green", "gray", "purple" }
local function article(word) return (word:find "^[aeiou]" and "an " or "a ") .. word end

local images = {}
for i, word in ipairs(p.words) do
  local ground = grounds[i % #grounds + 1]
  images[i] = model:generate(("%s on %s background"):format(article(word), article(ground)), { seed = p.seed }):label(word)
end
flux.sheet(images, { columns = 6, title = "words" }):save "words.png"

local combined = {}
for i, words in ipairs(p.combined) do combined[i] = model:generate(words, { seed = p.seed }) end
flux.sheet(combined, { columns = 4, labels = p.combined, title = "combined" }):save "combined.png"

local prompt, rows = model:encode(p.prompt), {}
for _, steps in ipairs { 1, 2, 4, 8 } do
  rows[#rows + 1] = model:generate(prompt, { seed = p.seed, steps = steps }):label(("%d steps"):format(steps))
end
for _, guidance in ipairs { 1, 2, 3.5, 6 } do
  rows[#rows + 1] = model:generate(prompt, { seed = p.seed, guidance = guidance }):label(("guidance %g"):format(guidance))
end
for seed = 1, 4 do
  rows[#rows + 1] = model:generate(prompt, { seed = seed }):label(("seed %d"):format(seed))
end
flux.sheet(rows, { columns = 4, title = p.prompt }):save "choices.png"
