-- Tensor: comparisons, matrix products, blurs, choices, makers, and entries that are set.
local check = require "_check"
local t = flux.tensor {{1, 2, 3}, {4, 5, 6}}
local folder = "../../Fixtures/tensors/expected.safetensors"
local function expected(name) return flux.tensor(folder, name) end

-- Comparisons give 0 and 1, and broadcast.
check.tensor(t:gt(2), {{0, 0, 1}, {1, 1, 1}})
check.tensor(t:ge(2), {{0, 1, 1}, {1, 1, 1}})
check.tensor(t:lt(2), {{1, 0, 0}, {0, 0, 0}})
check.tensor(t:le(2), {{1, 1, 0}, {0, 0, 0}})
check.tensor(t:eq(2), {{0, 1, 0}, {0, 0, 0}})
check.tensor(t:ne(2), {{1, 0, 1}, {1, 1, 1}})
check.tensor(t:gt(flux.tensor {0, 9, 3}), {{1, 0, 0}, {1, 0, 1}})
check.equal(t:gt(3):sum(), 3.0)
-- What is not a number is unlike everything.
local nan = flux.tensor {0 / 0, 1}
check.tensor(nan:eq(nan), {0, 1})
check.tensor(nan:ne(nan), {1, 0})
check.tensor(nan:lt(5), {0, 1})
check.equal(nan == nan:clone(), false)
check.equal(tostring(nan), "Tensor [2] mean nan std nan min nan max nan, 1 not finite")
check.equal(tostring(nan:clamp(0, 2):get(1)):match "nan", "nan")

-- allclose, as NumPy's
check.equal(t:allclose(t + 1e-6), true)
check.equal(t:allclose(t + 1e-3), false)
check.equal(t:allclose(t + 1e-3, {atol = 1e-2}), true)
check.equal(t:allclose(t * 1.01, {rtol = 0.02}), true)
check.equal(flux.zeros(2):allclose(1e-9), true)
check.equal(flux.zeros(2):allclose(1e-9, {atol = 0}), false)
check.equal(nan:allclose(nan), false)
check.equal((flux.ones(2) / 0):allclose(math.huge), true)
check.equal((flux.ones(2) / 0):allclose(-math.huge), false)
check.equal(flux.ones(2):allclose(math.huge), false)

-- where
check.tensor(flux.where(t:gt(3), t, 0), {{0, 0, 0}, {4, 5, 6}})
check.tensor(flux.where(t:gt(3), -1, t), {{1, 2, 3}, {-1, -1, -1}})
check.tensor(flux.where(flux.tensor {{1}, {0}}, flux.tensor {7, 8}, 5), {{7, 8}, {5, 5}})
check.tensor(flux.where(nan, 1, 2), {1, 1})
check.tensor(flux.where(flux.tensor {-2, 0}, 1, 2), {1, 2})

-- matmul, as NumPy's
check.tensor(t:matmul(t:permute(2, 1)), {{14, 32}, {32, 77}})
check.tensor(t:matmul(flux.tensor {1, 0, -1}), {-2, -2})
check.tensor(flux.tensor {1, 2}:matmul(t), {9, 12, 15})
check.equal(t[1]:matmul(t[2]), 32.0)
for _, name in ipairs {"plain", "batch", "spread", "row", "column", "large"} do
  local made = expected(name .. ".a"):matmul(expected(name .. ".b"))
  check.list(made.shape, expected(name .. ".matmul").shape)
  check.near(made, expected(name .. ".matmul"), 2e-5)
end

-- blur, as SciPy's
for _, name in ipairs {"field", "line", "speck"} do
  for _, sigma in ipairs {"0.1", "0.7", "2", "9"} do
    check.near(expected(name):blur(tonumber(sigma)), expected(name .. ".blur" .. sigma), 1e-6)
  end
end
check.equal(t:blur(0), t)
check.near(flux.ones {3, 5, 7}:blur(3), flux.ones {3, 5, 7}, 1e-6)
local field = expected "field"
check.equal(flux.stack {field, field * 2}:blur(1.5)[2], (field * 2):blur(1.5))

