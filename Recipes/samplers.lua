-- The same noise through every sampler, on one sheet, with the distance of each from a fine reference.
local p = flux.params { prompt = "a castle on a pink background", steps = { 6, min = 2, max = 50 }, seed = 3 }
local model = flux.load()
local prompt = model:encode(p.prompt)
local reference = model:generate(prompt, { steps = 40, seed = p.seed, sampler = "heun" })

local images, labels = { reference }, { "reference" }
for _, sampler in ipairs { "euler", "heun", "dpm_2", "dpmpp_2m", "deis", "ipndm", "lms", "res_multistep", "gradient_estimation", "uni_pc",
                           "euler_ancestral", "dpmpp_2m_sde", "dpmpp_sde", "er_sde", "lcm" } do
  local image = model:generate(prompt, { steps = p.steps, seed = p.seed, sampler = sampler })
  images[#images + 1] = image
  labels[#labels + 1] = ("%s, %.1f dB"):format(sampler, image:psnr(reference))
end
flux.sheet(images, { columns = 4, labels = labels, title = ("%s in %d steps"):format(p.prompt, p.steps) }):save "samplers.png"
