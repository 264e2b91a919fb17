---@meta flux
-- Made from the program's own declarations by: fluxlua manual --write-editor-files FOLDER
-- Changes here are lost.

---A sampler that is inside.
---@alias flux.SamplerName
---| "euler" # first order, one call a step: FLUX.1's own
---| "heun" # second order, two calls a step
---| "dpm_2" # second order by the midpoint, two calls a step
---| "euler_ancestral" # euler with fresh noise in each step; takes eta
---| "dpmpp_2m" # second order from the last two steps, one call a step
---| "dpmpp_2m_sde" # the same with fresh noise; takes eta
---| "dpmpp_sde" # second order with fresh noise, two calls a step; takes eta
---| "lcm" # to the clean picture and noised again: for models distilled to few steps
---| "uni_pc" # predicts and corrects, one call a step
---| "deis" # an exponential integrator with a polynomial through the last steps
---| "ipndm" # a linear multistep of up to fourth order
---| "res_multistep" # a multistep with refined exponential weights
---| "gradient_estimation" # euler along a velocity that the last one corrects
---| "lms" # linear multistep, fourth order
---| "er_sde" # extended reverse-time SDE, third order; takes eta

---A kind of picture that a Union ControlNet knows.
---@alias flux.ControlMode
---| "canny" # edges, white on black
---| "tile" # the picture itself, coarse: details are made anew
---| "depth" # a depth map, near is light
---| "blur" # the picture, blurred
---| "pose" # skeletons, as OpenPose draws them
---| "gray" # the picture without colour
---| "lq" # the picture in low quality, to be mended

---A way to space the noise levels.
---@alias flux.ScheduleName
---| "flux" # even, then shifted: the model's own, as diffusers has it
---| "simple" # even picks from the model's table
---| "normal" # even from the highest to the lowest level of the table, shifted once more
---| "sgm_uniform" # as normal with a step more, which is left out
---| "karras" # even in the seventh root
---| "exponential" # even in the logarithm
---| "beta" # even in the quantiles of Beta(0.6, 0.6), which has most at both ends
---| "linear_quadratic" # half of the steps for the first fortieth, the rest falling ever faster
---| "kl_optimal" # even in the arctangent
---| "ddim_uniform" # every q-th level of the table: begins below 1

---How the two passes of cfg become one velocity.
---@alias flux.Combination
---| "plain" # negative + scale × (positive − negative)
---| "rescale" # the same with the spread of the positive pass, so that high scales do not burn
---| "cfg_zero" # CFG-Zero*: the negative is first scaled to fit the positive one
---| "apg" # adaptive projected guidance: only what is new in direction counts in full

---Whose random numbers a seed means.
---@alias flux.NoiseKind
---| "torch" # PyTorch's CPU generator in float32: diffusers on a CPU generator, ComfyUI
---| "torch-bf16" # the same, rounded to bfloat16
---| "a1111" # AUTOMATIC1111's NV: each picture of a batch has the next seed
---| "cuda:T4" # PyTorch on that card
---| "cuda:RTX 3060" # PyTorch on that card
---| "cuda:L4" # PyTorch on that card
---| "cuda:A10G" # PyTorch on that card
---| "cuda:RTX 3090" # PyTorch on that card
---| "cuda:RTX 4090" # PyTorch on that card
---| "cuda:A100" # PyTorch on that card
---| "cuda:H100 PCIe" # PyTorch on that card
---| "cuda:RTX 5090" # PyTorch on that card
---| "cuda:H100 SXM" # PyTorch on that card
---| string # cuda:<threads>: PyTorch on a card that keeps this many threads resident

---A sampler of your own: it gives the latents at step.next from x, those at step.sigma.
---@alias flux.Sampler fun(x: flux.Tensor, step: flux.Step, velocity: flux.Velocity): flux.Tensor

---@class (exact) flux.Source
---@field [1]? string The folder that gives what is not named.
---@field transformer? string The folder or file of the transformer.
---@field t5? string The folder or file of the T5 encoder: text_encoder_2, t5xxl_fp16.safetensors.
---@field clip? string The folder or file of the CLIP encoder: text_encoder, clip_l.safetensors.
---@field vae? string The folder or file of the autoencoder: vae, ae.safetensors.
---@field tokenizers? string A folder with tokenizer and tokenizer_2.
---@field scheduler? string The folder of the scheduler.

---@class (exact) flux.LoadOptions
---@field precision? "auto"|"f32"|"bf16"|"int8" How weights are kept; what --precision says by default.
---@field lora? (table<string, number|number[]|flux.LoRAOptions|fun(step: flux.Step): number>|{ [1]: string, [2]: number|number[]|fun(step: flux.Step): number }[]) Adapters beside the weights: { ["file"] = scale }, or a list of {file, scale}.
---@field memory? string What the model may take with everything that it computes: "12GB"; what --memory-limit says by default, else the machine's memory.

---@class (exact) flux.LoRAOptions
---@field scale? (number|number[]|fun(step: flux.Step): number) How much of it; 1 by default.
---@field text? number How much of what it says of the text encoders; as much as scale by default.
---@field partial? boolean Whether parts of it that the model has no place for may be left out.
---@field merge? boolean Whether it becomes part of the transformer's weights, which takes a while once and then nothing at each step; scale is one number. Left out: the faster way.

---@class (exact) flux.ConditioningParts
---@field sequence flux.Tensor [tokens, T5 width].
---@field pooled flux.Tensor [CLIP width].

---@class (exact) flux.CanvasOptions
---@field size integer|integer[] Pixels.
---@field fill? string|number Its colour; black by default.

---@class (exact) flux.NoiseOptions
---@field seed? integer Of the generator.
---@field size? integer|integer[] Pixels of the picture.
---@field like? flux.Tensor A Tensor whose shape it takes, instead of a size.
---@field batch? integer Pictures drawn one after the other.
---@field rng? flux.NoiseKind Whose random numbers; PyTorch's on a CPU by default.

---@class (exact) flux.RandomOptions
---@field seed? integer Of the generator; 0 by default.

---@class (exact) flux.WildcardOptions
---@field seed? integer Of the choices.
---@field count? integer How many prompts to draw, as a list; one, as a text, by default.
---@field all? boolean Every prompt, as a list in the order written.

---@class (exact) flux.MaskOptions
---@field size integer|integer[] Pixels.
---@field value? number How light it is; 0, dark, by default.

---@class (exact) flux.PoseOptions
---@field size integer|integer[] Pixels.
---@field people (table<string, number[]>|(number[]|false)[])[] Each a table of joints in pixels: { nose = {x, y}, neck = {x, y}, … }, or a list of OpenPose's 18 points with false for what is hidden.
---@field stick? number Half the width of limbs in pixels; 4 in a picture of 512 by default.

