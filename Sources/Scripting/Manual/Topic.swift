/// A page about a rule, or about a list of names.
struct Topic {
  let names: [String]
  let summary: String
  let text: String
  /// Whose words stand below the text.
  var aliases: [String] = []

  var name: String { names[0] }

  static var all: [Topic] { lists + loop + world }

  private static var lists: [Topic] {
    [
      Topic(names: ["samplers"], summary: "The integrators that are inside.", text: """
        By name in the option sampler: { sampler = "heun" }. Those that take eta draw fresh noise in each step: eta = 0 is none, 1 usual, and
        s_noise is its size. A function is a sampler of your own: fluxlua manual sampler.
        """, aliases: ["SamplerName"]),
      Topic(names: ["schedules"], summary: "The ways to space the noise levels.", text: """
        By name in flux.schedule(n, name). Names and counts wait for a model, which shifts them as it was trained; lists and functions are raw:
        what is written is what runs.
        """, aliases: ["ScheduleName"]),
      Topic(names: ["combinations", "combine-names"], summary: "How the two passes of cfg become one velocity.", text: """
        By name in cfg = { scale = 3, negative = "…", combine = "apg" }; or a function(positive, negative, step) over velocities.
        """, aliases: ["Combination"]),
      Topic(names: ["random-numbers", "noise-kinds", "seeds"], summary: "Whose random numbers a seed means.", text: """
        In the option rng of generate and of flux.noise. Samplers that draw fresh noise in each step (euler_ancestral, dpmpp_2m_sde, dpmpp_sde,
        lcm, er_sde) take it from the same kind of generator: "torch" and "torch-bf16" from one that begins at the seed after the picture's, as ComfyUI
        on a CPU; "cuda:…" and "a1111" from the picture's own, which goes on after the noise at the start, as in diffusers and the web UI. The same recipe, model, seed and processor family give the same bytes, on every run and with
        any number of threads.
        """, aliases: ["NoiseKind"]),
    ]
  }

