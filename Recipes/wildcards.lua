-- Prompts from a template: choices in braces, lists of words from wildcards/*.txt.
local p = flux.params {
  template = "a __figures__ on a {pink|blue|2::green} background",
  count    = { 4, min = 1, max = 1000 },
  seed     = 1,
}
local model = flux.load()
for i, prompt in ipairs(flux.wildcards(p.template, { seed = p.seed, count = p.count })) do
  flux.log("%2d  %s", i, prompt)
  model:generate(prompt, { seed = p.seed + i }):save(("%02d.png"):format(i))
end
