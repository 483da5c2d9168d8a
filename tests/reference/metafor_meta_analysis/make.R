# Reference values of tests/statistics/test_meta_analysis.py, written by R 4.2.2 and metafor 3.8.1 (Debian 12):
#   Rscript make.R        in this folder
# effects.csv holds three made-up tables: "plain" (eight studies), "agreeing" (five studies closer than their errors
# allow), and "ratios" (observed and expected events of seven studies).
suppressMessages(library(metafor))
d <- read.csv("effects.csv"); out <- list()
put <- function(key, value) out[[key]] <<- unname(as.numeric(value))
for (set in c("plain", "agreeing")) {
  y <- d$effect[d$set == set]; se <- d$se[d$set == set]
  for (method in c("REML", "ML", "DL", "PM")) for (test in c("knha", "adhoc", "z")) {
    m <- rma(yi = y, sei = se, method = method, test = test, control = list(threshold = 1e-13, maxiter = 100000, tol = 1e-13))
    tag <- paste(set, tolower(method), test, sep = ".")
    put(paste0(tag, ".fit"), c(m$b[1], m$se, m$ci.lb, m$ci.ub, m$tau2, m$I2 / 100, m$H2, m$QE, m$QEp))
    put(paste0(tag, ".prediction"), {h <- qt(.975, m$k - 2) * sqrt(m$se^2 + m$tau2); c(m$b[1] - h, m$b[1] + h)})
    if (set == "plain" && method != "PM") {
      i <- influence(m)
      for (what in c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat"))
        put(paste(tag, what, sep = "."), i$inf[[what]])
      put(paste(tag, "dfbetas", sep = "."), i$dfbs[[1]]); put(paste(tag, "influential", sep = "."), i$is.infl)
    }
  }
  m <- rma(yi = y, sei = se, method = "FE"); put(paste0(set, ".fixed"), c(m$b[1], m$se, m$I2 / 100, m$H2))
}
m <- rma(yi = d$effect[d$set == "plain"], sei = d$se[d$set == "plain"], method = "REML")
ci <- confint(m)$random; put("plain.profile", c(ci["tau^2", 2:3], ci["I^2(%)", 2:3] / 100))
r <- regtest(m, model = "rma", predictor = "sei"); put("plain.mixed", c(r$zval, r$pval, r$est))
l <- regtest(m, model = "lm", predictor = "sei"); put("plain.weighted", c(l$zval, l$pval, l$dfs))
# Observed to expected ratios on the log scale, SE sqrt(1/O - 1/n) (metamisc::oecalc)
o <- read.csv("ratios.csv")
m <- rma(yi = log(o$observed / o$expected), sei = sqrt(1 / o$observed - 1 / o$n), method = "REML", test = "knha",
         control = list(threshold = 1e-13, maxiter = 100000))
h <- qt(.975, m$k - 2) * sqrt(m$se^2 + m$tau2)
put("ratios.exp", exp(c(m$b[1], m$ci.lb, m$ci.ub, m$b[1] - h, m$b[1] + h))); put("ratios.tau2", m$tau2)
# Paule and Mandel at 90 days with a root solved to the end: metafor's default stops within 1.2e-4 of it
g <- read.csv("../golden_s1/input.csv")
m <- rma(yi = qlogis(g$auc), sei = (qlogis(g$ci_hi) - qlogis(g$ci_lo)) / (2 * qnorm(.975)), method = "PM", test = "knha",
         control = list(tol = 1e-13))
pi <- function(q, se) plogis(m$b[1] + c(-1, 1) * q * sqrt(se^2 + m$tau2))
put("sorg_90d.pm", c(m$tau2, pi(qt(.975, 9), m$se), pi(qt(.975, 8), m$se), pi(qnorm(.975), m$se)))
# The one-year AUCs, by the recipe whose digits the review prints
a <- read.csv("sorg_1y.csv"); f <- qlogis; z <- qnorm(.975)
for (source in c("limits", "width")) {
  se <- if (source == "limits") (f(a$upper) - f(a$lower)) / (2 * z) else (a$upper - a$lower) / (2 * z) / (a$auc * (1 - a$auc))
  m <- rma(yi = f(a$auc), sei = se, method = "REML", test = "knha", control = list(threshold = 1e-13, maxiter = 100000))
  h <- qt(.975, m$k - 2) * sqrt(m$se^2 + m$tau2)
  put(paste0("sorg_1y.", source), c(plogis(c(m$b[1], m$ci.lb, m$ci.ub, m$b[1] - h, m$b[1] + h)), m$tau2, m$I2 / 100))
}
body <- vapply(names(out), function(k) sprintf('  "%s": [%s]', k, paste(format(out[[k]], digits = 15, trim = TRUE), collapse = ", ")), "")
source <- '  "source": "make.R beside this file, R 4.2.2 with metafor 3.8.1",'
writeLines(c("{", source, paste(body, collapse = ",\n"), "}"), "expected.json")
