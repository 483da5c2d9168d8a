# A peer that stays loaded: one line of numbers for every line it reads, so that only its work is timed.
columns <- function(path, names) {
  values <- readBin(path, "double", n = file.size(path) / 8)
  setNames(as.data.frame(matrix(values, ncol = length(names))), names)
}

serve <- function(packages, run) {
  used <- vapply(packages, function(name) paste0(name, "=", packageVersion(name)), "")
  cat("ready", paste0("R=", getRversion()), used, "\n")
  flush(stdout())
  input <- file("stdin", "r")
  while (length(readLines(input, n = 1)) == 1) {
    cat(formatC(unlist(run()), digits = 17, format = "g"), "\n")
    flush(stdout())
  }
}
