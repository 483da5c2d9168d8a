# Two rankings of the same ordered outcome, compared by survival::concordance: the difference of their C and its standard
# error, from the influence of each patient on both. Run in this folder: Rscript paired.R
library(survival)
library(jsonlite)

patients <- read.csv("patients.csv")
first <- concordance(level ~ score, data = patients, influence = 1)
second <- concordance(level ~ x1, data = patients, influence = 1)
write_json(
  list(
    versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
    difference = unname(first$concordance - second$concordance),
    standard_error = sqrt(sum((first$dfbeta - second$dfbeta)^2))
  ),
  "paired.json", digits = 12, auto_unbox = TRUE, pretty = TRUE
)
