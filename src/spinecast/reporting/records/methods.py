"""The methods of a study in prose, worked out from its record, every component with its publication."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from spinecast.reporting import formatting as fmt
from spinecast.reporting.records.components import (
    IMPUTATIONS,
    MEASURE_SOURCES,
    PACKAGES,
    algorithms,
    censoring_words,
    imputations,
    is_ordinal,
    is_quantity,
    outcome_words,
    recalibration_of,
    scale_of,
    trials_words,
    tuned_by,
)
from spinecast.reporting.records.internal_words import fitted_again, sites
from spinecast.reporting.records.known_measures import known_measures
from spinecast.reporting.records.recorded import Recorded
from spinecast.reporting.records.references import REFERENCES

__all__ = ["Methods", "write_methods"]

HOW_EXPLAINED = ("lundberg2017", "lundberg2020")


@dataclass(frozen=True)
class Methods:
    """Paragraphs with a heading each, and the references they cite by number."""

    paragraphs: tuple[tuple[str, str], ...]
    references: tuple[str, ...]

    def markdown(self, title: str, notices: Iterable[str]) -> str:
        """Return the text as Markdown, with the notices that must stand on it."""
        parts = [f"# Methods: {title}", *(f"> **{notice}**" for notice in notices)]
        parts += [f"**{heading}.** {text}" for heading, text in self.paragraphs]
        listed = "\n".join(f"{place}. {text}" for place, text in enumerate(self.references, start=1))
        return "\n\n".join([*parts, "## References", listed]) + "\n"


@dataclass
class _Citing:
    """Numbers references as they are first cited."""

    cited: dict[str, int] = field(default_factory=dict)

    def keys(self, *keys: str) -> str:
        """Cite publications of the register."""
        return self.texts(*(REFERENCES[key].cited for key in keys))

    def texts(self, *texts: str) -> str:
        """Cite publications that a source names itself."""
        if not texts:
            return ""
        numbers = [self.cited.setdefault(text, len(self.cited) + 1) for text in texts]
        return f" [{', '.join(map(str, sorted(set(numbers))))}]"


def write_methods(recorded: Recorded) -> Methods:
    """Write the methods of a training or of an external validation.

    Only what the record holds is said; a part it lacks has no paragraph.

    Parameters
    ----------
    recorded : Recorded
    """
    cite = _Citing()
    parts = _development(recorded, cite) if recorded.design == "development" else _evaluation(recorded, cite)
    paragraphs = tuple((heading, text) for heading, text in parts if text)
    return Methods(paragraphs, tuple(cite.cited))


def _development(record: Recorded, cite: _Citing) -> Iterator[tuple[str, str]]:
    yield "Design", f"A prediction model was developed and internally validated. {_standards(cite)}"
    yield "Patients", _patients(record, cite)
    yield "Outcome", _outcome(record, cite)
    yield "Predictors", _predictors(record, cite)
    yield "Missing data", _missing(record, cite)
    yield "Candidates", _candidates(record, cite)
    yield "Resampling and tuning", _resampling(record, cite)
    yield "Final model", _final(record, cite)
    yield "Performance", _performance(record, cite)
    yield "Internal validation", _internal(record, cite)
    yield "Explanation", _explanation(record, cite)
    yield "Software", _software(record, "run.json", cite)


def _evaluation(record: Recorded, cite: _Citing) -> Iterator[tuple[str, str]]:
    yield "Design", f"A prediction model was validated on patients it was not made from. {_standards(cite)}"
    yield "Model", _source(record, cite)
    yield "Patients", _patients(record, cite)
    yield "Outcome", _outcome(record, cite)
    yield "Predictors", _predictors(record, cite)
    yield "Missing data", _missing(record, cite)
    yield "Performance", _performance(record, cite)
    yield "Case mix and subgroups", _groups(record)
    yield "Software", _software(record, "about.json", cite)


def _standards(cite: _Citing) -> str:
    return (
        f"It is reported by the items of TRIPOD+AI{cite.keys('collins2024')}; its risk of bias was described with "
        f"PROBAST{cite.keys('wolff2019', 'moons2019')} and PROBAST+AI{cite.keys('moons2025')}."
    )


def _patients(record: Recorded, cite: _Citing) -> str:
    provenance = record.get("cohort.json", "provenance") or {}
    citations = [fmt.ended(provenance["citation"])] if provenance.get("citation") else []
    if "SUPPORT" in str(provenance.get("source")):  # the register's entry of the same publication, and the package's
        citations = [REFERENCES["knaus1995"].cited, REFERENCES["drysdale2022"].cited]
    made_up = "Patients were synthetic: nobody in them exists. " if record.record.is_synthetic else ""
    parts = [f"{made_up}Patients came from {record.cohort_name}{cite.texts(*citations)}."]
    if provenance.get("description"):
        parts.append(fmt.ended(fmt.sentence(provenance["description"])))
    steps = record.listed("cohort.json", "attrition")
    left_out = [
        f"{fmt.integer(step['excluded'])} were left out ({fmt.plain(step['reason'])})"
        for step in steps
        if step["excluded"]
    ]
    if left_out:
        parts.append(f"Of {fmt.integer(steps[0]['remaining'])} patients, {fmt.joined(left_out)}.")
    several = is_quantity(record) or is_ordinal(record)
    counted = "" if several else f", of whom {fmt.integer(record.events)} had the outcome"
    parts.append(f"{fmt.integer(record.n)} were analysed{counted}.")
    return " ".join(parts)


def _outcome(record: Recorded, cite: _Citing) -> str:
    words = outcome_words(record)
    if words is None:
        return ""
    censored = censoring_words(record)
    weighted = cite.keys("graf1999") if censored and record.outcome.get("censored") == "ipcw" else ""
    return f"The outcome was: {words}.{f' {censored}{weighted}.' if censored else ''}"


def _predictors(record: Recorded, cite: _Citing) -> str:
    if not record.predictors:
        return ""
    labelled = {row["variable"]: fmt.plain(row["label"]) for row in record.listed("cohort.json", "table_one")}
    named = fmt.joined([labelled.get(name, fmt.plain(name)) for name in record.predictors])
    chosen = " They were named before anything was fitted." if record.design == "development" else ""
    return f"Predictors were: {named}.{chosen}{_image_features(record, cite)}"


def _image_features(record: Recorded, cite: _Citing) -> str:
    """How features of different scanners were made one, where a study has image features."""
    said = ""
    for block in record.listed("cohort.json", "features"):
        label = fmt.plain(block["label"])
        said += f" {fmt.plural(block['features'], 'feature')} came from images ({label}), named as their software does."
        if block["harmonisation"]["kind"] == "combat":
            kept = fmt.joined([fmt.plain(name) for name in block["kept_effects"]])
            keeping = f" and keeping effects of {kept}" if kept else ""
            said += (
                f" Differences between scanners were taken out by ComBat{cite.keys('johnson2007')}, learned on the "
                f"training patients of each fold without the outcome{keeping}."
            )
    return said


def _missing(record: Recorded, cite: _Citing) -> str:
    parts = []
    absent = [row for row in record.missing if row["missing"]]
    if record.missing:
        worst = f", at most {fmt.percentage(absent[0]['proportion'], 0)} of one" if absent else ""
        parts.append(f"{len(absent)} of {len(record.missing)} predictors had missing values{worst}.")
    for kind, names in imputations(record).items():
        component = IMPUTATIONS.get(kind)
        if component is not None:
            met = f"{component.words}{cite.keys(*component.references)}"
            parts.append(f"For {fmt.joined(names)} they were met {met}.")
    if imputations(record):
        parts.append("What fills in was learned on training patients inside each split.")
    return " ".join(parts)


def _candidates(record: Recorded, cite: _Citing) -> str:
    made = [f"{component.words}{cite.keys(*component.references)}" for _, component in algorithms(record)]
    return f"Candidates were {fmt.joined(made)}." if made else ""


def _resampling(record: Recorded, cite: _Citing) -> str:
    resampling = record.study.get("resampling") or {}
    if not resampling.get("outer_folds"):
        return ""
    group = resampling.get("group")
    together = f" Patients of one {fmt.plain(group)} stayed in one fold." if group else ""
    outer, inner = resampling["outer_folds"], resampling.get("inner_folds")
    return (
        f"Nested resampling judged the whole procedure{cite.keys('varma2006')}: {outer} outer folds, "
        f"stratified by the outcome, and {inner} inner folds inside each.{together} Each "
        f"candidate was tuned by the {tuned_by(record)} of the pooled inner held-out predictions with the "
        f"tree-structured Parzen estimator{cite.keys('bergstra2011')} of Optuna{cite.keys('akiba2019')}, "
        f"{trials_words(record)}."
    )


def _final(record: Recorded, cite: _Citing) -> str:
    rule = {
        "winner": f"The final model is the candidate with the lowest inner {tuned_by(record)}",
        "ensemble": f"The final model is the average of the named candidates on the {scale_of(record)} scale",
    }.get(str((record.study.get("final") or {}).get("kind")))
    if rule is None:
        return ""
    parts = fmt.joined([fmt.plain(part.get("label") or part["name"]) for part in record.parts])
    how = recalibration_of(record)
    made = "Quantiles were made to hold what they say" if is_quantity(record) else "Scores were brought to risks"
    return (
        f"{rule}{f' ({parts})' if parts else ''}; the same rule chose inside every outer fold. {made} by {how.words}"
        f"{cite.keys(*how.references)}."
    )


def _performance(record: Recorded, cite: _Citing) -> str:
    if is_quantity(record):
        return (
            f"Predictions judged were {record.basis}. Quantiles were judged by the pinball loss"
            f"{cite.keys('koenker1978')} and the share of patients below them, intervals by coverage and width, the "
            f"probability of reaching each threshold by the AUC{cite.keys(*MEASURE_SOURCES['auc'])}, the Brier score"
            f"{cite.keys(*MEASURE_SOURCES['brier'])} and calibration"
            f"{cite.keys(*MEASURE_SOURCES['calibration_slope'])}, with 95% intervals."
        )
    if is_ordinal(record):
        return (
            f"Predictions judged were {record.basis}. All levels together were judged by the ranked probability score"
            f"{cite.keys('epstein1969')} and by C{cite.keys('harrell1996')}, reaching each level by the AUC"
            f"{cite.keys(*MEASURE_SOURCES['auc'])}, the Brier score{cite.keys(*MEASURE_SOURCES['brier'])}, calibration"
            f"{cite.keys(*MEASURE_SOURCES['calibration_slope'])} and net benefit{cite.keys('vickers2006')}, with 95% "
            f"intervals. Proportional odds were tested{cite.keys('brant1990')}."
        )
    known = known_measures(record)
    if not known:
        return ""
    named = [f"{one.label}{cite.keys(*_measure_sources(record, one.name))}" for one in known]
    parts = [f"Predictions judged were {record.basis}. Measures, with 95% intervals: {', '.join(named)}."]
    if record.get("evaluation.json", "venn_abers"):
        parts.append(f"Every risk comes with two inductive Venn-Abers probabilities{cite.keys('vovk2015')}.")
    if record.get("evaluation.json", "decision_curve"):
        parts.append(f"Net benefit was drawn as a decision curve{cite.keys('vickers2006')}.")
    timed = [name for name in (record.get("findings.json", "survival") or {}) if name in MEASURE_SOURCES]
    if timed:
        keys = [key for name in timed for key in MEASURE_SOURCES[name]]
        parts.append(f"Censored follow-up was judged by weighted measures too{cite.keys(*keys)}.")
    compared = record.listed("evaluation.json", "comparators")
    if compared:
        paired = [str((one.get("auc_difference") or {}).get("method")) for one in compared]
        source = cite.keys("delong1988") if any("DeLong" in method for method in paired) else ""
        parts.append(f"Other models were compared on the same patients by the paired difference in AUC{source}.")
    return " ".join(parts)


def _measure_sources(record: Recorded, name: str) -> tuple[str, ...]:
    """Return what a measure is published in; DeLong only where the interval is by that method."""
    method = str((record.measure(name) or {}).get("method"))
    return () if name == "auc" and "DeLong" not in method else MEASURE_SOURCES.get(name, ())


def _internal(record: Recorded, cite: _Citing) -> str:
    parts = []
    again = fitted_again(record)
    if again is not None:
        boot = cite.keys("harrell1996", "efron1997") if record.get("internal.json", "bootstrap") else ""
        parts.append(f"{again.text.removesuffix('.')}{boot}.")
    left_out = sites(record)
    if left_out is not None:
        parts.append(left_out.text)
    return " ".join(parts)


def _explanation(record: Recorded, cite: _Citing) -> str:
    methods = sorted({fmt.plain(part["method"]) for part in record.listed("explanation.json", "parts")})
    if not methods:
        return ""
    served = scale_of(record)
    if is_quantity(record):
        served = f"median ({fmt.plain(record.get('explanation.json', 'scale'))})"
    elif is_ordinal(record):
        served = fmt.plain(record.get("explanation.json", "scale"))
    return (
        f"Contributions of the predictors to the {served} are Shapley values{cite.keys(*HOW_EXPLAINED)} "
        f"({fmt.joined(methods)}); they add up to the {served} that is served."
    )


def _source(record: Recorded, cite: _Citing) -> str:
    source = record.get("about.json", "source")
    if not source:
        return ""
    name = fmt.plain(source.get("label"))
    if source.get("kind") == "model":
        developed = fmt.plain((record.get("about.json", "development") or {}).get("name") or "patients not recorded")
        return (
            f"“{name}”, developed on {developed}, was applied as it is, from its stored form (identity "
            f"{str(source.get('identity'))[:16]}). Nothing was fitted, tuned or recalibrated on the patients here."
        )
    citation = cite.texts(fmt.ended(fmt.plain(source.get("identity"))))
    return f"“{name}” was computed as published{citation}, and not changed."


def _groups(record: Recorded) -> str:
    parts = []
    if record.get("findings.json", "case_mix"):
        parts.append(
            "Case mix was compared with the development cohort by the spread of the risks, a model of membership, and "
            "calibration after weighting the patients to the development cohort."
        )
    groups = [fmt.plain(entry["label"]) for entry in record.listed("findings.json", "subgroups")]
    if groups:
        parts.append(f"Performance was computed by {fmt.joined(groups)}, groups of few events left out.")
    if record.get("findings.json", "missing_inputs"):
        parts.append("Performance was computed again with inputs missing.")
    return " ".join(parts)


def _software(record: Recorded, file: str, cite: _Citing) -> str:
    environment = record.get(file, "environment") or {}
    packages = environment.get("packages") or {}
    named = [
        f"{name} {version}{cite.keys(*PACKAGES[name])}"
        for name, version in packages.items()
        if name in PACKAGES and version != "not installed"
    ]
    if not named:
        return ""
    seed = record.get("run.json", "seeds", "study")
    seeded = f" Every random draw starts from seed {seed}." if seed is not None else ""
    return f"Python {environment.get('python')} with {fmt.joined(named)}.{seeded}"
