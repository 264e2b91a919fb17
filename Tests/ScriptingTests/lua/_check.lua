-- What the Lua tests assert with.
local check = {}

local function show(v) return type(v) == "string" and ("%q"):format(v) or tostring(v) end

function check.equal(got, expected)
  if got ~= expected then error(("expected %s, got %s"):format(show(expected), show(got)), 2) end
end

function check.differ(got, other)
  if got == other then error(("both are %s"):format(show(got)), 2) end
end

function check.list(got, expected)
  check.equal(#got, #expected)
  for i = 1, #expected do
    if got[i] ~= expected[i] then error(("entry %d: expected %s, got %s"):format(i, show(expected[i]), show(got[i])), 2) end
  end
end

-- Numbers or tensors that differ by no more than `most` anywhere.
function check.near(got, expected, most)
  local off = got - expected
  off = type(off) == "number" and math.abs(off) or off:abs():max()
  if not (off <= most) then error(("off by %g, allowed %g"):format(off, most), 2) end
end

-- A tensor with these elements, in nested lists.
function check.tensor(got, expected) check.equal(tostring(got), tostring(flux.tensor(expected))); check.equal(got, flux.tensor(expected)) end

-- The function must fail with exactly this message, its place apart.
function check.error(message, f, ...)
  local ok, got = pcall(f, ...)
  if ok then error("no error; expected: " .. message, 2) end
  local text = tostring(got):gsub("^[%w_]+%.lua:%d+: ", "")
  if text ~= message then error(("expected the error\n  %s\ngot\n  %s"):format(message, text), 2) end
end

function check.error_matches(pattern, f, ...)
  local ok, got = pcall(f, ...)
  if ok then error("no error; expected a match of " .. pattern, 2) end
  if not tostring(got):find(pattern) then error(("the error\n  %s\ndoes not match\n  %s"):format(tostring(got), pattern), 2) end
end

return check
