-- Prompts from templates and files.
local check = require "_check"

-- Every prompt, in the order written
check.list(flux.wildcards("a {red|blue} {cat|dog}", {all = true}), {"a red cat", "a red dog", "a blue cat", "a blue dog"})
check.list(flux.wildcards("__animals__", {all = true}), {"fox", "owl"})
check.list(flux.wildcards("__birds/*__!", {all = true}), {"eagle!", "a red robin!", "a blue robin!"})
check.list(flux.wildcards("{2$$a|b|c}", {all = true}), {"a, b", "a, c", "b, a", "b, c", "c, a", "c, b"})
check.list(flux.wildcards("{1-2$$ and $$a|b}", {all = true}), {"a", "b", "a and b", "b and a"})
check.list(flux.wildcards("{a|{b|c} d|}", {all = true}), {"a", "b d", "c d", ""})
check.list(flux.wildcards([[\{a\|b\} c__d]], {all = true}), {"{a|b} c__d"})
check.list(flux.wildcards("plain | text", {all = true}), {"plain | text"})

-- By chance: the same for a seed, and by weight
local template = "a {red|blue|9::green} __animals__"
check.equal(flux.wildcards(template, {seed = 3}), flux.wildcards(template, {seed = 3}))
local green, seen = 0, {}
for _, prompt in ipairs(flux.wildcards(template, {seed = 1, count = 1100})) do
  if prompt:find "green" then green = green + 1 end
  seen[prompt] = true
end
assert(math.abs(green - 900) < 60, green)
local different = 0
for _ in pairs(seen) do different = different + 1 end
check.equal(different, 6)
for _, prompt in ipairs(flux.wildcards("{2$$a|b}", {count = 20})) do assert(prompt == "a, b" or prompt == "b, a", prompt) end

check.error("wildcards: 'a {b': the '{' at character 3 has no '}'", flux.wildcards, "a {b")
check.error("wildcards: 'a }': the '}' at character 3 has no '{' before it; write \\} for the character itself", flux.wildcards, "a }")
check.error_matches("there is no file 'wildcards/nowhere.txt'", flux.wildcards, "__nowhere__")
check.error_matches("more than 16 deep", flux.wildcards, "__loop__")
check.error_matches("more than 100000 prompts", flux.wildcards, ("{a|b}"):rep(20), {all = true})
check.error("wildcards: no option 'al'; did you mean 'all'?", flux.wildcards, "a", {al = true})

-- Files
check.list(flux.lines "wildcards/animals.txt", {"fox", "owl"})
local rows = flux.csv "table.csv"
check.equal(#rows, 2)
check.equal(rows[2].name, 'owl, "grey"')
check.equal(rows[2].size, "large")
local json = flux.json "table.json"
check.list(json.prompts, {"a", "b"})
check.equal(json.steps, 4)
check.equal(json.deep.x, 1.5)
check.equal(rawget(json.deep, "none"), nil)
check.error_matches("is not valid JSON", flux.json, "table.csv")
check.error_matches("there is no file 'nothing.txt'", flux.lines, "nothing.txt")
