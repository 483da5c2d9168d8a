# Rscript optimism.R DATA PREDICTORS RESAMPLES: rms::validate of lrm, the first column the outcome.
suppressMessages(library(rms))
given <- commandArgs(trailingOnly = TRUE)
predictors <- paste0("x", seq_len(as.integer(given[2])))
data <- columns(given[1], c("y", predictors))
fit <- lrm(reformulate(predictors, "y"), data = data, x = TRUE, y = TRUE)
set.seed(1)
serve("rms", function() {
  found <- validate(fit, B = as.integer(given[3]))
  c((found["Dxy", c("index.orig", "index.corrected")] + 1) / 2, found[c("Slope", "B"), "index.corrected"])
})