---@class (exact) flux.SheetOptions
---@field columns? integer Pictures in a row; about a square by default.
---@field labels? string[] A text below each.
---@field title? string A text above all.
---@field gap? integer Pixels between pictures.
---@field background? string|number The colour between them.

---@class (exact) flux.SweepOptions
---@field name? string Tells it from other sweeps of the recipe; a part of the cells' names.
---@field where? fun(cell: table): boolean Which cells there are, by their values.
---@field samples? integer How many points are drawn, where axes are flux.uniform or flux.choice.
---@field sampling? "halton"|"random" "halton" covers evenly (default), "random" is independent.
---@field sampling_seed? integer Of the points; 0 by default.

---@class (exact) flux.PlotOptions
---@field title? string A text above all.
---@field x? string What goes across.
---@field y? string What goes up.
---@field size? integer[] {width, height} in pixels; {800, 500} by default.

---@class (exact) flux.Closeness
---@field rtol? number Of the other's size; 1e-5 by default.
---@field atol? number Whatever the size; 1e-8 by default.

---@class (exact) flux.CannyOptions
---@field low? number Slopes above it belong to an edge that they touch; 100 by default.
---@field high? number Slopes above it are an edge; 200 by default.
---@field blur? number The pixels of a Gaussian blur before all else; 0, none, by default.

---@class (exact) flux.DepthOptions
---@field invert? boolean Whether near is dark in it, and becomes light.
---@field stretch? boolean Whether its values are stretched from black to white; true by default.

---@class (exact) flux.SaveOptions
---@field text? table<string, string> Further texts for the picture to carry.
---@field quality? integer Of JPEG and WebP.

---@class (exact) flux.PromptText
---@field prompt? string What both encoders read.
---@field clip? string What CLIP reads instead.
---@field t5? string What T5 reads instead.
---@field max_length? integer Tokens that T5's text is padded or cut to; the model's own by default.
---@field weights? boolean Whether (word:1.2) makes a word weigh more, as in ComfyUI; otherwise it is text.

---@class (exact) flux.GenerateOptions
---@field size? integer|integer[] Of the picture in pixels; the model's own by default.
---@field seed? integer|integer[] Of the noise; with batch one generator draws on, a list gives one each.
---@field batch? integer Pictures at once.
---@field rng? flux.NoiseKind Whose random numbers the seeds mean, for the noise at the start and that of stochastic samplers; PyTorch's on a CPU by default.
---@field noise? (flux.Tensor|fun(about: { index: integer, seed: integer, size: integer[] }): flux.Tensor) What to start from; a function of {index=, seed=, size=} gives one picture's.
---@field image? flux.Image A picture to start from; of the aspect of the size.
---@field strength? number The share of the schedule that the picture is noised for; 1 is all.
---@field mask? flux.Image Paint only where this is light.
---@field padding? integer Paint just the mask and so many pixels around it, at the full size, and put that back into the picture.
---@field mask_grow? integer So many pixels more of the mask, or fewer where it is negative.
---@field mask_blur? number The pixels by which its edge is blurred after that, so that an overlay is mixed in there.
---@field overlay? boolean Whether the picture stays as it was, to the byte, where the mask is black; with padding it always does.
---@field reference? flux.Image|{ [integer]: flux.Image, snap: boolean? } A picture that Kontext looks at and changes by words, or a list of them; snap = false in the list keeps their sizes.
---@field redux? flux.ReduxOptions Pictures behind the words of the prompt, by FLUX.1 Redux.
---@field steps? integer Steps, spaced as the model wants them.
---@field schedule? flux.Schedule|number[] The noise levels to go through, instead of steps; a list is used as it is.
---@field shift? "auto"|number|false "auto" is the model's own, for counts and names; a factor is for whatever is given.
---@field sampler? flux.SamplerName|flux.Sampler The integrator; function(x, step, velocity) gives the latents at step.next.
---@field eta? (number|number[]|fun(step: flux.Step): number) How much noise a stochastic sampler renews; 0 is none.
---@field s_noise? (number|number[]|fun(step: flux.Step): number) The size of that noise.
---@field guidance? (number|number[]|fun(step: flux.Step): number) Distilled guidance, of models that have it; the model's own by default.
---@field cfg? flux.CFGOptions Two-pass guidance, away from a negative prompt.
---@field lora? (table<string, number|number[]|flux.LoRAOptions|fun(step: flux.Step): number>|{ [1]: string, [2]: number|number[]|fun(step: flux.Step): number }[]) Adapters beside the weights, after those of the model: { ["file"] = scale }, or a list of {file, scale}.
---@field control? flux.ControlOptions|flux.ControlOptions[] Pictures that steer: edges, depth, poses, through ControlNets or a model's own (Canny, Depth); one table, or a list of them.
---@field cache? flux.CacheOptions Spares blocks of the transformer where the first one says nearly what it said before: faster, and a little off.
---@field tile? integer|false Pixels along each side of the tiles that the picture is decoded in, false for the whole at once; tiles where memory demands them by default.
---@field before_step? fun(step: flux.Step): flux.Tensor|false|nil Sees each step before it is made and may change it; nil carries on, false stops, a Tensor replaces its latents.
---@field on_step? fun(step: flux.Step): flux.Tensor|false|nil Sees each step once it is made and may change its latents; nil carries on, false stops, a Tensor replaces them.
---@field checkpoint? flux.CheckpointOptions Keeps a picture that is interrupted, so that the same call goes on with it.

---@class (exact) flux.ReduxOptions
---@field model string The folder of FLUX.1 Redux, with image_encoder and image_embedder.
---@field image flux.Image|(flux.Image|flux.ReduxPicture)[] A picture, or a list of pictures and of { image =, weight =, pooled =, strength = }.
---@field weight? number The share of each picture in the sequence of text and pictures; equal shares of 1 by default.
---@field pooled? number Its share of the pooled text; as much as weight by default.
---@field strength? number From 0, where a picture's tokens are the text's own drawn out to their number, to 1, by default, where they are all the picture's.

---@class (exact) flux.ReduxPicture
---@field image flux.Image A picture.
---@field weight? number Its share of the sequence.
---@field pooled? number Its share of the pooled text.
---@field strength? number How much its tokens are its own.

---@class (exact) flux.CFGOptions
---@field scale (number|number[]|fun(step: flux.Step): number) How far away from the negative; 1 is not at all.
---@field negative? string|flux.PromptText|flux.Conditioning|(string|flux.PromptText|flux.Conditioning)[] What is not wanted; the empty text by default.
---@field from? number The share of the steps after which it begins.
---@field to? number The share of the steps with which it ends.
---@field combine? (flux.Combination|fun(positive: flux.Tensor, negative: flux.Tensor, step: flux.Step): flux.Tensor) How the two passes become one; function(positive, negative, step) works on velocities.