  private static var loop: [Topic] {
    [
      Topic(names: ["callbacks", "hooks"], summary: "What functions of the loop may answer.", text: """
        One rule for before_step and on_step:

          nil       carries on
          false     stops after this step and gives what is there
          a Tensor  replaces the latents

        Anything else is an error that says what came back. Latents that are changed in place count as replaced. before_step may set step.latents,
        step.guidance, step.conditioning and step.next; on_step may set step.latents. A step's fields can be read for good, its methods end
        with it. step.memory is a table that lives as long as the loop.
        """),
      Topic(names: ["per-step", "per-step-values"], summary: "A number, a list, or a function of the step.", text: """
        guidance, cfg.scale, the scales of LoRAs and controls, eta and s_noise are written in one of three ways:

          guidance = 3.5
          guidance = { 5, 4, 3 }                   the last one is held
          guidance = function(step) return 1 + 3 * step.sigma end
        """),
      Topic(names: ["lora", "loras", "adapters"], summary: "LoRA files beside the weights.", text: """
        Three places take them: flux.load(source, { lora = … }), model:with_lora { … }, which gives a Model that shares the weights, and the option lora of
        generate, sample and steps. A map is applied in the order of its names, a list in its own; a model's come before those of a call.

          lora = { ["ink.safetensors"] = 0.8 }
          lora = { ["ink.safetensors"] = function(step) return step.sigma end }
          lora = { {"ink.safetensors", 0.8}, {"fog.safetensors", { 1, 0.5, 0 }} }
          lora = { ["ink.safetensors"] = { scale = {1, 0}, text = 1 } }

        Files may be in the dialect of PEFT and diffusers, ai-toolkit, kohya, ComfyUI, Black Forest Labs, fal, XLabs, OneTrainer or SimpleTuner: LoRA, LoHa,
        LoKr, DoRA, or whole differences of weights, biases and norms. They work beside weights of every precision, and beside blocks of GGUF, and another scale costs
        nothing. What a file says of the text encoders is used where prompts are read: once, so a scale that changes needs a number for it, text. Layers that
        the model does not have are an error that names them, unless partial = true. Scale 0 is the model as it was, to the byte.

        merge = true makes a LoRA part of the transformer's weights: the first step waits for it, and the steps cost no more than without; its scale is one number. Without
        merge the faster way is taken: beside the weights for a LoRA of a small rank, merged for one that would cost more than a quarter of what its layers multiply
        (LoHa, LoKr, whole differences, great ranks), where the weights are f32 or bf16, the scale is one number and there is room for a second transformer. The
        control LoRAs of Black Forest Labs (Canny, Depth) make a dev model look at a picture: give it as control = { image = … }, without model.

        fluxlua inspect FILE --model MODEL tells dialect, rank, what it changes and what has no place.
        """),
      Topic(names: ["control", "controls", "controlnet"], summary: "Pictures that steer: edges, depth maps, poses.", text: """
        control = { model = …, image = … } in generate, sample and steps, or a list of such tables; what several say is added. model is a ControlNet for FLUX.1, a
        folder with config.json or a file, in the layout of InstantX and Shakker Labs (diffusers' FluxControlNetModel), or of XLabs, whose networks look at pixels. FLUX.1-Canny-dev and
        FLUX.1-Depth-dev take one picture by themselves, without model.

          control = { model = "union", image = edges, mode = "canny", scale = 0.7 }
          control = {
            { model = "union", image = pose, mode = "pose", scale = {1, 0.5} },
            { model = "depth", image = depth, from = 0.1, to = 0.8 },
          }

        Union networks want a mode, by its name or its number. from and to are shares of the steps. With cfg, what a network says to the prompt is used in both passes.

        Maps come from pictures: picture:canny(), :grey(), :blur(sigma), :tile(4); map:depth{ invert = true } for depth maps in which near is dark; and
        flux.pose{ size =, people = } draws skeletons from joints. Depth and pose of a photograph are for other programs to find.
        """, aliases: ["ControlMode"]),
      Topic(names: ["kontext", "reference", "references"], summary: "Pictures that are changed by words.", text: """
        reference = picture, for FLUX.1 Kontext: the prompt says what shall be otherwise. It is brought to the nearest of the 17 sizes that Kontext was trained on,
        unless the list says snap = false; where no size is asked for, the picture becomes as large as it.

          model:generate("make it night", { reference = picture })
          model:generate("both", { reference = { cup, spoon, snap = false } })

        Several lie beside each other, as in ComfyUI; diffusers knows one only.
        """),
      Topic(names: ["fill", "inpainting", "masks"], summary: "Painting where a mask is light.", text: """
        image and mask. Any model paints there by keeping the rest of the latents at every step; FLUX.1 Fill was made for it, sees the picture and the mask, and begins
        from noise alone unless strength says otherwise.

          mask_grow = 8            the mask reaches 8 pixels further
          mask_blur = 4            and its edge is blurred
          overlay = true           pixels stay, to the byte, where the mask is black
          padding = 32             only the mask and 32 pixels around it are painted,
                                   at the full size, and put back
        """),
      Topic(names: ["redux"], summary: "Pictures behind the words of a prompt.", text: """
        redux = { model = …, image = picture }: FLUX.1 Redux, a folder with image_encoder and image_embedder, turns pictures into text tokens.

          redux = { model = "FLUX.1-Redux-dev", image = cat, strength = 0.6 }
          redux = { model = "FLUX.1-Redux-dev",
                    image = { { image = cat, weight = 0.7 },
                              { image = dog, weight = 0.3 } } }

        The sequence is the sum of each picture's weight times (text, then the picture's tokens), as in diffusers; equal weights add up to 1. pooled weighs the pooled
        text. strength leads from 0, where a picture's tokens are the text's own, drawn out to their number, to 1, where they are the picture's alone.
        """),
      Topic(names: ["step-cache", "caching"], summary: "Blocks of the transformer that are spared.", text: """
        From one step to the next a picture often changes so little that most of the transformer would say again what it said before. With the option
        cache of generate, sample and steps, the first block tells: where what it adds has moved by less than the threshold since all blocks were last
        computed, in shares of itself, the others are taken to add what they added then.

          cache = {}                                  a threshold of 0.05
          cache = { threshold = 0.12 }                faster, and further off
          cache = { threshold = 0.12, start = 0.2, stop = 0.9 }

        start and stop are shares of the steps: before start and after stop every block is computed. Threshold 0 spares nothing, to the byte. The two
        passes of cfg, and the pictures of a batch, are remembered apart. Many small steps spare much, the four of a distilled model little or nothing.

        At the end of a run a line tells how many evaluations of blocks were spared; so does run.spared, and what the picture carries. Runs that are
        saved keep what is remembered, and go on to the same bytes; with changed options the next evaluation is made in full. fluxlua plan
        counts every evaluation in full.
        """),
      Topic(names: ["sizes", "latents"], summary: "Pixels, latents, and where counting starts.", text: """
        A size is {width, height} in pixels, or a number for a square; multiples of 16. Latents are Tensors [16, height/8, width/8] everywhere, and
        [n, 16, height/8, width/8] for a batch of n. Indices and axes count from 1.
        """),
    ]
  }

