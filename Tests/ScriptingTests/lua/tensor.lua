-- Tensor: makers, arithmetic, statistics, shapes, elements, in place, files.
local check = require "_check"
local t = flux.tensor {{1, 2, 3}, {4, 5, 6}}

-- Makers
check.list(t.shape, {2, 3})
check.equal(#t, 2)
check.equal(getmetatable(t), "Tensor")
check.equal(tostring(t), "Tensor [2, 3] mean 3.5 std 1.871 min 1 max 6")
check.equal(tostring(flux.tensor {1, 1 / 0}), "Tensor [2] mean inf std nan min 1 max inf, 1 not finite")
check.tensor(flux.zeros(3), {0, 0, 0})
check.tensor(flux.ones {2, 1}, {{1}, {1}})
check.tensor(flux.full({1, 2}, 7.5), {{7.5, 7.5}})
check.tensor(flux.linspace(0, 1, 5), {0, 0.25, 0.5, 0.75, 1})
check.tensor(flux.linspace(3, 9, 1), {3})
check.equal(flux.randn({4, 8}, {seed = 5}), flux.randn({4, 8}, {seed = 5}))
check.differ(flux.randn({4, 8}, {seed = 5}), flux.randn({4, 8}, {seed = 6}))
check.near(flux.randn(20000, {seed = 1}):mean(), 0, 0.02)
check.near(flux.randn(20000, {seed = 1}):std(), 1, 0.02)

-- As PyTorch draws it: torch.manual_seed(0); torch.randn(2, 8).
check.near(flux.randn({2, 8}, {seed = 0})[1], flux.tensor {-1.1258, -1.1524, -0.2506, -0.4339, 0.8487, 0.6920, -0.3160, -2.1152}, 1e-4)

-- Arithmetic, with numbers on either side, and broadcasting
check.tensor(t + 1, {{2, 3, 4}, {5, 6, 7}})
check.tensor(1 - t, {{0, -1, -2}, {-3, -4, -5}})
check.tensor(t * t, {{1, 4, 9}, {16, 25, 36}})
check.tensor(6 / t, {{6, 3, 2}, {1.5, 1.2, 1}})
check.tensor(t ^ 2, {{1, 4, 9}, {16, 25, 36}})
check.tensor(2 ^ t, {{2, 4, 8}, {16, 32, 64}})
check.tensor(-t, {{-1, -2, -3}, {-4, -5, -6}})
check.tensor(t + flux.tensor {10, 20, 30}, {{11, 22, 33}, {14, 25, 36}})
check.tensor(flux.tensor {{10}, {20}} - t, {{9, 8, 7}, {16, 15, 14}})
check.tensor(flux.tensor {{1}, {2}} * flux.tensor {3, 4}, {{3, 4}, {6, 8}})
check.tensor(t:add(1), {{2, 3, 4}, {5, 6, 7}})
check.tensor(t:sub(flux.tensor {1, 1, 1}), {{0, 1, 2}, {3, 4, 5}})
check.tensor(t:mul(2), {{2, 4, 6}, {8, 10, 12}})
check.tensor(t:div(2), {{0.5, 1, 1.5}, {2, 2.5, 3}})
check.tensor(t:pow(2), {{1, 4, 9}, {16, 25, 36}})
assert(t == t:clone() and t ~= t + 1 and t ~= flux.tensor {1, 2, 3, 4, 5, 6})
check.error([[add: a Tensor and "x" (a string) do not go together]], function() return t + "x" end)
check.error("mul: nil and a Tensor do not go together", function() return nil * t end)
check.error("add: tensors of shape [2, 3] and [2] do not go together", function() return t + flux.ones(2) end)
check.error("add: 'x' must be a number or a Tensor, got nothing", function() t:add() end)

-- Functions of each element
local x = flux.tensor {-1.5, 0.5, 2.5}
check.tensor(x:abs(), {1.5, 0.5, 2.5})
check.tensor(x:round(), {-2, 0, 2})
check.tensor(x:clamp(-1, 1), {-1, 0.5, 1})
check.tensor((x * x):sqrt(), {1.5, 0.5, 2.5})
check.near(x:exp(), flux.tensor {math.exp(-1.5), math.exp(0.5), math.exp(2.5)}, 1e-5)
check.near(x:abs():log(), flux.tensor {math.log(1.5), math.log(0.5), math.log(2.5)}, 1e-6)
check.near(x:tanh():get(2), 0.46211716, 1e-6)
check.near(x:sigmoid():get(3), 0.92414182, 1e-6)
check.tensor(x:map(function(v) return v * 10 end), {-15, 5, 25})
check.error("map: the function must return a number, got \"a\" (a string)", function() x:map(function() return "a" end) end)
check.error("map: 'f' must be a function, got 3", function() x:map(3) end)
check.error("clamp: 'high' must be a number, got nothing", function() x:clamp(1) end)

-- What it amounts to: of all, and along an axis
check.equal(t:sum(), 21.0)
check.equal(t:mean(), 3.5)
check.near(t:std(), 1.8708287, 1e-6)
check.equal(t:min(), 1.0)
check.equal(t:max(), 6.0)
check.near(t:norm(), 9.539392, 1e-6)
check.tensor(t:sum(1), {5, 7, 9})
check.tensor(t:sum(2), {6, 15})
check.tensor(t:mean(2), {2, 5})
check.tensor(t:min(1), {1, 2, 3})
check.tensor(t:max(2), {3, 6})
check.near(t:std(1), flux.full(3, 2.1213203), 1e-6)
check.near(t:norm(2), flux.tensor {3.7416574, 8.774964}, 1e-6)
check.equal(t:dot(t), 91.0)
check.error("sum: 'dim' must be from 1 to 2, got 3", function() t:sum(3) end)
check.error("sum: 'dim' must be a whole number of at least 1, got 0", function() t:sum(0) end)
check.error("dot: 6 and 5 elements do not go together", function() t:dot(flux.ones(5)) end)

-- Elements
check.tensor(t[2], {4, 5, 6})
check.equal(t[2][3], 6.0)
check.equal(t:get(2, 3), 6.0)
check.equal(t:clone():set(2, 3, 9):get(2, 3), 9.0)
check.equal(t:get(2, 3), 6.0)
local rows = 0
for i, row in ipairs(t) do rows = rows + i * row:sum() end
check.equal(rows, 36.0)
check.list(t:totable()[1], {1, 2, 3})
check.error("tensor: index 4 is outside of the first axis, which has 2", function() return t[4] end)
check.error("tensor: index 0 is outside of the first axis, which has 2", function() return t[0] end)
check.error("get: takes 2 indices for the shape [2, 3], got 1", function() t:get(1) end)
check.error("get: index 4 is outside of axis 2, which has 3", function() t:get(2, 4) end)
check.error("get: 'index' must be a whole number, got \"a\" (a string)", function() t:get("a", 1) end)
check.error("set: takes 2 indices for the shape [2, 3], got 0", function() t:set(9) end)
check.error("set: takes whole indices, then a value", function() t:set(1.5, 1, 2) end)

-- Shapes
check.tensor(t:reshape(3, 2), {{1, 2}, {3, 4}, {5, 6}})
check.tensor(t:permute(2, 1), {{1, 4}, {2, 5}, {3, 6}})
check.list(flux.zeros {2, 3, 4}:permute(3, 1, 2).shape, {4, 2, 3})
check.tensor(t:narrow(2, 2, 2), {{2, 3}, {5, 6}})
check.tensor(t:narrow(1, 2, 1), {{4, 5, 6}})
check.tensor(flux.tensor {1, 2}:expand(3, 2), {{1, 2}, {1, 2}, {1, 2}})
check.error("reshape: 6 elements do not fill the shape [4, 2]", function() t:reshape(4, 2) end)
check.error("permute: takes each of the 2 axes once, got [1, 1]", function() t:permute(1, 1) end)
check.error("narrow: 3 entries from 2 on are outside of axis 2, which has 3", function() t:narrow(2, 2, 3) end)
check.error("narrow: 'dim' must be from 1 to 2, got 3", function() t:narrow(3, 1, 1) end)
check.error("expand: the shape [2, 3] does not expand to [3, 3]", function() t:expand(3, 3) end)

-- In place: the same object, and nobody else's
local a = t:clone()
local b = a
check.equal(rawequal(a:add_(1), b), true)
check.tensor(b, {{2, 3, 4}, {5, 6, 7}})
check.tensor(a:sub_(1):mul_(2):div_(4):pow_(2), {{0.25, 1, 2.25}, {4, 6.25, 9}})
check.tensor(a:sqrt_():mul_(2):clamp_(2, 5), {{2, 2, 3}, {4, 5, 5}})
check.tensor(a:fill_(-1):abs_():log_():exp_():tanh_():round_():sigmoid_():sub_(a), {{0, 0, 0}, {0, 0, 0}})
check.tensor(t, {{1, 2, 3}, {4, 5, 6}})
check.error("add_: the result of shape [3, 2, 3] does not fit into [2, 3]", function() a:add_(flux.ones {3, 2, 3}) end)

-- Between two
check.tensor(flux.lerp(t, t * 3, 0.5), {{2, 4, 6}, {8, 10, 12}})
check.error("lerp: tensors of shape [2, 3] and [3, 2] do not go together", flux.lerp, t, flux.ones {3, 2}, 0.5)
check.error("lerp: 't' must be a number, got nothing", flux.lerp, t, t)

-- Files
t:save "sub/t.safetensors"
check.equal(flux.tensor "sub/t.safetensors", t)
t:save("named.safetensors", "field")
check.equal(flux.tensor("named.safetensors", "field"), t)
check.error_matches("tensor: .*named%.safetensors: no tensor 'fiedl'", flux.tensor, "named.safetensors", "fiedl")
check.error("save: 't' must end in .safetensors or .npy", function() t:save "t" end)
check.error("save: 'path' must be a string, got 5", function() t:save(5) end)
check.error_matches("save: '%.%./t%.safetensors' leads out of its folder with '%.%.'; recipes write to .*, and elsewhere with %-%-allow%-write FOLDER",
                    function() t:save "../t.safetensors" end)
check.error_matches("tensor: there is no file 'nix%.safetensors' in the recipe's folder %(.*%) or in the output folder %(.*%)", flux.tensor, "nix.safetensors")

-- What cannot be made
check.error("tensor: 'source' must be a list of numbers, or of lists, without holes or names", flux.tensor, {})
check.error("tensor: 'source' must be a list of numbers, or of lists, without holes or names", flux.tensor, {1, nil, 3})
check.error("tensor: 'source' must be lists of equal length", flux.tensor, {{1}, {2, 3}})
check.error([[tensor: 'source' must be a list of numbers, got "a" (a string)]], flux.tensor, {"a"})
check.error("tensor: 'source' must be a .safetensors or .npy file, or a list of numbers, got true", flux.tensor, true)
check.error("zeros: entry 2 of 'shape' must be a whole number of at least 1, got 0", flux.zeros, {2, 0})
check.error("zeros: 'shape' must be a shape: a number, or a list of them, got nothing", flux.zeros)
check.error("zeros: the shape [1000000000000] has too many elements; the most is 1073741824", flux.zeros, 1e12)
check.error("ones: the shape [4611686018427387904, 4611686018427387904] has too many elements; the most is 1073741824", flux.ones, {1 << 62, 1 << 62})
check.error("full: 'value' must be a number, got nothing", flux.full, 3)
check.error("randn: no option 'sed'; did you mean 'seed'?", flux.randn, 3, {sed = 1})
check.error("linspace: 'count' must be a whole number from 1 to 1000000, got 0", flux.linspace, 0, 1, 0)
check.error("tensor: a Tensor has no 'shpe'; did you mean 'shape'?", function() return t.shpe end)
check.error("tensor: 'fft' of a Tensor is not in this version yet", function() return t:fft() end)
check.error("tensor: 'shape' of a Tensor cannot be set", function() t.shape = {6} end)

-- Closed early, every use is an error.
local gone
do local c <close> = t:clone(); gone = c end
check.equal(tostring(gone), "Tensor (closed)")
check.error("sum: the Tensor has been closed", function() gone:sum() end)
check.error("add: a Tensor and 1 do not go together", function() return gone + 1 end)
check.error("lerp: 'a' has been closed", flux.lerp, gone, t, 0.5)

-- Joining and blending
local a, b = flux.tensor {{1, 2}}, flux.tensor {{3, 4}, {5, 6}}
check.tensor(flux.cat {a, b}, {{1, 2}, {3, 4}, {5, 6}})
check.tensor(flux.stack {a, a}, {{{1, 2}}, {{1, 2}}})
check.error("cat: tensors of shape [1, 2] and [3] do not go together", flux.cat, {a, flux.ones(3)})
check.error("stack: tensors of shape [1, 2] and [2, 2] do not go together", flux.stack, {a, b})
local x, y = flux.noise {size = 64, seed = 1}, flux.noise {size = 64, seed = 2}
check.near(flux.slerp(x, y, 0.5):std(), x:std(), 0.03)
check.near(flux.slerp(x, y, 0), x, 1e-6)
assert(flux.lerp(x, y, 0.5):std() < 0.8)
check.error("slerp: tensors of shape [1, 2] and [2, 2] do not go together", flux.slerp, a, b, 0.5)