---@class (exact) flux.ControlOptions
---@field model? string The ControlNet: a folder or a file; none for a model that takes a control picture by itself (Canny, Depth).
---@field image flux.Image The picture that steers, of the aspect of the size: edges, a depth map, a pose.
---@field scale? (number|number[]|fun(step: flux.Step): number) How much of it; 1 by default.
---@field from? number The share of the steps after which it begins.
---@field to? number The share of the steps with which it ends.
---@field mode? flux.ControlMode|integer Which kind of picture it is, for a Union network.

---@class (exact) flux.CacheOptions
---@field threshold? number How far the first block's contribution may have moved, in shares of itself, for the others to be spared; 0 spares nothing, 0.05 by default.
---@field start? number The share of the steps after which it begins.
---@field stop? number The share of the steps with which it ends.

---@class (exact) flux.CheckpointOptions
---@field every? number Seconds; 60 by default, 0 is after every step.

---@class (exact) flux.BranchOptions
---@field prompt? string|flux.PromptText|flux.Conditioning|(string|flux.PromptText|flux.Conditioning)[] What is painted from here on.
---@field steps? integer Steps, spaced as the model wants them.
---@field schedule? flux.Schedule|number[] The noise levels to go through, instead of steps; a list is used as it is.
---@field shift? "auto"|number|false "auto" is the model's own, for counts and names; a factor is for whatever is given.
---@field sampler? flux.SamplerName|flux.Sampler The integrator; function(x, step, velocity) gives the latents at step.next.
---@field eta? (number|number[]|fun(step: flux.Step): number) How much noise a stochastic sampler renews; 0 is none.
---@field s_noise? (number|number[]|fun(step: flux.Step): number) The size of that noise.
---@field guidance? (number|number[]|fun(step: flux.Step): number) Distilled guidance, of models that have it; the model's own by default.
---@field cfg? flux.CFGOptions Two-pass guidance, away from a negative prompt.
---@field lora? (table<string, number|number[]|flux.LoRAOptions|fun(step: flux.Step): number>|{ [1]: string, [2]: number|number[]|fun(step: flux.Step): number }[]) Adapters beside the weights, after those of the model: { ["file"] = scale }, or a list of {file, scale}.
---@field control? flux.ControlOptions|flux.ControlOptions[] Pictures that steer: edges, depth, poses, through ControlNets or a model's own (Canny, Depth); one table, or a list of them.
---@field cache? flux.CacheOptions Spares blocks of the transformer where the first one says nearly what it said before: faster, and a little off.
---@field tile? integer|false Pixels along each side of the tiles that the picture is decoded in, false for the whole at once; tiles where memory demands them by default.
---@field before_step? fun(step: flux.Step): flux.Tensor|false|nil Sees each step before it is made and may change it; nil carries on, false stops, a Tensor replaces its latents.
---@field on_step? fun(step: flux.Step): flux.Tensor|false|nil Sees each step once it is made and may change its latents; nil carries on, false stops, a Tensor replaces them.

---@class (exact) flux.VelocityOptions
---@field guidance? number Distilled guidance; the model's own by default.
---@field control? flux.ControlOptions|flux.ControlOptions[] Pictures that steer, each with a scale that is one number.

---@class (exact) flux.DecodeOptions
---@field tile? integer|false Pixels along each side of the tiles that it is made in, false for the whole at once; tiles where memory demands them by default.

---@class (exact) flux.EncodeOptions
---@field sample? boolean Whether to draw from what the encoder makes, as diffusers does.
---@field seed? integer Of that draw.

---@class (exact) flux.SheetChoice
---@field columns? string The axis that goes across; without columns and rows cells follow each other.
---@field rows? string The axis that goes down.
---@field pages? string|string[] Axes whose values have pages of their own; all others by default.
---@field label? (boolean|fun(cell: flux.Cell, made: table): string?) Whether values stand below pictures, or a function that gives the text.
---@field title? string A text above all.
---@field cell_size? integer The longest side of a picture on it, in pixels; its own by default.

---@class (exact) flux.CellSaveOptions
---@field extra? table Plain values to record with it, such as a score.

---@class (exact) flux.SheetSaveOptions
---@field quality? integer Of JPEG and WebP.

---An array of 32-bit floats: latents, noise, embeddings.
---@class flux.Tensor
---@field shape integer[] The length of each axis.
---@field [integer] number|flux.Tensor
---@operator unm: flux.Tensor
---@operator len: integer
---@operator add(number): flux.Tensor
---@operator add(flux.Tensor): flux.Tensor
---@operator sub(number): flux.Tensor
---@operator sub(flux.Tensor): flux.Tensor
---@operator mul(number): flux.Tensor
---@operator mul(flux.Tensor): flux.Tensor
---@operator div(number): flux.Tensor
---@operator div(flux.Tensor): flux.Tensor
---@operator pow(number): flux.Tensor
---@operator pow(flux.Tensor): flux.Tensor
local Tensor = {}

---The sum of all elements, or along an axis.
---@param dim? integer The axis, from 1; all elements without it.
---@return number|flux.Tensor
---@nodiscard
---@overload fun(self: flux.Tensor): number
---@overload fun(self: flux.Tensor, dim: integer): flux.Tensor
function Tensor:sum(dim) end

---The mean, or along an axis.
---@param dim? integer The axis, from 1; all elements without it.
---@return number|flux.Tensor
---@nodiscard
---@overload fun(self: flux.Tensor): number
---@overload fun(self: flux.Tensor, dim: integer): flux.Tensor
function Tensor:mean(dim) end

---The sample standard deviation, or along an axis.
---@param dim? integer The axis, from 1; all elements without it.
---@return number|flux.Tensor
---@nodiscard
---@overload fun(self: flux.Tensor): number
---@overload fun(self: flux.Tensor, dim: integer): flux.Tensor
function Tensor:std(dim) end

---The least element, or along an axis.
---@param dim? integer The axis, from 1; all elements without it.
---@return number|flux.Tensor
---@nodiscard
---@overload fun(self: flux.Tensor): number
---@overload fun(self: flux.Tensor, dim: integer): flux.Tensor
function Tensor:min(dim) end

---The greatest element, or along an axis.
---@param dim? integer The axis, from 1; all elements without it.
---@return number|flux.Tensor
---@nodiscard
---@overload fun(self: flux.Tensor): number
---@overload fun(self: flux.Tensor, dim: integer): flux.Tensor
function Tensor:max(dim) end

---The Euclidean norm, or along an axis.
---@param dim? integer The axis, from 1; all elements without it.
---@return number|flux.Tensor
---@nodiscard
---@overload fun(self: flux.Tensor): number
---@overload fun(self: flux.Tensor, dim: integer): flux.Tensor
function Tensor:norm(dim) end

---One element.
---@param ... integer A place on each axis, from 1.
---@return number
---@nodiscard
function Tensor:get(...) end

---Sets one element: set(i, j, …, value).
---@param ... number A place on each axis, from 1, then the new value.
---@return flux.Tensor
function Tensor:set(...) end

