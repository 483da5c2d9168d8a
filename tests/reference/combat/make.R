# Reference values of tests/models/test_combat.py, written by R 4.2.2 and sva 3.46.0 (Debian 12, r-bioc-sva):
#   Rscript make.R        in this folder
# features.csv holds 60 made-up patients on three scanners, eight features and two covariates. sva stops its iteration
# at a change of 1e-4; here it goes on to 1e-14, so that what is compared is the fixed point and not where each stops.
suppressMessages(library(sva)); suppressMessages(library(jsonlite))
set.seed(20261127)
n <- 60; p <- 8
scanner <- rep(c("a", "b", "c"), c(27, 21, 12)); age <- round(rnorm(n, 62, 9), 1); female <- rbinom(n, 1, .5)
x <- sapply(1:p, function(j) 10 * j + .3 * j * (age - 62) / 9 + .5 * female + rnorm(n, 0, j))
shift <- list(a = rnorm(p, 0, .3), b = rnorm(p, 1, .6), c = rnorm(p, -1.5, .5))
stretch <- list(a = runif(p, .8, 1.2), b = runif(p, 1.2, 2.2), c = runif(p, .4, .9))
for (i in 1:n) for (j in 1:p) x[i, j] <- x[i, j] + j * (shift[[scanner[i]]][j] + (stretch[[scanner[i]]][j] - 1) * rnorm(1))
d <- data.frame(scanner, age, female, round(x, 6)); names(d)[-(1:3)] <- paste0("f", 1:p)
write.csv(d, "features.csv", row.names = FALSE)
# sva divides the change by the signed old value, so that it stops early where an effect is negative.
strict <- function(sdat, g.hat, d.hat, g.bar, t2, a, b, conv = 1e-14) {
  n <- rowSums(!is.na(sdat)); g.old <- g.hat; d.old <- d.hat; change <- 1
  while (change > conv) {
    g.new <- sva:::postmean(g.hat, g.bar, n, d.old, t2)
    sum2 <- rowSums((sdat - g.new %*% t(rep(1, ncol(sdat))))^2, na.rm = TRUE)
    d.new <- sva:::postvar(sum2, n, a, b)
    change <- max(abs(g.new - g.old) / abs(g.old), abs(d.new - d.old) / d.old); g.old <- g.new; d.old <- d.new
  }
  rbind(g.new, d.new)
}
suppress <- function(...) { capture.output(r <- suppressMessages(ComBat(...))); t(unname(r)) }
dat <- t(as.matrix(d[, -(1:3)])); mod <- model.matrix(~ age + female, d)
out <- list(stopped_early = suppress(dat, d$scanner))
assignInNamespace("it.sol", strict, "sva")
out$plain <- suppress(dat, d$scanner)
out$kept <- suppress(dat, d$scanner, mod = mod)
out$reference_b <- suppress(dat, d$scanner, mod = mod, ref.batch = "b")
out$nonparametric <- suppress(dat, d$scanner, mod = mod, par.prior = FALSE)
write_json(out, "expected.json", digits = NA)
