# Ordinal regression and its performance by R. Run in this folder: Rscript make.R
# Writes patients.csv (simulated, nobody in it exists) and expected.json.
suppressMessages({
  library(MASS)
  library(rms)
  library(VGAM)
  library(survival)
  library(jsonlite)
})

set.seed(20261126)
n <- 420
x1 <- round(rnorm(n), 3)
x2 <- round(rnorm(n), 3)
x3 <- rbinom(n, 1, 0.4)
# The second covariate acts at the lower levels only: odds are not proportional in it.
latent <- 0.9 * x1 + 0.6 * x3 + rlogis(n)
level <- as.integer(cut(latent, c(-Inf, -1.2, 0.2, 1.6, 2.8, Inf))) - 1L
level <- ifelse(level == 0L & 0.8 * x2 + rlogis(n) > 0.4, 1L, level)
# What somebody predicts: a score that is nearly the linear predictor, rounded so that some patients tie.
score <- round(0.8 * x1 + 0.5 * x3 + 0.3 * rnorm(n), 1)
patients <- data.frame(x1, x2, x3, score, level)
write.csv(patients, "patients.csv", row.names = FALSE)

ordered_level <- factor(level, ordered = TRUE)
thresholds <- 1:4
plain <- lrm(level ~ x1 + x2 + x3, data = patients, tol = 1e-14, eps = 1e-12, maxit = 100)
by_polr <- polr(ordered_level ~ x1 + x2 + x3, data = patients, control = list(reltol = 1e-15, maxit = 1000))
# lrm maximises log-likelihood - penalty / 2 * b' P b.
penalised <- lrm(level ~ x1 + x2 + x3, data = patients, penalty = 42, penalty.matrix = diag(3),
                 tol = 1e-14, eps = 1e-12, maxit = 100)
on_score <- lrm(level ~ score, data = patients)

# Ranked probability score of the unpenalised fit: squared distances of cumulative probabilities, over 4 thresholds.
lp <- as.matrix(patients[c("x1", "x2", "x3")]) %*% coef(plain)[5:7]
reached <- sapply(thresholds, function(k) plogis(coef(plain)[k] + lp))
seen <- sapply(thresholds, function(k) as.numeric(level >= k))
rps <- rowMeans((seen - reached)^2)
shares <- colMeans(seen)
reference <- rowMeans(sweep(seen, 2, shares)^2)

c_score <- concordance(level ~ score, data = patients)
cor_score <- Hmisc::rcorr.cens(score, level)

# Brant 1990: binary fits at each threshold and the covariance of their slopes.
brant <- function(columns) {
  design <- cbind(1, as.matrix(patients[columns]))
  fits <- lapply(thresholds, function(k) {
    glm.fit(design, as.numeric(level >= k), family = binomial(), control = list(epsilon = 1e-14, maxit = 100))
  })
  chances <- lapply(fits, function(fit) fit$fitted.values)
  own <- lapply(chances, function(p) solve(t(design) %*% (design * (p * (1 - p)))))
  p <- length(columns)
  slopes <- unlist(lapply(fits, function(fit) fit$coefficients[-1]))
  covariance <- matrix(0, 4 * p, 4 * p)
  for (i in thresholds) for (j in thresholds) {
    low <- min(i, j)
    high <- max(i, j)
    between <- chances[[high]] * (1 - chances[[low]])
    block <- own[[i]] %*% (t(design) %*% (design * between)) %*% own[[j]]
    covariance[(i - 1) * p + 1:p, (j - 1) * p + 1:p] <- block[-1, -1]
  }
  contrast <- cbind(matrix(rep(diag(p), 3), ncol = p, byrow = TRUE), -diag(3 * p))
  # Rows of the contrast: the first threshold's slopes less those of each other.
  difference <- contrast %*% slopes
  statistic <- drop(t(difference) %*% solve(contrast %*% covariance %*% t(contrast)) %*% difference)
  list(statistic = statistic, degrees = 3 * p, p_value = pchisq(statistic, 3 * p, lower.tail = FALSE),
       slopes = matrix(slopes, nrow = 4, byrow = TRUE),
       standard_errors = matrix(sqrt(diag(covariance)), nrow = 4, byrow = TRUE))
}

parallel <- vglm(ordered_level ~ x1 + x2 + x3, cumulative(parallel = TRUE, reverse = TRUE), data = patients)
apart <- vglm(ordered_level ~ x1 + x2 + x3, cumulative(parallel = FALSE, reverse = TRUE), data = patients)

write_json(
  list(
    versions = list(R = R.version.string, MASS = as.character(packageVersion("MASS")),
                    rms = as.character(packageVersion("rms")), VGAM = as.character(packageVersion("VGAM")),
                    survival = as.character(packageVersion("survival"))),
    lrm = list(coefficients = unname(coef(plain)), log_likelihood = as.numeric(logLik(plain)),
               standard_errors = unname(sqrt(diag(vcov(plain))))),
    polr = list(slopes = unname(coef(by_polr)), cuts = unname(by_polr$zeta),
                log_likelihood = as.numeric(logLik(by_polr))),
    lrm_penalised = list(penalty = 42, coefficients = unname(coef(penalised))),
    lrm_on_score = list(coefficients = unname(coef(on_score)), c = unname(on_score$stats["C"]),
                        dxy = unname(on_score$stats["Dxy"])),
    concordance = list(c = unname(c_score$concordance), standard_error = sqrt(c_score$var)),
    rcorr = list(dxy = unname(cor_score["Dxy"]), c = unname(cor_score["C Index"])),
    ranked_probability = list(score = mean(rps), skill = 1 - mean(rps) / mean(reference)),
    brant = list(all = brant(c("x1", "x2", "x3")), score = brant("score")),
    vglm = list(likelihood_ratio = 2 * (logLik(apart) - logLik(parallel)), degrees = 9)
  ),
  "expected.json", digits = 12, auto_unbox = TRUE, pretty = TRUE
)
