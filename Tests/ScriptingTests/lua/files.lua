-- Files of tensors and conditionings: every type and order that NumPy writes, what is written, and what cannot be read.
local check = require "_check"
local folder = "../../Fixtures/tensors/"

-- .npy
for _, name in ipairs {"little_f2", "little_f4", "little_f8", "big_f2", "big_f4", "big_f8", "i1", "little_i2", "little_i4", "little_i8", "big_i2", "big_i4", "big_i8",
                       "u1", "little_u2", "little_u4", "little_u8", "big_u8", "bool", "fortran", "version2", "version3", "list", "number"} do
  local read, expected = flux.tensor(folder .. name .. ".npy"), flux.tensor(folder .. "expected.safetensors", name)
  check.list(read.shape, expected.shape)
  if read ~= expected then error(name) end
end
local t = flux.tensor {{1, 2.5, -3}, {4, 5, 6}}
for _, x in ipairs {t, flux.ones(1), flux.arange(24):reshape(2, 3, 4), flux.full({1, 1}, 0 / 0), t / 0} do
  x:save "t.npy"
  x:save "t.npy"                                -- its own file may be replaced
  local back = flux.tensor "t.npy"
  check.list(back.shape, x.shape)
  check.equal(tostring(back), tostring(x))
end
t:save "deep/t.NPY"
check.equal(flux.tensor "deep/t.NPY", t)

-- .safetensors of every type
local floats, whole = flux.tensor(folder .. "expected.safetensors", "little_f4"), flux.tensor(folder .. "expected.safetensors", "little_i4")
local function read(name) return flux.tensor(folder .. "types.safetensors", name) end
check.equal(read "F64", floats)
check.equal(read "F16", flux.tensor(folder .. "expected.safetensors", "little_f2"))
local half = read "BF16"                        -- 8 bits of fraction, cut
check.near(half, floats, 300)
assert((half - floats):abs():le(floats:abs() / 128):min() == 1)
for _, name in ipairs {"I64", "I32", "I16", "I8"} do check.equal(read(name), whole) end
for _, name in ipairs {"U64", "U32", "U16", "U8"} do check.equal(read(name), whole:abs()) end
check.equal(read "BOOL", whole:gt(2))
check.tensor(read "F8_E4M3", {1, -1.5, 448, 2 ^ -9})
check.tensor(read "F8_E5M2", {1, -1.5, 57344, 2 ^ -16})
check.tensor(read "number", {7.5})
check.error_matches("tensor: '.*types%.safetensors' holds 15 tensors; name one of them: BF16, BOOL, F16, ", flux.tensor, folder .. "types.safetensors")

-- What cannot be read says why.
for name, message in pairs {
  complex = "elements of type '<c8' are no plain numbers; save it as float32: x.astype(\"float32\")",
  records = "the header is not what NumPy writes; the file is damaged",
  objects = "holds Python objects, which are a pickle and never opened; save it as numbers",
  empty = "the array of shape [0, 3] is empty",
} do
  local ok, got = pcall(flux.tensor, folder .. name .. ".npy")
  check.equal(ok, false)
  check.equal(got:match "tensors/%w+%.npy: .*$", "tensors/" .. name .. ".npy: " .. message)
end

-- Conditionings
local dev = flux.load "../../Fixtures/tiny-dev"
local fox = dev:encode {prompt = "ein \"Füchslein\", 狐", max_length = 8}
fox:save "fox.safetensors"
fox:save "fox.safetensors"
local back = flux.conditioning "fox.safetensors"
check.equal(back.text, fox.text)
check.equal(back.sequence, fox.sequence)
check.equal(back.pooled, fox.pooled)
check.equal(dev:sample(back, {size = 32, steps = 1}), dev:sample(fox, {size = 32, steps = 1}));
(fox / 2):save "half.safetensors"
check.equal(flux.conditioning "half.safetensors".text, nil)
check.equal(flux.conditioning "half.safetensors".sequence, fox.sequence / 2)
t:save "t.safetensors"
check.error_matches("conditioning: .*t%.safetensors: no tensor 'sequence'", flux.conditioning, "t.safetensors")
check.error_matches("tensor: .*fox%.safetensors' holds 2 tensors; name one of them: pooled, sequence", flux.tensor, "fox.safetensors")
