# Rscript survival_scores.R DATA HORIZON: riskRegression::Score, Kaplan-Meier censoring, estimates and standard errors.
suppressMessages(library(riskRegression))
suppressMessages(library(survival))
given <- commandArgs(trailingOnly = TRUE)
data <- columns(given[1], c("time", "event", "risk"))
serve("riskRegression", function() {
  found <- Score(list(m = data$risk),
    formula = Surv(time, event) ~ 1, data = data, times = as.numeric(given[2]),
    metrics = c("auc", "brier"), cens.model = "km", null.model = FALSE, conf.int = TRUE, se.fit = TRUE
  )
  c(found$AUC$score$AUC, found$AUC$score$se, found$Brier$score$Brier, found$Brier$score$se)
})
