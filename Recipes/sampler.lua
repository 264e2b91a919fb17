-- A sampler written in Lua: Heun's method, held against the one inside.
local model = flux.load()

-- x are the latents at step.sigma; what is returned are those at step.next. step.width is next - sigma: negative.
local function heun(x, step, velocity)
  local here  = velocity(x, step.sigma)
  local guess = x + here * step.width
  if step.next == 0 then return guess end
  local there = velocity(guess, step.next)
  return x + (here + there) * (step.width / 2)
end

local options = { steps = 6, seed = 2, sampler = "heun" }
local inside  = model:sample("a hamburger", options)
options.sampler = heun
local mine    = model:sample("a hamburger", options)

local difference = (mine - inside):abs():max()
flux.log("largest difference between the two: %g", difference)
assert(difference < 1e-5, "the two samplers should agree")

model:decode(mine):save "hamburger.png"