-- rand and arange
check.near(flux.rand(40, {seed = 1234}), flux.tensor("../../Fixtures/expected/noise.safetensors", "rand.uniform/n40"), 0)
check.equal(flux.rand {2, 3}, flux.rand({2, 3}, {seed = 0}))
check.differ(flux.rand {2, 3}, flux.rand({2, 3}, {seed = 1}))
local even = flux.rand(10000, {seed = 3})
assert(even:min() >= 0 and even:max() < 1 and math.abs(even:mean() - 0.5) < 0.02)
check.tensor(flux.arange(4), {0, 1, 2, 3})
check.tensor(flux.arange(2.5), {0, 1, 2})
check.tensor(flux.arange(1, 4), {1, 2, 3})
check.tensor(flux.arange(1, 2, 0.25), {1, 1.25, 1.5, 1.75})
check.tensor(flux.arange(3, 0, -1), {3, 2, 1})

-- Entries set: numbers and tensors, in place
local a = t:clone()
a[1] = 9
check.tensor(a, {{9, 9, 9}, {4, 5, 6}})
a[2] = flux.tensor {7, 8, 9}
check.tensor(a, {{9, 9, 9}, {7, 8, 9}})
a[2] = flux.tensor {1}
check.tensor(a, {{9, 9, 9}, {1, 1, 1}})
local v = flux.zeros(3)
for i = 1, #v do v[i] = i end
check.tensor(v, {1, 2, 3})
v[6 / 2] = 5
check.equal(v[4 / 2], 2.0)
check.tensor(v, {1, 2, 5})
check.equal(v[4], nil)
check.tensor(t, {{1, 2, 3}, {4, 5, 6}})

-- Shapes that the elements fill
check.list(t:reshape(-1).shape, {6})
check.list(t:reshape(3, -1).shape, {3, 2})
check.list(t:reshape(-1, 1, 6).shape, {1, 1, 6})

-- Broadcasting in every way that a run of elements can lie
local x, y = flux.arange(24):reshape(2, 3, 4), flux.tensor {{{1}, {2}, {3}}}
check.equal((x * y):get(2, 3, 4), 69.0)
check.equal((y * x):get(2, 2, 1), 32.0)
check.equal((x - x:narrow(1, 1, 1)):get(2, 1, 1), 12.0)
check.equal((x:narrow(2, 2, 1) + x):get(1, 3, 4), 18.0)
check.list((flux.ones {3, 1} + flux.ones {1, 2}).shape, {3, 2})
check.list((flux.ones {4, 1, 2} + flux.ones {3, 1}).shape, {4, 3, 2})
for axis = 1, 3 do
  local sum = flux.zeros(1)
  for i = 1, x.shape[axis] do sum = sum + x:narrow(axis, i, 1) end
  check.tensor(x:sum(axis):reshape(-1), sum:reshape(-1):totable())
  check.near(x:mean(axis), x:sum(axis) / x.shape[axis], 1e-6)
end
check.list(x:permute(3, 1, 2):permute(2, 3, 1):totable()[2][3], x:totable()[2][3])

-- Shapes that no machine holds are an error before anything is made.
local wide, tall = flux.ones {1, 1 << 20}, flux.ones {1 << 20, 1}
local vast = "the shape [1048576, 1048576] has too many elements; the most is 1073741824"
check.error("add: " .. vast, function() return wide + tall end)
check.error("add_: " .. vast, function() return wide:add_(tall) end)
check.error("lt: " .. vast, function() return wide:lt(tall) end)
check.error("allclose: " .. vast, function() return wide:allclose(tall) end)
check.error("where: " .. vast, flux.where, wide, tall, 0)
check.error("matmul: " .. vast, function() return tall:matmul(wide) end)
local large, many = flux.ones(1 << 20), {}
for i = 1, 2000 do many[i] = large end
check.error("cat: the shape [2097152000] has too many elements; the most is 1073741824", flux.cat, many)
check.error("stack: the shape [2000, 1048576] has too many elements; the most is 1073741824", flux.stack, many)
