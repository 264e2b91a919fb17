-- Watches a picture appear, saves what the model believes at each step, and nudges the latents on the way.
local p = flux.params {
  prompt = "a mushroom on a green background",
  grain  = { 0.15, min = 0, max = 1, help = "how much fresh noise the first half of the steps gets" },
}
local model = flux.load()

local image = model:generate(p.prompt, {
  seed = 11,
  on_step = function(step)
    model:decode(step.denoised):save(("believes-%02d.png"):format(step.index))
    flux.log("step %d of %d: sigma %.2f, spread of the belief %.3f", step.index, step.count, step.next, step.denoised:std())

    if step.index <= step.count / 2 then
      local fresh = flux.noise { like = step.latents, seed = step.index }
      return step.latents + fresh * (p.grain * step.next)     -- a Tensor replaces the latents; nil would carry on
    end
  end,
})
image:save "mushroom.png"
