-- The same noise through every sampler, and how far each is from a fine reference.
local p = flux.params { prompt = "a castle on a pink background", steps = { 6, min = 2, max = 50 }, seed = 3 }
local model = flux.load()
local prompt = model:encode(p.prompt)
local reference = model:generate(prompt, { steps = 40, seed = p.seed, sampler = "heun" })
reference:save "reference.png"

for _, sampler in ipairs { "euler", "heun", "dpm_2", "dpmpp_2m", "deis", "ipndm", "lms", "res_multistep", "gradient_estimation", "uni_pc",
                           "euler_ancestral", "dpmpp_2m_sde", "dpmpp_sde", "er_sde", "lcm" } do
  local image = model:generate(prompt, { steps = p.steps, seed = p.seed, sampler = sampler })
  image:save(sampler .. ".png")
  flux.log("%-20s %5.1f dB from the reference", sampler, image:psnr(reference))
end
