-- Made from the program's own declarations by: fluxlua manual --write-editor-files FOLDER
std = "lua54+flux"
stds.flux = {
  read_globals = { flux = { fields = {
      arange = { other_fields = true },
      cat = { other_fields = true },
      choice = { other_fields = true },
      conditioning = { other_fields = true },
      csv = { other_fields = true },
      elapsed = { other_fields = true },
      full = { other_fields = true },
      host = { other_fields = true },
      image = { other_fields = true },
      json = { other_fields = true },
      lerp = { other_fields = true },
      lines = { other_fields = true },
      linspace = { other_fields = true },
      load = { other_fields = true },
      log = { other_fields = true },
      mask = { other_fields = true },
      noise = { other_fields = true },
      ones = { other_fields = true },
      params = { other_fields = true },
      plot = { other_fields = true },
      progress = { other_fields = true },
      rand = { other_fields = true },
      randn = { other_fields = true },
      range = { other_fields = true },
      schedule = { other_fields = true },
      sheet = { other_fields = true },
      slerp = { other_fields = true },
      stack = { other_fields = true },
      sweep = { other_fields = true },
      tensor = { other_fields = true },
      uniform = { other_fields = true },
      version = { other_fields = true },
      where = { other_fields = true },
      wildcards = { other_fields = true },
      zeros = { other_fields = true },
  } } },
}
not_globals = {
  "io", "package", "dofile", "loadfile", "debug.debug", "debug.gethook", "debug.getinfo", "debug.getlocal", "debug.getmetatable", "debug.getregistry",
  "debug.getupvalue", "debug.getuservalue", "debug.sethook", "debug.setlocal", "debug.setmetatable", "debug.setupvalue", "debug.setuservalue",
  "debug.upvalueid", "debug.upvaluejoin", "os.execute", "os.exit", "os.getenv", "os.remove", "os.rename", "os.setlocale", "os.tmpname", "string.dump",
}
max_line_length = 160
exclude_files = { "library" }