---`length` entries of axis `dim` from entry `from` on, as a copy.
---@param dim integer The axis, from 1.
---@param from integer The first entry, from 1.
---@param length integer How many entries.
---@return flux.Tensor
---@nodiscard
function Tensor:narrow(dim, from, length) end

---The same elements in another shape; one axis may be -1, and is as long as the elements make it.
---@param ... integer The length of each axis.
---@return flux.Tensor
---@nodiscard
function Tensor:reshape(...) end

---Axes of 1 repeated to this shape.
---@param ... integer The length of each axis.
---@return flux.Tensor
---@nodiscard
function Tensor:expand(...) end

---The axes in another order.
---@param ... integer Every axis once, in the new order.
---@return flux.Tensor
---@nodiscard
function Tensor:permute(...) end

---The sum of the products of all elements.
---@param other flux.Tensor As many elements.
---@return number
---@nodiscard
function Tensor:dot(other) end

---A function of each element; slow beside the methods above.
---@param f fun(x: number): number Gives the new value of each.
---@return flux.Tensor
---@nodiscard
function Tensor:map(f) end

---The same tensor plus a number or a tensor, in place.
---@param x number|flux.Tensor The other operand; shapes are matched as in NumPy.
---@return flux.Tensor
function Tensor:add_(x) end

---The same tensor minus a number or a tensor, in place.
---@param x number|flux.Tensor The other operand; shapes are matched as in NumPy.
---@return flux.Tensor
function Tensor:sub_(x) end

---The same tensor times a number or a tensor, in place.
---@param x number|flux.Tensor The other operand; shapes are matched as in NumPy.
---@return flux.Tensor
function Tensor:mul_(x) end

---The same tensor over a number or a tensor, in place.
---@param x number|flux.Tensor The other operand; shapes are matched as in NumPy.
---@return flux.Tensor
function Tensor:div_(x) end

---The same tensor to the power of a number or a tensor, in place.
---@param x number|flux.Tensor The other operand; shapes are matched as in NumPy.
---@return flux.Tensor
function Tensor:pow_(x) end

---Each element without its sign.
---@return flux.Tensor
---@nodiscard
function Tensor:abs() end

---Each element without its sign. In place.
---@return flux.Tensor
function Tensor:abs_() end

---e to the power of each element.
---@return flux.Tensor
---@nodiscard
function Tensor:exp() end

---e to the power of each element. In place.
---@return flux.Tensor
function Tensor:exp_() end

---The natural logarithm of each element.
---@return flux.Tensor
---@nodiscard
function Tensor:log() end

---The natural logarithm of each element. In place.
---@return flux.Tensor
function Tensor:log_() end

---The square root of each element.
---@return flux.Tensor
---@nodiscard
function Tensor:sqrt() end

---The square root of each element. In place.
---@return flux.Tensor
function Tensor:sqrt_() end

---The hyperbolic tangent of each element.
---@return flux.Tensor
---@nodiscard
function Tensor:tanh() end

---The hyperbolic tangent of each element. In place.
---@return flux.Tensor
function Tensor:tanh_() end

---1 / (1 + e^−x) of each element.
---@return flux.Tensor
---@nodiscard
function Tensor:sigmoid() end

---1 / (1 + e^−x) of each element. In place.
---@return flux.Tensor
function Tensor:sigmoid_() end

---Each element to the nearest whole number, halves to even.
---@return flux.Tensor
---@nodiscard
function Tensor:round() end

---Each element to the nearest whole number, halves to even. In place.
---@return flux.Tensor
function Tensor:round_() end

---No element below `low` or above `high`.
---@param low number The least.
---@param high number The greatest.
---@return flux.Tensor
---@nodiscard
function Tensor:clamp(low, high) end

---The same in place.
---@param low number The least.
---@param high number The greatest.
---@return flux.Tensor
function Tensor:clamp_(low, high) end

---Every element this number.
---@param value number The number.
---@return flux.Tensor
function Tensor:fill_(value) end

---The tensor plus a number or a tensor.
---@param x number|flux.Tensor The other operand; shapes are matched as in NumPy.
---@return flux.Tensor
---@nodiscard
function Tensor:add(x) end

---The tensor minus a number or a tensor.
---@param x number|flux.Tensor The other operand; shapes are matched as in NumPy.
---@return flux.Tensor
---@nodiscard
function Tensor:sub(x) end

---The tensor times a number or a tensor.
---@param x number|flux.Tensor The other operand; shapes are matched as in NumPy.
---@return flux.Tensor
---@nodiscard
function Tensor:mul(x) end

---The tensor over a number or a tensor.
---@param x number|flux.Tensor The other operand; shapes are matched as in NumPy.
---@return flux.Tensor
---@nodiscard
function Tensor:div(x) end

---The tensor to the power of a number or a tensor.
---@param x number|flux.Tensor The other operand; shapes are matched as in NumPy.
---@return flux.Tensor
---@nodiscard
function Tensor:pow(x) end

---1 where an element is less than a number or a tensor's, 0 elsewhere: for flux.where, or to be counted by :sum().
---@param x number|flux.Tensor What it is compared with; shapes are matched as in NumPy.
---@return flux.Tensor
---@nodiscard
function Tensor:lt(x) end

---1 where an element is at most a number or a tensor's, 0 elsewhere: for flux.where, or to be counted by :sum().
---@param x number|flux.Tensor What it is compared with; shapes are matched as in NumPy.
---@return flux.Tensor
---@nodiscard
function Tensor:le(x) end

---1 where an element is greater than a number or a tensor's, 0 elsewhere: for flux.where, or to be counted by :sum().
---@param x number|flux.Tensor What it is compared with; shapes are matched as in NumPy.
---@return flux.Tensor
---@nodiscard
function Tensor:gt(x) end

---1 where an element is at least a number or a tensor's, 0 elsewhere: for flux.where, or to be counted by :sum().
---@param x number|flux.Tensor What it is compared with; shapes are matched as in NumPy.
---@return flux.Tensor
---@nodiscard
function Tensor:ge(x) end

---1 where an element is equal to a number or a tensor's, 0 elsewhere: for flux.where, or to be counted by :sum().
---@param x number|flux.Tensor What it is compared with; shapes are matched as in NumPy.
---@return flux.Tensor
---@nodiscard
function Tensor:eq(x) end

---1 where an element is other than a number or a tensor's, 0 elsewhere: for flux.where, or to be counted by :sum().
---@param x number|flux.Tensor What it is compared with; shapes are matched as in NumPy.
---@return flux.Tensor
---@nodiscard
function Tensor:ne(x) end

---Whether all elements are near a number's or a tensor's: |a − b| ≤ atol + rtol·|b|, as NumPy's.
---@param x number|flux.Tensor What it is compared with; shapes are matched as in NumPy.
---@param options? flux.Closeness Named values.
---@return boolean
---@nodiscard
function Tensor:allclose(x, options) end

