/// Examples of the manual, by what their page shows; each is a recipe that runs.
package enum Example {
  package static let all: [String: String] = [
    "flux.load": #"""
      local model = flux.load()            -- what --model says
      print(model, model.defaults.steps)
      """#,
    "flux.params": #"""
      local p = flux.params {
        prompt = "a fox",
        steps  = { 4, min = 1, max = 50, help = "denoising steps" },
      }
      print(p.prompt, p.steps)             -- fluxlua run RECIPE --set steps=8
      """#,
    "flux.schedule": #"""
      local named = flux.schedule(8, "karras"):shift_for(flux.load(), 64)
      local drawn = flux.schedule(8, function(u) return 1 - u ^ 1.2 end)
      local given = flux.schedule { 1, 0.8, 0.4, 0 }
      print(named, drawn, given)
      """#,
    "flux.noise": #"""
      local a = flux.noise { seed = 1, size = 64 }
      local b = flux.noise { seed = 2, like = a }
      local between = a * math.cos(0.3) + b * math.sin(0.3)
      flux.load():generate("a fox", { noise = between, size = 64, steps = 2 })
      """#,
    "flux.lerp": #"""
      local model = flux.load()
      local fox, panda = model:encode "a fox", model:encode "a panda"
      model:generate(flux.lerp(fox, panda, 0.5), { seed = 4, size = 64, steps = 2 })
      """#,
    "flux.tensor": #"""
      local t = flux.tensor { {1, 2}, {3, 4} }
      print(t:mean(), t[2][1], (t * 2 + 1):totable()[1][2])
      """#,
    "flux.wildcards": #"""
      local prompts = flux.wildcards("a {red|blue} fox", { all = true })
      for i, prompt in ipairs(prompts) do print(i, prompt) end
      """#,
    "flux.sweep": #"""
      local model = flux.load()
      local sweep = flux.sweep { seed = flux.range(1, 2), guidance = { 2, 4 } }
      for cell in sweep:cells() do
        local options = { seed = cell.seed, guidance = cell.guidance, steps = 2 }
        cell:save(model:generate("a fox", options))
      end
      sweep:sheet { columns = "guidance", rows = "seed" }:save "sheet.png"
      sweep:report "index.html"
      """#,
    "flux.uniform": #"""
      local model = flux.load()
      local sweep = flux.sweep {
        shift = flux.uniform(1, 4, 0.1),
        sampler = flux.choice { "euler", "heun" },
        samples = 4,
      }
      sweep:each(function(cell)
        local options = { shift = cell.shift, sampler = cell.sampler, steps = 2 }
        return model:generate("a fox", options)
      end)
      print(sweep:best(function(cell, made) return -made.seconds end))
      """#,
    "flux.plot": #"""
      local schedule = flux.schedule(8):shift_for(flux.load(), 128)
      local sigmas = {}
      for i, sigma in ipairs(schedule) do sigmas[i] = { i - 1, sigma } end
      local plot = flux.plot({ sigmas = sigmas }, { x = "step", y = "sigma" })
      plot:save "sigmas.png"
      """#,
    "model:generate": #"""
      local image = flux.load():generate("a fox", {
        size = 64, steps = 4, seed = 7, sampler = "dpmpp_2m",
        guidance = function(step) return step.sigma > 0.6 and 3.5 or 1.5 end,
        on_step  = function(step) flux.log("%s", step) end,
      })
      image:save "fox.png"
      """#,
    "model:steps": #"""
      local run = flux.load():steps("a fox", { size = 64, steps = 4, seed = 7 })
      for step in run do
        if step.denoised:std() < 0.1 then step:stop() end
      end
      run:image():save "fox.png"
      """#,
    "step:branch": #"""
      for step in flux.load():steps("a cat", { size = 64, steps = 4 }) do
        if step.index == 2 then
          local other = step:branch { prompt = "a fox" }
          for _ in other do end
          other:image():save "fox.png"
        end
      end
      """#,
    "option sampler": #"""
      local function midpoint(x, step, velocity)
        local half = x + velocity(x, step.sigma) * (step.width / 2)
        return x + velocity(half, step.sigma + step.width / 2) * step.width
      end
      flux.load():generate("a fox", { sampler = midpoint, size = 64, steps = 2 })
      """#,
    "option cfg": #"""
      flux.load():generate("a red apple", {
        cfg = { scale = 3, negative = "a green apple", to = 0.8 },
        size = 64, steps = 2,
      })
      """#,
  ]
}
