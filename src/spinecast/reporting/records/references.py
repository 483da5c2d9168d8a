"""The register of references: one entry a publication, by the key that forms, methods and cards name it with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["REFERENCES", "Reference", "numbered"]


@dataclass(frozen=True)
class Reference:
    """A publication as it is cited.

    Parameters
    ----------
    key : str
        First author and year.
    text : str
        Authors, title, place, year and pages.
    doi : str
        Digital object identifier or arXiv number, where it has one.
    """

    key: str
    text: str
    doi: str = ""

    @property
    def cited(self) -> str:
        """The whole citation."""
        return f"{self.text} {self.doi}." if self.doi else self.text


REFERENCES: Mapping[str, Reference] = {
    reference.key: reference
    for reference in (
        Reference(
            "akiba2019",
            "Akiba T, Sano S, Yanase T, Ohta T, Koyama M. Optuna: a next-generation hyperparameter optimization "
            "framework. Proc 25th ACM SIGKDD Int Conf Knowl Discov Data Min 2019:2623-2631.",
            "doi:10.1145/3292500.3330701",
        ),
        Reference(
            "austin2019",
            "Austin PC, Steyerberg EW. The Integrated Calibration Index (ICI) and related metrics for quantifying the "
            "calibration of logistic regression models. Stat Med 2019;38:4051-4065.",
            "doi:10.1002/sim.8281",
        ),
        Reference(
            "barnwal2022",
            "Barnwal A, Cho H, Hocking T. Survival regression with accelerated failure time model in XGBoost. J Comput "
            "Graph Stat 2022;31:1292-1302.",
            "doi:10.1080/10618600.2022.2067548",
        ),
        Reference(
            "bergstra2011",
            "Bergstra J, Bardenet R, Bengio Y, Kégl B. Algorithms for hyper-parameter optimization. Adv Neural Inf "
            "Process Syst 2011;24.",
        ),
        Reference(
            "brant1990",
            "Brant R. Assessing proportionality in the proportional odds model for ordinal logistic regression. "
            "Biometrics 1990;46:1171-1178.",
            "doi:10.2307/2532457",
        ),
        Reference(
            "breiman1984",
            "Breiman L, Friedman JH, Olshen RA, Stone CJ. Classification and regression trees. Belmont: "
            "Wadsworth, 1984.",
        ),
        Reference(
            "breiman2001",
            "Breiman L. Random forests. Mach Learn 2001;45:5-32.",
            "doi:10.1023/A:1010933404324",
        ),
        Reference(
            "chen2016",
            "Chen T, Guestrin C. XGBoost: a scalable tree boosting system. Proc 22nd ACM SIGKDD Int Conf Knowl Discov "
            "Data Min 2016:785-794.",
            "doi:10.1145/2939672.2939785",
        ),
        Reference(
            "chernozhukov2010",
            "Chernozhukov V, Fernandez-Val I, Galichon A. Quantile and probability curves without crossing. "
            "Econometrica 2010;78:1093-1125.",
            "doi:10.3982/ECTA7880",
        ),
        Reference(
            "collins2016",
            "Collins GS, Ogundimu EO, Altman DG. Sample size considerations for the external validation of a "
            "multivariable prognostic model: a resampling study. Stat Med 2016;35:214-226.",
            "doi:10.1002/sim.6787",
        ),
        Reference(
            "collins2024",
            "Collins GS, Moons KGM, Dhiman P, et al. TRIPOD+AI statement: updated guidance for reporting clinical "
            "prediction models that use regression or machine learning methods. BMJ 2024;385:e078378.",
            "doi:10.1136/bmj-2023-078378",
        ),
        Reference(
            "cortes1995",
            "Cortes C, Vapnik V. Support-vector networks. Mach Learn 1995;20:273-297.",
            "doi:10.1023/A:1022627411411",
        ),
        Reference(
            "cox1958",
            "Cox DR. Two further applications of a model for binary regression. Biometrika 1958;45:562-565.",
            "doi:10.1093/biomet/45.3-4.562",
        ),
        Reference(
            "cox1972",
            "Cox DR. Regression models and life-tables. J R Stat Soc B 1972;34:187-220.",
            "doi:10.1111/j.2517-6161.1972.tb00899.x",
        ),
        Reference(
            "crowson2016",
            "Crowson CS, Atkinson EJ, Therneau TM. Assessing calibration of prognostic risk scores. Stat Methods Med "
            "Res 2016;25:1692-1706.",
            "doi:10.1177/0962280213497434",
        ),
        Reference(
            "delong1988",
            "DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more correlated receiver "
            "operating characteristic curves: a nonparametric approach. Biometrics 1988;44:837-845.",
            "doi:10.2307/2531595",
        ),
        Reference(
            "drysdale2022",
            "Drysdale E. SurvSet: an open-source time-to-event dataset repository. 2022.",
            "arXiv:2203.03094",
        ),
        Reference(
            "efron1997",
            "Efron B, Tibshirani R. Improvements on cross-validation: the .632+ bootstrap method. J Am Stat Assoc "
            "1997;92:548-560.",
            "doi:10.2307/2965703",
        ),
        Reference(
            "epstein1969",
            "Epstein ES. A scoring system for probability forecasts of ranked categories. J Appl Meteorol "
            "1969;8:985-987.",
        ),
        Reference(
            "frank2001",
            "Frank E, Hall M. A simple approach to ordinal classification. European Conference on Machine Learning "
            "2001:145-156.",
            "doi:10.1007/3-540-44795-4_13",
        ),
        Reference(
            "friedman2002",
            "Friedman JH. Stochastic gradient boosting. Comput Stat Data Anal 2002;38:367-378.",
            "doi:10.1016/S0167-9473(01)00065-2",
        ),
        Reference(
            "graf1999",
            "Graf E, Schmoor C, Sauerbrei W, Schumacher M. Assessment and comparison of prognostic classification "
            "schemes for survival data. Stat Med 1999;18:2529-2545.",
        ),
        Reference(
            "harrell1996",
            "Harrell FE, Lee KL, Mark DB. Multivariable prognostic models: issues in developing models, evaluating "
            "assumptions and adequacy, and measuring and reducing errors. Stat Med 1996;15:361-387.",
        ),
        Reference(
            "ishwaran2008",
            "Ishwaran H, Kogalur UB, Blackstone EH, Lauer MS. Random survival forests. Ann Appl Stat 2008;2:841-860.",
            "doi:10.1214/08-AOAS169",
        ),
        Reference(
            "johnson2007",
            "Johnson WE, Li C, Rabinovic A. Adjusting batch effects in microarray expression data using empirical "
            "Bayes methods. Biostatistics 2007;8:118-127.",
            "doi:10.1093/biostatistics/kxj037",
        ),
        Reference(
            "ke2017",
            "Ke G, Meng Q, Finley T, et al. LightGBM: a highly efficient gradient boosting decision tree. Adv Neural "
            "Inf Process Syst 2017:3146-3154.",
        ),
        Reference(
            "knaus1995",
            "Knaus WA, Harrell FE, Lynn J, et al. The SUPPORT prognostic model: objective estimates of survival for "
            "seriously ill hospitalized adults. Ann Intern Med 1995;122:191-203.",
            "doi:10.7326/0003-4819-122-3-199502010-00007",
        ),
        Reference(
            "koenker1978",
            "Koenker R, Bassett G. Regression quantiles. Econometrica 1978;46:33-50.",
            "doi:10.2307/1913643",
        ),
        Reference(
            "lundberg2017",
            "Lundberg SM, Lee SI. A unified approach to interpreting model predictions. Adv Neural Inf Process Syst "
            "2017;30:4765-4774.",
        ),
        Reference(
            "lundberg2020",
            "Lundberg SM, Erion G, Chen H, et al. From local explanations to global understanding with explainable AI "
            "for trees. Nat Mach Intell 2020;2:56-67.",
            "doi:10.1038/s42256-019-0138-9",
        ),
        Reference(
            "mccullagh1980",
            "McCullagh P. Regression models for ordinal data. J R Stat Soc B 1980;42:109-142.",
            "doi:10.1111/j.2517-6161.1980.tb01109.x",
        ),
        Reference(
            "mercaldo2020",
            "Mercaldo SF, Blume JD. Missing data and prediction: the pattern submodel. Biostatistics 2020;21:236-252.",
            "doi:10.1093/biostatistics/kxy040",
        ),
        Reference(
            "hti1_2024",
            "Office of the National Coordinator for Health Information Technology. Health data, technology, and "
            "interoperability: certification program updates, algorithm transparency, and information sharing (HTI-1 "
            "final rule). Federal Register 2024;89:1192-1438; 45 CFR 170.315(b)(11)(iv)(B).",
        ),
        Reference(
            "mitchell2019",
            "Mitchell M, Wu S, Zaldivar A, et al. Model cards for model reporting. FAT* 2019.",
            "arXiv:1810.03993",
        ),
        Reference(
            "moons2019",
            "Moons KGM, Wolff RF, Riley RD, et al. PROBAST: a tool to assess risk of bias and applicability of "
            "prediction model studies: explanation and elaboration. Ann Intern Med 2019;170:W1-W33.",
            "doi:10.7326/M18-1377",
        ),
        Reference(
            "moons2025",
            "Moons KGM, Damen JAA, Kaul T, et al. PROBAST+AI: an updated quality, risk of bias, and applicability "
            "assessment tool for prediction models using regression or artificial intelligence methods. BMJ "
            "2025;388:e082505.",
            "doi:10.1136/bmj-2024-082505",
        ),
        Reference(
            "pedregosa2011",
            "Pedregosa F, Varoquaux G, Gramfort A, et al. Scikit-learn: machine learning in Python. J Mach Learn Res "
            "2011;12:2825-2830.",
        ),
        Reference(
            "platt1999",
            "Platt JC. Probabilistic outputs for support vector machines and comparisons to regularized likelihood "
            "methods. Advances in Large Margin Classifiers 1999:61-74.",
        ),
        Reference(
            "prokhorenkova2018",
            "Prokhorenkova L, Gusev G, Vorobev A, Dorogush AV, Gulin A. CatBoost: unbiased boosting with categorical "
            "features. Adv Neural Inf Process Syst 2018:6639-6649.",
        ),
        Reference(
            "rahimi2007",
            "Rahimi A, Recht B. Random features for large-scale kernel machines. Adv Neural Inf Process Syst "
            "2007:1177-1184.",
        ),
        Reference(
            "rasmussen2006",
            "Rasmussen CE, Williams CKI. Gaussian processes for machine learning. Cambridge, MA: MIT Press, 2006.",
        ),
        Reference(
            "riley2020",
            "Riley RD, Ensor J, Snell KIE, et al. Calculating the sample size required for developing a clinical "
            "prediction model. BMJ 2020;368:m441.",
            "doi:10.1136/bmj.m441",
        ),
        Reference(
            "romano2019",
            "Romano Y, Patterson E, Candes E. Conformalized quantile regression. Advances in Neural Information "
            "Processing Systems 2019;32:3543-3553.",
            "arXiv:1905.03222",
        ),
        Reference(
            "rubin1987",
            "Rubin DB. Multiple Imputation for Nonresponse in Surveys. New York: Wiley; 1987.",
            "doi:10.1002/9780470316696",
        ),
        Reference(
            "simon2011",
            "Simon N, Friedman J, Hastie T, Tibshirani R. Regularization paths for Cox's proportional hazards model "
            "via coordinate descent. J Stat Softw 2011;39(5):1-13.",
            "doi:10.18637/jss.v039.i05",
        ),
        Reference(
            "singer1993",
            "Singer JD, Willett JB. It's about time: using discrete-time survival analysis to study duration and the "
            "timing of events. J Educ Stat 1993;18:155-195.",
            "doi:10.3102/10769986018002155",
        ),
        Reference(
            "sisk2023",
            "Sisk R, Sperrin M, Peek N, van Smeden M, Martin GP. Imputation and missing indicators for handling "
            "missing data in the development and deployment of clinical prediction models: a simulation study. Stat "
            "Methods Med Res 2023;32:1461-1477.",
            "doi:10.1177/09622802231165001",
        ),
        Reference(
            "stekhoven2012",
            "Stekhoven DJ, Bühlmann P. MissForest: non-parametric missing value imputation for mixed-type data. "
            "Bioinformatics 2012;28:112-118.",
            "doi:10.1093/bioinformatics/btr597",
        ),
        Reference(
            "steyerberg2010",
            "Steyerberg EW, Vickers AJ, Cook NR, et al. Assessing the performance of prediction models: a framework "
            "for traditional and novel measures. Epidemiology 2010;21:128-138.",
            "doi:10.1097/EDE.0b013e3181c30fb2",
        ),
        Reference(
            "sun2014",
            "Sun X, Xu W. Fast implementation of DeLong's algorithm for comparing the areas under correlated receiver "
            "operating characteristic curves. IEEE Signal Process Lett 2014;21:1389-1393.",
        ),
        Reference(
            "uno2011",
            "Uno H, Cai T, Pencina MJ, D'Agostino RB, Wei LJ. On the C-statistics for evaluating overall adequacy of "
            "risk prediction procedures with censored survival data. Stat Med 2011;30:1105-1117.",
            "doi:10.1002/sim.4154",
        ),
        Reference(
            "vanbuuren2011",
            "van Buuren S, Groothuis-Oudshoorn K. mice: multivariate imputation by chained equations in R. J Stat "
            "Softw 2011;45(3):1-67.",
            "doi:10.18637/jss.v045.i03",
        ),
        Reference(
            "vancalster2019",
            "Van Calster B, McLernon DJ, van Smeden M, Wynants L, Steyerberg EW. Calibration: the Achilles heel of "
            "predictive analytics. BMC Med 2019;17:230.",
            "doi:10.1186/s12916-019-1466-7",
        ),
        Reference(
            "vanderploeg2014",
            "van der Ploeg T, Austin PC, Steyerberg EW. Modern modelling techniques are data hungry: a simulation "
            "study for predicting dichotomous endpoints. BMC Med Res Methodol 2014;14:137.",
            "doi:10.1186/1471-2288-14-137",
        ),
        Reference(
            "varma2006",
            "Varma S, Simon R. Bias in error estimation when using cross-validation for model selection. BMC "
            "Bioinformatics 2006;7:91.",
            "doi:10.1186/1471-2105-7-91",
        ),
        Reference(
            "vickers2006",
            "Vickers AJ, Elkin EB. Decision curve analysis: a novel method for evaluating prediction models. Med Decis "
            "Making 2006;26:565-574.",
            "doi:10.1177/0272989X06295361",
        ),
        Reference(
            "vovk2015",
            "Vovk V, Petej I, Fedorova V. Large-scale probabilistic predictors with and without guarantees of "
            "validity. Adv Neural Inf Process Syst 2015;28.",
            "arXiv:1511.00213",
        ),
        Reference(
            "wolff2019",
            "Wolff RF, Moons KGM, Riley RD, et al. PROBAST: a tool to assess the risk of bias and applicability of "
            "prediction model studies. Ann Intern Med 2019;170:51-58.",
            "doi:10.7326/M18-1376",
        ),
        Reference(
            "zou2005",
            "Zou H, Hastie T. Regularization and variable selection via the elastic net. J R Stat Soc B "
            "2005;67:301-320.",
            "doi:10.1111/j.1467-9868.2005.00503.x",
        ),
    )
}


def numbered(keys: Iterable[str]) -> dict[str, int]:
    """Number references in the order they are first cited, from 1.

    Raises
    ------
    KeyError
        If the register does not hold one.
    """
    unique = dict.fromkeys(keys)
    missing = [key for key in unique if key not in REFERENCES]
    if missing:
        raise KeyError(f"the register holds no reference {', '.join(missing)}")
    return {key: place for place, key in enumerate(unique, start=1)}