---The matrix product over the last two axes, as NumPy's: the axes before them are broadcast, a vector is a row or a column.
---@param other flux.Tensor […, n, k] for […, m, n].
---@return flux.Tensor|number
---@nodiscard
function Tensor:matmul(other) end

---A Gaussian blur over the last two axes (over the only one of a list), up to the distance 4 sigma; beyond the borders the outermost element goes on. SciPy's gaussian_filter with mode="nearest".
---@param sigma number How far it reaches, in elements; 0 changes nothing.
---@return flux.Tensor
---@nodiscard
function Tensor:blur(sigma) end

---All elements as nested lists.
---@return table
---@nodiscard
function Tensor:totable() end

---A copy.
---@return flux.Tensor
---@nodiscard
function Tensor:clone() end

---Writes a .safetensors file with this one tensor, or a .npy file, as the name ends.
---@param path string Where to, in the output folder.
---@param name? string What a .safetensors file calls it; "tensor" by default.
function Tensor:save(path, name) end

---What a prompt means to a model.
---@class flux.Conditioning
---@field tokens integer The length of the sequence.
---@field sequence flux.Tensor T5's states, [tokens, width].
---@field pooled flux.Tensor CLIP's pooled state, [width].
---@field text string? The prompt that it was made from.
---@operator add(flux.Conditioning): flux.Conditioning
---@operator sub(flux.Conditioning): flux.Conditioning
---@operator mul(number): flux.Conditioning
---@operator mul(flux.Conditioning): flux.Conditioning
---@operator div(number): flux.Conditioning
---@operator div(flux.Conditioning): flux.Conditioning
---@operator unm: flux.Conditioning
local Conditioning = {}

---The weighted sum of this and others: mix{ {conditioning, weight}, … } adds to it.
---@param parts { [1]: flux.Conditioning, [2]: number }[] Each with its weight.
---@return flux.Conditioning
---@nodiscard
function Conditioning:mix(parts) end

---Writes a .safetensors file with both tensors and the text: flux.conditioning(path) reads it.
---@param path string Where to, in the output folder.
function Conditioning:save(path) end

---A picture.
---@class flux.Image
---@field width integer Pixels.
---@field height integer Pixels.
---@field channels integer 3 for colour, 1 for grey.
---@field text table<string, string> The texts that the picture carries, by their keys.
local Image = {}

---The structural similarity to another picture, 1 for equal ones; as scikit-image defines it.
---@param other flux.Image The picture to compare with.
---@return number
---@nodiscard
function Image:ssim(other) end

---A short text that is the same for equal pictures.
---@return string
---@nodiscard
function Image:hash() end

---Its edges, white on black: Canny's, as OpenCV finds them.
---@param options? flux.CannyOptions Named values.
---@return flux.Image
---@nodiscard
function Image:canny(options) end

---What is left of it at a fraction of its size: for Tile controls, which paint the details anew.
---@param factor? integer How many times smaller; 4 by default.
---@return flux.Image
---@nodiscard
function Image:tile(factor) end

---A depth map as models want it: grey, from black, far, to white, near.
---@param options? flux.DepthOptions Named values.
---@return flux.Image
---@nodiscard
function Image:depth(options) end

---A mask that reaches so many pixels further, or less far where the number is negative.
---@param pixels integer How far.
---@return flux.Image
---@nodiscard
function Image:grow(pixels) end

---With a filled rectangle: left, top, width, height in pixels, from 0 at the corner.
---@param x number From the left.
---@param y number From the top.
---@param width number Pixels.
---@param height number Pixels.
---@param colour? string|number What it is filled with.
---@return flux.Image
---@nodiscard
function Image:rect(x, y, width, height, colour) end

---With a filled ellipse in that rectangle.
---@param x number From the left.
---@param y number From the top.
---@param width number Pixels.
---@param height number Pixels.
---@param colour? string|number What it is filled with.
---@return flux.Image
---@nodiscard
function Image:ellipse(x, y, width, height, colour) end

---Another size: "lanczos" (default), "bicubic", "area" or "nearest", as Pillow's.
---@param width integer Pixels.
---@param height integer Pixels.
---@param filter? "lanczos"|"bicubic"|"area"|"nearest" How pixels are weighed; lanczos by default.
---@return flux.Image
---@nodiscard
function Image:resize(width, height, filter) end

---A piece: its left and top pixel, from 1, its width and height.
---@param x integer From the left.
---@param y integer From the top.
---@param width integer Pixels.
---@param height integer Pixels.
---@return flux.Image
---@nodiscard
function Image:crop(x, y, width, height) end

---With another picture on it, its left and top pixel at x and y; through a mask where one is given.
---@param other flux.Image What is pasted.
---@param x integer From the left.
---@param y integer From the top.
---@param mask? flux.Image Light where it is pasted.
---@return flux.Image
---@nodiscard
function Image:paste(other, x, y, mask) end

---Mirrored: "horizontal" or "vertical".
---@param way "horizontal"|"vertical" Which way.
---@return flux.Image
---@nodiscard
function Image:flip(way) end

---Without colour.
---@return flux.Image
---@nodiscard
function Image:grey() end

---Light for dark.
---@return flux.Image
---@nodiscard
function Image:invert() end

---A Gaussian blur of this many pixels.
---@param sigma number How far it reaches.
---@return flux.Image
---@nodiscard
function Image:blur(sigma) end

---With a text below it.
---@param text string Any text.
---@return flux.Image
---@nodiscard
function Image:label(text) end

---Writes a PNG, JPEG or WebP file, as the name ends, to the output folder unless the path says otherwise.
---@param path string Where to, in the output folder.
---@param options? flux.SaveOptions Named values.
function Image:save(path, options) end

---Draws the picture on the terminal, as finely as the terminal can; elsewhere a warning says that there is none.
function Image:show() end

---The likeness to another picture of the same size in decibels; math.huge for equal ones.
---@param other flux.Image The picture to compare with.
---@return number
---@nodiscard
function Image:psnr(other) end

---The pixels as a Tensor [channels, height, width] from 0 to 1.
---@return flux.Tensor
---@nodiscard
function Image:tensor() end

---The red, green and blue (or grey) of a pixel, from 0 to 255; from 1 at the top left.
---@param x integer From the left.
---@param y integer From the top.
---@return integer
---@return integer
---@return integer
---@nodiscard
function Image:pixel(x, y) end

---The noise levels that a picture goes through, from at most 1 down to 0.
---@class flux.Schedule
---@field steps integer The number of steps: one less than there are sigmas.
---@field [integer] number
---@operator concat(flux.Schedule): flux.Schedule
---@operator len: integer
local Schedule = {}

---More of the steps at high noise for a factor above 1: s·σ / (1 + (s − 1)·σ).
---@param factor number Above 0; 1 changes nothing.
---@return flux.Schedule
---@nodiscard
function Schedule:shift(factor) end

