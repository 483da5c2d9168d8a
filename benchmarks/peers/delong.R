# Rscript delong.R DATA FROM: pROC's paired test of columns s1 and s2, from the scores or from ROC curves made before.
suppressMessages(library(pROC))
given <- commandArgs(trailingOnly = TRUE)
data <- columns(given[1], c("y", "s1", "s2"))
curve <- function(score) roc(data$y, score, levels = c(0, 1), direction = "<", quiet = TRUE)
tested <- function(one, two) {
  found <- roc.test(one, two, method = "delong", paired = TRUE)
  c(found$estimate, found$statistic, found$p.value)
}
first <- curve(data$s1)
second <- curve(data$s2)
from_scores <- function() tested(curve(data$s1), curve(data$s2))
from_curves <- function() tested(first, second)
serve("pROC", if (given[2] == "scores") from_scores else from_curves)