  private static var world: [Topic] {
    [
      Topic(names: ["errors"], summary: "How mistakes are told, and how a recipe catches them.", text: """
        An error names the recipe's line, the call, the field, what was expected and what came, and marks the place in the recipe:

          hello.lua:7: generate: 'steps' must be a whole number from 1 to 1000,
          got "ten" (a string)
            8 |   steps = "ten",
              |   ^^^^^^^^^^^^^

        Everything that is wrong with the options of one call is told at once, and unknown names come with the nearest known one. Below stands
        how the recipe got there, when that is more than one place; --verbose tells all of it. They are ordinary Lua errors: pcall
        catches them, and afterwards everything still works. What a model cannot use, such as guidance on schnell, is one notice and no error.
        Marks are coloured on a terminal, unless NO_COLOR is set.
        """),
      Topic(names: ["repl"], summary: "A prompt for Lua: fluxlua repl.", text: """
        A line is an expression, whose values print themselves, or a statement; what is not finished goes on at the next line. = before an
        expression is allowed. _ is the last value. A local of the outermost level stays for the lines that follow, as a global does; what
        is local to a block, or <close>, ends with it. Lines are counted through the session, and errors name them: repl:12.

          1> model = flux.load()
          2> image = model:generate("a red fox", { steps = 4 })
          3> image
          Image 128x128
          4> image:save "fox.png"
          saved out/repl/fox.png

        Tab completes globals, fields, methods by the type of the value, options within a call's table, and words where a string is a choice.
        Ctrl-C stops an evaluation, also in the middle of a step, and leaves everything else as it was; at the prompt it gives up the line.
        Ctrl-D leaves. --time-limit counts for each evaluation. Files go to out/repl, or --out FOLDER.

          help, help TOPIC   this manual
          .save FILE         what went well, as a recipe, in the current folder
          .exit              leaves

        Earlier lines are kept in $XDG_STATE_HOME/fluxlua/history, or ~/.local/state/fluxlua/history, up to 1000.

        Without a terminal the lines of stdin run without a prompt, up to the first error, which ends the program as it ends a recipe; pcall
        goes on behind one.
        """),
      Topic(names: ["reports", "json", "verbose"], summary: "What is told of a run, for people and for programs.", text: """
        Progress, notices and errors go to stderr, print to stdout. --quiet leaves progress out. --verbose tells which model was loaded and in
        which precision, all of the way to an error, and at the end how long each stage took.

        --json writes one object a line to stdout, and what the recipe prints to stderr:

          {"event":"loaded","model":…,"kind":…,"precision":…,"parameters":…}
          {"event":"step","index":1,"count":8}
          {"event":"cell","label":"seed 1003","left":4,"count":9}
          {"event":"saved","file":…}
          {"event":"done","files":[…],"seconds":…}
          {"event":"error","kind":…,"message":…,"line":…,"frames":[…],"exit":1,
           "files":[…],"seconds":…}

        Steps and cells are told when they begin. The last one is done or error, unless the command line itself is wrong. The kinds of errors are failed,
        interrupted, terminated, time_limit, memory_limit, unusable and usage; line is there when the place is in the recipe's own file.
        """),
      Topic(names: ["plan", "check"], summary: "What a recipe would take, and what is wrong with it, before it runs.", text: """
        fluxlua plan RECIPE, or run --dry-run, runs the recipe against a stand-in for the model: every option is read, every step is made, and
        nothing is computed or written. Then the machine's speed is tried for about a second, on the model's own weights. What a recipe
        decides by looking at its pictures is decided otherwise there. --json writes one object; --verbose shows what the recipe prints.

        fluxlua check RECIPE... finds mistakes in syntax, names that nobody has set, in functions that are never called, too, and wrong options.
        It needs no model: where one is not there, the model inside the program stands in for it.
        """),
      Topic(names: ["checkpoints", "interruptions"], summary: "Pictures that go on where they were interrupted.", text: """
        checkpoint = { every = 60 } in generate or sample writes the unfinished picture into the output folder each minute, and when the program is
        interrupted or terminated. The same call of the same recipe, with the same model, parameters and options, then goes on with it, to the
        same bytes; hooks do not see the steps that were made before. The file is gone once the picture is there. A loop that the recipe
        holds is saved by run:save, and goes on by model:resume.
        """),
      Topic(names: ["weights", "prompt-weights"], summary: "Words that weigh more or less.", text: """
        { prompt = "a (red:1.3) fox", weights = true } wherever a prompt stands: (word:1.3) weighs 1.3, (word) 1.1 times what stands around it,
        parentheses may be nested, \\( and \\) are just parentheses. Without weights = true all of it is text, as for diffusers.

        A weight of w moves T5's states of a word from those of the empty prompt by w times as much; CLIP's pooled state takes the words as they
        are. Both are what ComfyUI does.
        """),
      Topic(names: ["memory", "tiles"], summary: "What a model takes, and how it keeps under a limit.", text: """
        fluxlua plan RECIPE tells beforehand how much memory a recipe takes at the most, and how much of the model's files is mapped beside it: such
        pages can be dropped, and no limit counts them.

        --memory-limit 12GB, and flux.load(source, { memory = "12GB" }) for one model, are kept: text encoders, autoencoder and transformer
        are in memory together where they fit, and otherwise one after the other; text encoders of more than 1 GB leave once the prompts are read. A picture whose decoding does not fit is decoded in tiles; tile = 512
        does that in any case, tile = false never. Tiles meet without a seam; all over the picture a tiled one is a little off the whole one. What cannot
        be kept is refused before anything is spent, with the smallest limit that works. Without a limit the machine's memory is one.
        """),
      Topic(names: ["cache"], summary: "What is kept of prompts and weights.", text: """
        Each prompt is encoded once: what came of it is kept in memory, and in $XDG_CACHE_HOME/fluxlua/embeddings or
        ~/.cache/fluxlua/embeddings, up to 1 GB, the oldest going first. The name of an entry depends on the encoders' weights, the precision, the
        processor and the tokens. --no-cache encodes anew and keeps nothing on disk.

        Weights of large models are laid out anew for this processor; what came of it is kept in packed, beside embeddings, up to 48 GB, the ones used
        longest ago going first, and is there at once at the next start. A line says so when a file is made. Blocks of GGUF files are used from the file
        itself, and need none. A kept file that was damaged is removed, with exit code 3; the next start makes it anew.
        """),
      Topic(names: ["exit-codes"], summary: "How the program ends.", text: """
          0    done
          1    the recipe failed, or reached one of its limits
          2    wrong use: an unknown option, a file that cannot be read, a bad --set
          3    a model or a file cannot be used
          130  interrupted
          143  terminated
        """),
      Topic(names: ["sandbox"], summary: "What of Lua a recipe has.", text: """
        Lua 5.4 with string, table, math, utf8, coroutine, and of os the functions clock, date, difftime and time; debug has traceback. There is no io,
        package, dofile or loadfile. require runs Lua files of the recipe's folder or its lua folder, once each. Globals that nobody has
        set are errors when they are read. math.random starts from the same seed in each run.

        --time-limit 10m ends a recipe, --lua-memory 256MB limits Lua's own values, --memory-limit 12GB the whole process.
        """),
      Topic(names: ["files"], summary: "What a recipe may read and write.", text: """
        Reading looks in the recipe's folder, then in the output folder. Writing goes to the output folder: out/<recipe name>/, or --out FOLDER. The rest
        needs --allow-read FOLDER or --allow-write FOLDER. Files that the same recipe made are replaced; others are never touched. A picture
        carries everything that made it: fluxlua inspect PICTURE.
        """),
      Topic(names: ["sweeps", "ledger", "resume-a-sweep"], summary: "Many pictures that survive anything, on one machine or many.", text: """
        flux.sweep gives cells, one for each combination of values; for cell in sweep:cells() goes through those that are not made yet. Stop the recipe
        at any moment, by any means: the same command makes exactly what is missing. OUT/cells holds the pictures, OUT/ledger-*.jsonl one line for
        each, written once its picture is safe on the disk.

        A changed recipe, parameter or model ends with exit code 2, so that no sheet mixes what does not belong together: --keep goes on with the
        cells that are there, --fresh throws them away. Axes named model, lora, prompt and size vary slowest, however they are written.

        A cell that fails is recorded with its error. Lua ends a for loop with the error, so the recipe is run again from its first line for
        the cells that are left (its models stay loaded; what it prints comes again); sweep:each(function(cell) return image end) goes on without that. Each
        failed cell is tried once more at the end, and by later runs with --retry-failed. Three that fail alike before any is made are taken for a
        mistake in the recipe, and end it at once. --stop-on-error ends it with the first.

        --shard 3/16 makes one of 16 shares; under a Slurm array that is known, and the recipe needs no change. Sheets and reports are then written
        by whoever makes the last cell, or by a run with --collect, which makes no cells. One process makes a shard: a second one says so and stops.

          fluxlua status OUT      how far all shards are, and what failed
          fluxlua report OUT      sheets and the page index.html, also meanwhile
          fluxlua rerun PICTURE   makes it again, and says if it is the same
          fluxlua slurm RECIPE    the same sweep as an array of a cluster
        """),
      Topic(names: ["parameters", "set"], summary: "What can be set from the command line.", text: """
        A recipe declares them by flux.params, each as a default or as { default, min =, max =, choices =, help = }. fluxlua run RECIPE --help shows
        them, and --set name=value sets one; lists are written 1,2,3.
        """),
      Topic(names: ["editor", "editors"], summary: "Completion and checks for recipes.", text: """
        Recipes/library/flux.lua describes everything in flux for the Lua language server, which completes names and marks unknown options;
        Recipes/.luarc.json points to it, and Recipes/.luacheckrc is for luacheck. Open the folder Recipes in the editor, or copy
        the three beside recipes of your own: fluxlua init FOLDER writes them.
        """),
    ]
  }
}