---The same with e^mu for the factor.
---@param mu number The logarithm of the factor.
---@return flux.Schedule
---@nodiscard
function Schedule:shift_mu(mu) end

---Shifted as the model wants it for pictures of this size.
---@param model flux.Model Whose shift.
---@param size? integer|integer[] Pixels of the picture; the model's own by default.
---@return flux.Schedule
---@nodiscard
function Schedule:shift_for(model, size) end

---The end of it, for a picture that is kept to 1 − strength.
---@param strength number The share of the steps that is kept.
---@return flux.Schedule
---@nodiscard
function Schedule:truncate(strength) end

---The sigmas from place i to place j, counted from 1; negative places count from the end.
---@param i integer The first place.
---@param j? integer The last place; the end by default.
---@return flux.Schedule
---@nodiscard
function Schedule:slice(i, j) end

---A function of each sigma; the result must fall.
---@param f fun(x: number): number Gives the new value of each.
---@return flux.Schedule
---@nodiscard
function Schedule:map(f) end

---The same ends with the widths in opposite order.
---@return flux.Schedule
---@nodiscard
function Schedule:reverse() end

---Draws its sigmas, step by step, as .svg or as a picture.
---@param path string Where to, in the output folder.
---@return flux.Schedule
---@nodiscard
function Schedule:plot(path) end

---A FLUX.1 model: prompts to pictures.
---@class flux.Model
---@field kind string "dev" (with distilled guidance), "schnell", "fill" or "control" (Canny, Depth), read from the tensors; "kontext" for a dev model that is called so.
---@field name string The folder, or what its files call it.
---@field hash string SHA-256 that names the weights.
---@field parameters integer The number of parameters.
---@field precision string How the weights are kept: "f32", "bf16" or "int8"; blocks of a GGUF file stay as they are, and are multiplied so.
---@field defaults { steps: integer, guidance: number?, size: integer, max_length: integer, schedule: flux.Schedule } Steps, guidance, size, max_length and schedule where a call says nothing.
local Model = {}

---What a prompt means to the model.
---@param prompt string|flux.PromptText For both encoders, or for each its own.
---@return flux.Conditioning
---@nodiscard
function Model:encode(prompt) end

---A model with adapters beside its weights, which both share. A map is applied in the order of its names, a list in its own.
---@param lora table<string, number|number[]|flux.LoRAOptions|fun(step: flux.Step): number>|{ [1]: string, [2]: number|number[]|fun(step: flux.Step): number }[] { ["file"] = scale }, or a list of {file, scale}; a scale is a number, a list or a function of the step.
---@return flux.Model
---@nodiscard
function Model:with_lora(lora) end

---How both tokenizers cut a text.
---@param text string Any text.
---@return { clip: { ids: integer[], pieces: string[] }, t5: { ids: integer[], pieces: string[] } }
---@nodiscard
function Model:tokens(text) end

---Paints a picture, or a list of them with batch above 1.
---@param prompt string|flux.PromptText|flux.Conditioning|(string|flux.PromptText|flux.Conditioning)[] What to paint; a list has one for each picture.
---@param options? flux.GenerateOptions Named values.
---@return flux.Image|flux.Image[]
function Model:generate(prompt, options) end

---The latents of a picture before they are decoded.
---@param prompt string|flux.PromptText|flux.Conditioning|(string|flux.PromptText|flux.Conditioning)[] What to paint; a list has one for each picture.
---@param options? flux.GenerateOptions Named values.
---@return flux.Tensor
function Model:sample(prompt, options) end

---The same loop, to be held by the recipe: call it, or use it in for.
---@param prompt string|flux.PromptText|flux.Conditioning|(string|flux.PromptText|flux.Conditioning)[] What to paint; a list has one for each picture.
---@param options? flux.GenerateOptions Named values.
---@return flux.Run
function Model:steps(prompt, options) end

---A run that was saved, going on to the same bytes; functions that it had are given again.
---@param path string A file that step:save or run:save wrote.
---@param options? flux.BranchOptions What shall be otherwise from here on.
---@return flux.Run
function Model:resume(path, options) end

---One call of the transformer: dx/dσ of latents at a noise level.
---@param latents flux.Tensor [16, height/8, width/8], or a batch of them.
---@param sigma number The noise level.
---@param conditioning flux.Conditioning What model:encode gives.
---@param options? flux.VelocityOptions Named values.
---@return flux.Tensor
---@nodiscard
function Model:velocity(latents, sigma, conditioning, options) end

---The picture of latents, or a list of them for a batch.
---@param latents flux.Tensor [16, height/8, width/8], or a batch of them.
---@param options? flux.DecodeOptions Named values.
---@return flux.Image|flux.Image[]
---@nodiscard
function Model:decode(latents, options) end

---A guess at the picture of latents, without the decoder; a list for a batch.
---@param latents flux.Tensor [16, height/8, width/8], or a batch of them.
---@return flux.Image|flux.Image[]
---@nodiscard
function Model:preview(latents) end

---The latents of a picture: the middle of what the encoder makes of it, or one sample.
---@param image flux.Image With sides in multiples of 16.
---@param options? flux.EncodeOptions Named values.
---@return flux.Tensor
---@nodiscard
function Model:encode_image(image, options) end

---One interval of the schedule.
---@class flux.Step
---@field index integer From 1.
---@field count integer How many there are.
---@field sigma number The noise level that it starts at.
---@field width number The way from sigma to next: negative.
---@field seed integer|integer[] Of the noise.
---@field velocity flux.Tensor? The first velocity that the sampler asked for, once the step is made.
---@field denoised flux.Tensor? What that velocity says the finished latents are, once the step is made.
---@field elapsed number Seconds since the loop began.
---@field memory table A table of the run, for whatever a sampler or a hook wants to keep.
---@field latents flux.Tensor At sigma before the step is made, at next after. Can be set.
---@field next number The noise level that it goes to. Can be set.
---@field guidance number Distilled guidance; nil for a model without. Can be set.
---@field conditioning flux.Conditioning|flux.Conditioning[] What the pictures are of. Can be set.
local Step = {}

---The picture of the latents as they are.
---@return flux.Image|flux.Image[]
---@nodiscard
function Step:decode() end

---A guess at that picture, without the decoder.
---@return flux.Image|flux.Image[]
---@nodiscard
function Step:preview() end

---Writes what it takes to go on from here: model:resume(path).
---@param path string Where to, in the output folder.
function Step:save(path) end

---A new Run that goes on from here, with other options or another prompt; what led here is not computed again.
---@param options? flux.BranchOptions What shall be otherwise from here on.
---@return flux.Run
function Step:branch(options) end

---Ends the loop after this step.
function Step:stop() end

---A loop that the recipe holds: call it for the next Step, or use it in for.
---@class flux.Run
---@field latents flux.Tensor As they are. Can be set.
---@field spared integer Evaluations of blocks that a step cache has spared so far.
---@overload fun(): flux.Step?
local Run = {}

