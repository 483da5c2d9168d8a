"""The kinds of coded check, in words: what each looks for, how grave it is, why, its sources, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["KINDS", "CheckKind", "Place", "Severity"]

Severity = Literal["error", "warning", "note"]
Place = Literal["train", "validate", "update", "evaluate"]


@dataclass(frozen=True)
class CheckKind:
    """One kind of check.

    Parameters
    ----------
    code : str
        ``SC001`` and so on; never reused.
    title : str
        What is wrong, in a few words.
    severities : tuple of {"error", "warning", "note"}
        What it may be, gravest first. An error stops the run; warnings and notes stand in the report.
    places : tuple of {"train", "validate", "update", "evaluate"}
        Where it is made.
    explanation : str
        What it looks at, with its bounds, and why that matters.
    not_applicable : str
        When it cannot be made.
    remedy : str
        What to do.
    source : str
        Where the concern and the bounds come from; a bound of this project's own says so.
    """

    code: str
    title: str
    severities: tuple[Severity, ...]
    places: tuple[Place, ...]
    explanation: str
    not_applicable: str
    remedy: str
    source: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "code": self.code,
            "title": self.title,
            "severities": list(self.severities),
            "places": list(self.places),
            "explanation": self.explanation,
            "not_applicable": self.not_applicable,
            "remedy": self.remedy,
            "source": self.source,
        }


_EVERYWHERE: tuple[Place, ...] = ("train", "validate", "update", "evaluate")

KINDS = (
    CheckKind(
        "SC001",
        "Predictors that leak the outcome",
        ("error",),
        ("train",),
        "A predictor whose role in the dictionary is not predictor: an outcome, another model's output, a variable "
        "kept for comparing groups, or a fact recorded after the prediction. With it a model looks better than it can "
        "be at a bedside. A study that names one is refused when it is read; the check says so again of what was "
        "trained.",
        "Always applicable.",
        "Take it out of the predictors; another model's output may be named as a comparator.",
        "Kaufman et al. 2012, ACM Trans Knowl Discov Data 6:15; PROBAST 2.3 (Moons et al. 2019, Ann Intern Med "
        "170:W1).",
    ),
    CheckKind(
        "SC002",
        "Too few events",
        ("error", "warning"),
        ("train",),
        "Patients of the rarer outcome for each candidate predictor parameter (one for a measured or binary "
        "predictor, levels less one for others). Fewer than 10 a parameter are a warning; fewer than 10 in all, or "
        "fewer than 2 in an outer fold, an error. Ten is a floor and no guarantee: the section on sample size says "
        "what is needed.",
        "Always applicable.",
        "Drop predictors on clinical grounds, use fewer folds, or find more patients.",
        "Peduzzi et al. 1996, J Clin Epidemiol 49:1373; PROBAST 4.1 (Moons et al. 2019, Ann Intern Med 170:W1); Riley "
        "et al. 2020, BMJ 368:m441, for what is enough. Two events a fold: DeLong's variance needs two of each class.",
    ),
    CheckKind(
        "SC003",
        "Calibration slope out of range",
        ("warning",),
        _EVERYWHERE,
        "The slope of the outcome on the predicted log-odds, in patients the model had not seen. Below 0.8 high risks "
        "are too high and low ones too low; above 1.2 the reverse. An unknown slope is not taken for a good one.",
        "The values rank patients and are no risks.",
        "Look at the calibration curve; learn the recalibration on more patients, choose a simpler model, or update "
        "the model for patients like these.",
        "Van Calster et al. 2019, BMC Med 17:230, names no cut-off; 0.8 to 1.2 is this project's own convention.",
    ),
    CheckKind(
        "SC004",
        "Horizon beyond follow-up",
        ("error",),
        _EVERYWHERE,
        "The day by which the outcome counts lies after the longest follow-up, so that the risk by that day rests on "
        "no observation. A cohort like that is refused when its outcome is read, before anything is fitted.",
        "The outcome is not read at a horizon.",
        "Choose an earlier horizon, or a cohort followed up for longer.",
        "Kaplan & Meier 1958, J Am Stat Assoc 53:457: the estimate is undefined beyond the last observed time.",
    ),
    CheckKind(
        "SC005",
        "Synthetic cohort",
        ("note",),
        _EVERYWHERE,
        "The patients were generated. No figure says anything about people.",
        "Always applicable.",
        "Use the run to try the software; draw conclusions from real patients.",
        "This project's own rule: real and synthetic are never confused.",
    ),
    CheckKind(
        "SC006",
        "Missingness that tells the outcome",
        ("warning",),
        ("train",),
        "A predictor missing in a fifth more (or fewer) of those with the event than of those without. A model learns "
        "from the gap itself; where the gap comes of how the data were gathered, it is not there for the next patient.",
        "Always applicable.",
        "Ask how the value came to be missing and whether that is known when a prediction is made; train without "
        "these predictors too and report both.",
        "Groenwold 2020, Diagn Progn Res 4:8. A fifth is this project's own convention.",
    ),
    CheckKind(
        "SC020",
        "A small validation",
        ("warning",),
        ("validate", "update", "evaluate"),
        "Fewer than 100 patients with the event, or without it: a failing model can look sound, and a sound one "
        "failing.",
        "Always applicable.",
        "Read the intervals, not the estimates; gather more patients.",
        "Vergouwe et al. 2005, J Clin Epidemiol 58:475; Collins et al. 2016, Stat Med 35:214 (who prefer 200).",
    ),
    CheckKind(
        "SC021",
        "People in both cohorts",
        ("error",),
        ("validate", "update"),
        "Rows of the validation cohort that agree with a row of the development cohort in every variable both hold. "
        "The model has seen these people. From half on the cohort is refused as the development cohort itself.",
        "The development patients cannot be read again, or rows cannot tell people apart.",
        "Take them out of the validation cohort; spinecast cohort check FILE --against OTHER names the rows.",
        "Fellegi & Sunter 1969, J Am Stat Assoc 64:1183, for the idea of linkage; PROBAST 4.8.",
    ),
    CheckKind(
        "SC022",
        "Predictors that nobody has",
        ("warning",),
        ("validate", "update"),
        "Predictors of the model that are recorded for no patient, allowed with --allow-missing-predictors.",
        "Always applicable.",
        "Find them, or say that the model was judged without them.",
        "This project's own rule: a model is judged as it would be used.",
    ),
    CheckKind(
        "SC023",
        "A model of synthetic patients",
        ("warning",),
        ("validate", "update"),
        "A model that was developed on generated patients is judged on real ones.",
        "The patients it is judged on are not real either.",
        "Use it to try the software; develop on real patients before drawing conclusions.",
        "This project's own rule: real and synthetic are never confused.",
    ),
    CheckKind(
        "SC024",
        "The level of the risks is off",
        ("warning",),
        ("validate", "update", "evaluate"),
        "Events observed for each one expected below 0.8 or above 1.25, the interval leaving out 1: on the whole the "
        "risks are too high or too low.",
        "There is no ratio, or none with an interval.",
        "Do not use the risks here as they are; updating the intercept on patients like these is the least.",
        "Van Calster et al. 2016, J Clin Epidemiol 74:167 (mean calibration). A fifth is this project's own "
        "convention.",
    ),
    CheckKind(
        "SC030",
        "Patients without a value",
        ("warning",),
        ("validate", "update", "evaluate"),
        "More than one in five patients get no risk and no score, as inputs are missing: whoever has a value is then "
        "chosen by what was recorded, which goes with how ill a person is and who treated them. A score that is the "
        "same whatever the missing input holds is so for the very worst or the very best.",
        "Always applicable.",
        "Find the missing inputs, or impute them and judge with the imputation; say for whom the numbers hold.",
        "The concern: Moons et al. 2019, Ann Intern Med 170:W1 (PROBAST, signalling questions 4.3 and 4.4). The "
        "bound is this project's own convention.",
    ),
    CheckKind(
        "SC007",
        "A predictor that alone tells the outcome",
        ("error", "warning"),
        ("train",),
        "A predictor that by itself ranks patients with and without the event with an AUC of 0.99 or more, or that "
        "among those with the event goes with its time (rank correlation 0.99 or more), is an error; 0.90 or more a "
        "warning. Levels without an order are each set against the others. Whole prognosis models of this field reach "
        "about 0.80; a single fact that does better was mostly recorded after the event, or is the outcome under "
        "another name.",
        "No predictor is known for 20 patients with and 20 without the event.",
        "Find out when and from what it was recorded; take it out unless it is known, in this form, when the "
        "prediction is made.",
        "Kaufman et al. 2012, ACM Trans Knowl Discov Data 6:15, for the concern. The bounds are this project's own "
        "convention.",
    ),
    CheckKind(
        "SC008",
        "A predictor dated after the prediction",
        ("error",),
        ("train", "validate", "update"),
        "Immortal time: a predictor recorded after the index date, so that whoever has it had to live that long. "
        "Found by the role in the dictionary (treatment after surgery) and, where a study or mapping names the day of "
        "a variable under measured_on and the index date under date_columns, by the dates.",
        "No days are named, or they cannot be read.",
        "Take the last value on or before the index date; leave out what is only known later.",
        "Suissa 2008, Am J Epidemiol 167:492 (immortal time); PROBAST 2.3 (Moons et al. 2019, Ann Intern Med 170:W1).",
    ),
    CheckKind(
        "SC009",
        "Predictors chosen by p values",
        ("warning",),
        _EVERYWHERE,
        "It is declared that predictors were chosen by their univariable p values, or stepwise: what to keep was "
        "decided by chance in the same patients, outside the resampling. Declared by predictor_choice in a study, "
        "under development in a published model, or in the file given to evaluate --declared.",
        "Nobody states how the predictors were chosen.",
        "Choose on clinical grounds or from the literature, or let a penalty choose inside the resampling.",
        "PROBAST 4.5 (Moons et al. 2019, Ann Intern Med 170:W1); Sun et al. 1996, J Clin Epidemiol 49:907; Heinze et "
        "al. 2018, Biom J 60:431.",
    ),
    CheckKind(
        "SC010",
        "Classes weighted or resampled without recalibration",
        ("warning",),
        _EVERYWHERE,
        "It is declared that one side of the outcome was weighted or resampled (class_weight, SMOTE), and not that "
        "the risks were recalibrated: they are then too high by design. Declared under development in a published "
        "model, or in the file given to evaluate --declared.",
        "Nobody states it; and in spinecast train, where no algorithm of the catalogue weighs or resamples classes.",
        "Recalibrate on patients in their natural proportion, or fit again without weights.",
        "van den Goorbergh et al. 2022, J Am Med Inform Assoc 29:1525; TRIPOD+AI item 13 (Collins et al. 2024, BMJ "
        "385:e078378).",
    ),
    CheckKind(
        "SC011",
        "Apparent performance alone",
        ("error",),
        _EVERYWHERE,
        "The predictions that are judged were made for the patients the model was made from, and nothing stands "
        "beside them. spinecast judges out-of-fold or other patients only; of predictions made elsewhere evaluate "
        "--declared says it.",
        "Nobody states what patients the predictions were made for.",
        "Give out-of-fold predictions, or those of other patients.",
        "Steyerberg 2019, Clinical Prediction Models, ch. 17; PROBAST 4.8 (Moons et al. 2019, Ann Intern Med 170:W1).",
    ),
    CheckKind(
        "SC012",
        "Calibration that does not rise",
        ("warning",),
        _EVERYWHERE,
        "Between the 2.5th and the 97.5th percentile of the predicted risks the smooth calibration curve falls so far "
        "that its 95 % bands before and after do not touch: patients of a higher predicted risk fare better.",
        "There is no curve with a band: too few patients, or no risks.",
        "Look for the patients in between; no recalibration that keeps the order mends it.",
        "Van Calster et al. 2016, J Clin Epidemiol 74:167, for the curve; bands that do not touch are this project's "
        "own, careful, convention.",
    ),
    CheckKind(
        "SC013",
        "A subgroup in which the model does harm",
        ("warning",),
        _EVERYWHERE,
        "A group of patients (sex, age band, tumour, site, year, treatment, what is unequal) in whom the net benefit "
        "at a threshold of the study is below the better of acting on everybody and on nobody (negative relative net "
        "benefit), or in whom events observed for each one expected lie below 0.8 or above 1.25. Judged one-sided at "
        "2.5 % shared between all comparisons (Bonferroni).",
        "No group is large enough, nothing forms groups, or the values are no risks.",
        "Do not act on the risks in these groups; look for what is different in them, and update the model there.",
        "Vickers et al. 2016, BMJ 352:i6, and Baker 2009, J R Stat Soc A 172:729 (relative utility); Van Calster & "
        "Vickers 2015, Med Decis Making 35:162 (harm). A fifth is this project's own convention.",
    ),
    CheckKind(
        "SC025",
        "One data set made from another",
        ("error",),
        ("validate", "update"),
        "Patients of the validation cohort found again in the development cohort although their rows are not the "
        "same: by their values (a subset of rows or columns, rounding, some changed cells) and by the ranks of their "
        "values within each cohort (another unit, rescaling, any increasing function, a little noise). Found are 5 % "
        "of the smaller cohort or more, and three times what chance gives. Not found are copies with strong noise in "
        "every column, with few columns in common, or of single people.",
        "The development patients cannot be read again, or the common variables cannot tell people apart.",
        "Validate on patients who were never part of the development, in whatever form.",
        "Fellegi & Sunter 1969, J Am Stat Assoc 64:1183, for linkage without identifiers. The bounds are this "
        "project's own convention.",
    ),
    CheckKind(
        "SC026",
        "Coding that differs",
        ("error", "warning"),
        ("validate", "update"),
        "An input of the model whose quartiles agree with those of the development once an exact factor between two "
        "of its units is taken out (an error), or whose levels agree once they are reversed or moved by one (a "
        "warning). The engine is that of spinecast cohort check --against (CC084, CC085).",
        "The development patients cannot be read again, or the cohorts share no input.",
        "Ask in which unit and with which codes it was recorded, and write it in the mapping.",
        "This project's own convention, as of CC084 and CC085; PROBAST 2.1 (predictors defined alike for all).",
    ),
    CheckKind(
        "SC040",
        "Worse after the update",
        ("warning",),
        ("update",),
        "The logarithmic loss of the updated model less that of the model before, paired in the patients set apart, is "
        "above 0: what was learned from the updating patients did no good in these.",
        "The loss is infinite, or nothing was changed.",
        "Keep the model as it was, or update by a method that changes less, or on more patients.",
        "Steyerberg et al. 2004, Stat Med 23:2567: with few patients extensive updating does worse than little.",
    ),
    CheckKind(
        "SC050",
        "Scanners with few patients",
        ("warning",),
        ("train",),
        "A scanner or protocol behind image features with fewer than 20 patients. What it adds to a feature is then "
        "known to no better than a quarter of a standard deviation, so that harmonisation moves its patients by "
        "chance; with fewer than the study asks for it is not harmonised and its patients have no features.",
        "The study has no image features, or does not say with which scanner they were made.",
        "Gather more patients of that scanner, join protocols that are alike, or leave its patients out.",
        "The standard error of a mean of 20 is 0.22 standard deviations; the bound is this project's own convention. "
        "ComBat: Johnson et al. 2007, Biostatistics 8:118 (doi:10.1093/biostatistics/kxj037).",
    ),
    CheckKind(
        "SC051",
        "Outcome rates that differ between scanners",
        ("warning",),
        ("train",),
        "The share of patients with the outcome differs between the scanners behind image features by more than chance "
        "(chi-square test, p < 0.05), among scanners with 20 patients and more. Harmonisation then takes away some of "
        "what the features tell of the outcome, and features that are not harmonised may tell the scanner apart and "
        "call it biology.",
        "The study has no image features, does not say with which scanner they were made, or fewer than two scanners "
        "have 20 patients with a known outcome.",
        "Name the predictors that make the difference under harmonisation.keep; judge the model with one scanner left "
        "out (internal_external: {by: BLOCK.batch}).",
        "Nygaard et al. 2016, Biostatistics 17:29 (doi:10.1093/biostatistics/kxv027): batch effects removed where "
        "groups are unevenly spread over batches. The bounds are this project's own convention.",
    ),
)
