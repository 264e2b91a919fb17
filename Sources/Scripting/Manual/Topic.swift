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
        In the option rng of generate and of flux.noise. The same recipe, model, seed and processor family give the same bytes, on every run and with
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
        guidance and cfg.scale are written in one of three ways:

          guidance = 3.5
          guidance = { 5, 4, 3 }                   the last one is held
          guidance = function(step) return 1 + 3 * step.sigma end
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
        An error names the recipe's line, the call, the field, what was expected and what came:

          hello.lua:7: generate: 'steps' must be a whole number from 1 to 1000,
          got "ten" (a string)

        Everything that is wrong with the options of one call is told at once, and unknown names come with the nearest known one. They are
        ordinary Lua errors: pcall catches them, and afterwards everything still works. What a model cannot use, such as guidance on schnell, is
        one notice and no error.
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