---Writes what it takes to go on from here: model:resume(path).
---@param path string Where to, in the output folder.
function Run:save(path) end

---The picture of the latents as they are, or a list of them for a batch.
---@return flux.Image|flux.Image[]
---@nodiscard
function Run:image() end

---dx/dσ of latents at a noise level: velocity(x, sigma).
---@class flux.Velocity
---@overload fun(x: flux.Tensor, sigma: number): flux.Tensor
local Velocity = {}

---Cells over some axes: one picture for each combination of values.
---@class flux.Sweep
---@field name string What tells it from other sweeps of the recipe.
---@field planned integer How many cells this run has to make: its share of what is missing.
---@operator len: integer
local Sweep = {}

---The cells that are to be made, for a loop; those that are made already are left out, and under Slurm those of other tasks.
---@return fun(): flux.Cell?
---@nodiscard
function Sweep:cells() end

---Calls a function with each of them; what it returns is saved. When it fails, the others go on.
---@param f fun(cell: flux.Cell): flux.Image? Makes the picture of a cell.
function Sweep:each(f) end

---A cell by its number in written order.
---@param index integer From 1.
---@return flux.Cell
---@nodiscard
function Sweep:cell(index) end

---The cells whose pictures are there, whoever made them, as a list in written order.
---@return flux.Cell[]
---@nodiscard
function Sweep:done() end

---The cell for which a function gives the greatest number, and the number; nil while none is done. It sees each cell with what is recorded of it.
---@param f fun(cell: flux.Cell, made: table): number? Scores a cell; nil leaves it out.
---@return flux.Cell?
---@return number?
---@nodiscard
function Sweep:best(f) end

---The cells side by side, by one or two axes; further axes make further pages.
---@param options? flux.SheetChoice Named values.
---@return flux.Sheet
---@nodiscard
function Sweep:sheet(options) end

---Writes a page to look at: the cells by any two axes, with filters, a closer look and comparisons. One file that needs no network; full pictures are linked. Under a shard it is written once all cells are there.
---@param path string Where to, in the output folder; ends in .html.
function Sweep:report(path) end

---One combination of a sweep's values, with a field for each axis.
---@class flux.Cell
---@field id string Names the cell on every machine: a hash of the sweep's name, the axes and the values.
---@field index integer Its place in written order, from 1.
---@field label string Its values in words: "seed 1003, guidance 3.5".
---@field [integer] any
local Cell = {}

---Gives the cell its picture: cells/<id>.png in the output folder. It is written whole or not at all, then recorded.
---@param image flux.Image What model:generate gave.
---@param options? flux.CellSaveOptions Named values.
function Cell:save(image, options) end

---Records that the cell is left out, so that no run makes it.
---@param reason? string Why.
function Cell:skip(reason) end

---What is recorded of it: state, file, seconds, steps, memory, extra, reason, host; nil while there is nothing.
---@return table?
---@nodiscard
function Cell:record() end

---Its picture; nil while it is not made.
---@return flux.Image?
---@nodiscard
function Cell:picture() end

---A sweep's cells side by side.
---@class flux.Sheet
local Sheet = {}

---Writes a PNG, JPEG or WebP file; sheet.png becomes sheet-1.png and so on where there are pages, or more than one file can hold. Under a shard it is written once all cells are there.
---@param path string Where to, in the output folder.
---@param options? flux.SheetSaveOptions Named values.
function Sheet:save(path, options) end

---An axis of which values are drawn, by the option samples of flux.sweep.
---@class flux.Draw
local Draw = {}

---FLUX.1, as recipes reach it.
---@class fluxlib
---@field version string The version of fluxlua.
---@field host { cores: integer, memory: integer, isa: string, threads: integer } What the recipe runs on: processors, bytes of memory, instruction set, threads that work.
flux = {}

---The model that was chosen on the command line, or another: a folder, a .safetensors or .gguf file, a name of the hub that is on this machine.
---@param source? string|flux.Source A folder, a file, a name of the hub, or the parts of a model; what --model says by default.
---@param options? flux.LoadOptions Named values.
---@return flux.Model
---@nodiscard
function flux.load(source, options) end

---The models found on this machine, in $FLUXLUA_MODELS and in the hub's cache: name, path, kind, format, size in bytes, and what each lacks to run.
---@return { name: string, path: string, kind: string, format: string, size: integer, missing: string[] }[]
---@nodiscard
function flux.models() end

---Declares what may be set by --set, and gives the values.
---@param declarations table A default for each name, or { default, min =, max =, choices =, help = }.
---@return table
function flux.params(declarations) end

---The numbers from `from` to `to`, both included, as a list.
---@param from number The first.
---@param to number The last.
---@param step? number How far apart; 1 by default.
---@return number[]
---@nodiscard
function flux.range(from, to, step) end

---Writes a line to the log, formatted as by string.format.
---@param format string As for string.format.
---@param ... any What it takes.
function flux.log(format, ...) end

---Says what goes on: a line that moves on a terminal, plain lines now and then elsewhere.
---@param text string What goes on.
function flux.progress(text) end

---Seconds since the recipe began.
---@return number
---@nodiscard
function flux.elapsed() end

---The noise levels to visit: a number of steps, perhaps with a name or a function of u from 0 to 1, or a list of sigmas.
---@param n integer|number[] How many steps, or the sigmas themselves.
---@param kind? flux.ScheduleName|fun(u: number): number How a number of steps is spaced; as the model wants it by default.
---@return flux.Schedule
---@nodiscard
function flux.schedule(n, kind) end

---A Conditioning from a file that conditioning:save wrote, or from tensors.
---@param source string|flux.ConditioningParts A file, or both tensors by their names.
---@return flux.Conditioning
---@nodiscard
function flux.conditioning(source) end

---A picture from a PNG, JPEG or WebP file, from a Tensor [1 or 3, height, width] from 0 to 1, or of one colour: flux.image{ size = 512, fill = "navy" }.
---@param source string|flux.Tensor|flux.CanvasOptions A file, the pixels, or a size and a colour.
---@return flux.Image
---@nodiscard
function flux.image(source) end

---Straight between two Tensors or two Conditionings: a at 0, b at 1.
---@param a flux.Tensor|flux.Conditioning What is given at t = 0.
---@param b flux.Tensor|flux.Conditioning What is given at t = 1.
---@param t number How far from a to b; beyond 0 and 1 goes on.
---@return flux.Tensor|flux.Conditioning
---@nodiscard
---@overload fun(a: flux.Tensor, b: flux.Tensor, t: number): flux.Tensor
---@overload fun(a: flux.Conditioning, b: flux.Conditioning, t: number): flux.Conditioning
function flux.lerp(a, b, t) end

---Along the arc between two Tensors or two Conditionings: between two noises it stays noise of their size.
---@param a flux.Tensor|flux.Conditioning What is given at t = 0.
---@param b flux.Tensor|flux.Conditioning What is given at t = 1.
---@param t number How far from a to b; beyond 0 and 1 goes on.
---@return flux.Tensor|flux.Conditioning
---@nodiscard
---@overload fun(a: flux.Tensor, b: flux.Tensor, t: number): flux.Tensor
---@overload fun(a: flux.Conditioning, b: flux.Conditioning, t: number): flux.Conditioning
function flux.slerp(a, b, t) end

---Normal noise in the shape of latents, as PyTorch's CPU generator draws it.
---@param options? flux.NoiseOptions Named values.
---@return flux.Tensor
---@nodiscard
function flux.noise(options) end

---A Tensor from a .safetensors or .npy file, whose numbers are rounded to 32-bit floats, or from nested lists of numbers.
---@param source string|table A file, or the elements.
---@param name? string Which tensor of a .safetensors file that holds several.
---@return flux.Tensor
---@nodiscard
function flux.tensor(source, name) end

---A Tensor of zeros.
---@param shape integer|integer[] The length of each axis.
---@return flux.Tensor
---@nodiscard
function flux.zeros(shape) end

---A Tensor of ones.
---@param shape integer|integer[] The length of each axis.
---@return flux.Tensor
---@nodiscard
function flux.ones(shape) end

---A Tensor of one number.
---@param shape integer|integer[] The length of each axis.
---@param value number Every element.
---@return flux.Tensor
---@nodiscard
function flux.full(shape, value) end

---Normal noise, as torch.randn draws it.
---@param shape integer|integer[] The length of each axis.
---@param options? flux.RandomOptions Named values.
---@return flux.Tensor
---@nodiscard
function flux.randn(shape, options) end

---Even random numbers from 0 up to, but not including, 1, as torch.rand draws them.
---@param shape integer|integer[] The length of each axis.
---@param options? flux.RandomOptions Named values.
---@return flux.Tensor
---@nodiscard
function flux.rand(shape, options) end

---Even numbers from `from` to `to`, both included.
---@param from number The first.
---@param to number The last.
---@param count integer How many.
---@return flux.Tensor
---@nodiscard
function flux.linspace(from, to, count) end

---Numbers `step` apart, as NumPy's: arange(n) from 0, arange(from, to, step) from `from`, the end not included.
---@param from number The first; alone, the end of what begins at 0.
---@param to? number The end, not included.
---@param step? number How far apart; 1 by default.
---@return flux.Tensor
---@nodiscard
function flux.arange(from, to, step) end

---Of two numbers or tensors, the elements of `a` where the condition is not 0, and of `b` elsewhere: flux.where(x:gt(0), x, 0).
---@param condition flux.Tensor Such as x:lt(y).
---@param a number|flux.Tensor Where it holds.
---@param b number|flux.Tensor Where it does not; shapes are matched as in NumPy.
---@return flux.Tensor
---@nodiscard
function flux.where(condition, a, b) end

---Tensors one after the other along their first axis.
---@param tensors flux.Tensor[] What is joined, in order.
---@return flux.Tensor
---@nodiscard
function flux.cat(tensors) end

---Tensors of one shape along a new first axis.
---@param tensors flux.Tensor[] What is joined, in order.
---@return flux.Tensor
---@nodiscard
function flux.stack(tensors) end

---The lines of a text file as a list; empty ones and those that begin with # are left out.
---@param path string A text file.
---@return string[]
---@nodiscard
function flux.lines(path) end

---The rows of a CSV file as a list of tables; the first row holds the names.
---@param path string A CSV file.
---@return table[]
---@nodiscard
function flux.csv(path) end

---What a JSON file holds.
---@param path string A JSON file.
---@return any
---@nodiscard
function flux.json(path) end

---Prompts from a template such as "a {red|blue|3::green} __animal__"; lists come from wildcards/<name>.txt beside the recipe.
---@param template string Choices in braces, lists between double underscores.
---@param options? flux.WildcardOptions Named values.
---@return string|string[]
---@nodiscard
---@overload fun(template: string): string
function flux.wildcards(template, options) end

---A grey picture to draw a mask on: flux.mask{ size = 512 }:ellipse(100, 100, 300, 300):blur(8).
---@param options flux.MaskOptions Named values.
---@return flux.Image
---@nodiscard
function flux.mask(options) end

---Skeletons on black, as OpenPose draws them: flux.pose{ size = 512, people = { { nose = {256, 80}, neck = {256, 140} } } }.
---@param options flux.PoseOptions Named values.
---@return flux.Image
---@nodiscard
function flux.pose(options) end

---Pictures side by side on one.
---@param images flux.Image[] Row by row.
---@param options? flux.SheetOptions Named values.
---@return flux.Image
---@nodiscard
function flux.sheet(images, options) end

---Cells over axes: flux.sweep{ seed = flux.range(1, 4), guidance = {2, 5} }, in name order; or flux.sweep{ {"prompt", prompts}, {"seed", seeds} }, in the order written.
---@param axes flux.SweepOptions A list of values, flux.uniform or flux.choice for each axis, and options.
---@return flux.Sweep
---@nodiscard
function flux.sweep(axes) end

---An axis of numbers drawn between two: flux.sweep{ guidance = flux.uniform(1, 5), samples = 16 }.
---@param from number The least.
---@param to number The greatest.
---@param step? number Only numbers so far apart from the least on, such as 1 for whole ones.
---@return flux.Draw
---@nodiscard
function flux.uniform(from, to, step) end

---An axis of which one value is drawn for each sample.
---@param values any[] What is drawn from.
---@return flux.Draw
---@nodiscard
function flux.choice(values) end

---Curves over common axes, as a picture: flux.plot{ euler = {{1, 20}, {2, 28}}, heun = {{2, 25}, {4, 33}} }.
---@param curves table<string, (number|number[])[]> Points {x, y}, or numbers over 1, 2, 3, … by the curve's name.
---@param options? flux.PlotOptions Named values.
---@return flux.Image
---@nodiscard
function flux.plot(curves, options) end

---Runs a Lua file of the recipe's folder once, and gives what it returns.
---@param name string Palettes is palettes.lua, looks.ink is looks/ink.lua.
---@return any
function require(name) end

---@class oslib
os = {}

---Seconds of processor time.
---@return number
---@nodiscard
function os.clock() end

---The date and time as text or as a table.
---@param format? string
---@param time? integer
---@return string|osdate
---@nodiscard
function os.date(format, time) end

---Seconds from the second time to the first.
---@param later integer
---@param earlier integer
---@return number
---@nodiscard
function os.difftime(later, earlier) end

---Seconds since 1970.
---@param date? table
---@return integer
---@nodiscard
function os.time(date) end

---@class debuglib
debug = {}

---Where the program is, for messages.
---@param message? any
---@return string
---@nodiscard
function debug.traceback(message) end

return flux
