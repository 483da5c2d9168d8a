"""What this run cannot show, worked out from its record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Facts, Paragraph, Section
from spinecast.reporting.measures import value_of
from spinecast.reporting.predictors import named_predictors
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.changes import short_search
from spinecast.reporting.sections.cohort import missing_rows
from spinecast.reporting.sections.common import in_words, run_notes
from spinecast.reporting.sections.internal_validation import not_tuned_again

__all__ = ["NOT_VALIDATED_YET", "latest_year", "limitations_section"]

NOT_VALIDATED_YET = "No external validation yet"

OLD_AFTER_YEARS = 10
MUCH_MISSING = 0.2
NAMED = 5  # of many variables so many are named
# Codes of checks whose subject another part of this section also speaks of.
TOO_FEW_EVENTS, SYNTHETIC_COHORT = "SC002", "SC005"
# Below this many events a predictor the risk of overfitting is high whatever the algorithm; tree ensembles and networks
# need far more than regression does (van der Ploeg 2014, BMC Med Res Methodol 14:137).
FEW_EVENTS_PER_PREDICTOR = 20

Limitation = tuple[str, str]


def limitations_section(record: RunRecord) -> Section:
    """State each limitation in plain words with the numbers behind it."""
    items: list[Limitation] = []
    parts = (_synthetic, _design, _source, _age_of_data, _checks, _missing, _size, _folds, _outcome, _search, _causes)
    for part in parts:
        items += part(record)
    lead = (
        "What follows is worked out from the record of this run. It is not the whole list: bias in how patients came "
        "to be in the data, and in how outcomes were recorded, cannot be seen from numbers."
    )
    return Section("limitations", "Limitations", (Paragraph(lead), Facts(tuple(items))))


def _synthetic(record: RunRecord) -> Iterator[Limitation]:
    if record.is_synthetic:
        yield (
            "Synthetic cohort",
            "No patient in it exists. Nothing here says how a model would perform in people; it shows that the "
            "method runs.",
        )


def _design(record: RunRecord) -> Iterator[Limitation]:
    basis = record.evaluation["basis"]
    if basis == "apparent":
        yield (
            "Apparent performance",
            "The model was judged on the patients it was made from: expect it to be worse in others.",
        )
    if basis != "external":
        yield (
            NOT_VALIDATED_YET,
            "The model was judged on patients of the data it was developed in. How it performs elsewhere is not known; "
            "calibration in particular often fails to carry over.",
        )
    yield (
        "Retrospective",
        "The data had been collected before the study was run; predictors and outcome were not recorded for it.",
    )


def _source(record: RunRecord) -> Iterator[Limitation]:
    source = (record.cohort.get("provenance") or {}).get("source")
    named = fmt.plain(source) if source else fmt.absent("not stated")
    group = (record.study.get("resampling") or {}).get("group")
    if group:
        yield (
            "One data source",
            f"All patients come from one source, {named}; folds kept patients of one {fmt.plain(group)} together.",
        )
    else:
        yield (
            "One data source",
            f"All patients come from one source, {named}, and were split without regard to site: differences between "
            "hospitals are not in the intervals.",
        )


def latest_year(text: str) -> int | None:
    """Return the latest year from 1950 to 2099 a text names, or None."""
    years = [int(year) for year in re.findall(r"(?<!\d)(?:19[5-9]\d|20\d\d)(?!\d)", text)]
    return max(years, default=None)


def _age_of_data(record: RunRecord) -> Iterator[Limitation]:
    provenance = record.cohort.get("provenance") or {}
    stated = " ".join(str(provenance.get(name) or "") for name in ("period", "description"))
    collected, now = (
        latest_year(stated),
        latest_year(str(record.run.get("finished") or record.run.get("started") or "")),
    )
    if collected is None or now is None:
        yield ("Age of the data", fmt.absent("the provenance does not say when the patients were seen") + ".")
    elif now - collected >= OLD_AFTER_YEARS:
        yield (
            "Old data",
            f"The provenance names no year after {collected}: the data are about {now - collected} years old. "
            "Treatment and survival "
            "have changed since, and risks learned from them may be wrong today.",
        )
    else:
        yield ("Age of the data", f"The provenance names years up to {collected}.")


def _checks(record: RunRecord) -> Iterator[Limitation]:
    """Say what each check that found something means, in its own words, and how much the model leans on it."""
    for check in fmt.listed(record.run.get("checks")):
        if check.get("severity") == "note" and record.is_synthetic and check.get("code") == SYNTHETIC_COHORT:
            continue  # said above
        variables = fmt.listed(check.get("variables"))
        said = check.get("meaning") or check.get("finding")
        if said:
            text = fmt.ended(fmt.sentence(in_words(record, said, variables)))
            yield (
                f"{fmt.plain(check['title'])} ({fmt.plain(check['code'])})",
                f"{text}{_influence(record, variables)}",
            )


def _influence(record: RunRecord, variables: Sequence[str]) -> str:
    """Say where variables stand among those that move the model's risk."""
    importance = fmt.listed(record.explanation.get("importance"))
    ordered = sorted(importance, key=lambda entry: (-entry["mean_absolute"], str(entry["variable"])))
    ranks = {entry["variable"]: rank for rank, entry in enumerate(ordered, start=1)}
    said = [
        f" “{fmt.plain(ordered[ranks[name] - 1]['label'])}” is number {ranks[name]} of the {len(ordered)} variables "
        "that move this model's risk, by its mean contribution."
        for name in variables
        if name in ranks
    ]
    return "".join(said[:NAMED])


def _missing(record: RunRecord) -> Iterator[Limitation]:
    rows = [entry for entry in missing_rows(record) if entry["missing"]]
    much = [entry for entry in rows if entry["proportion"] >= MUCH_MISSING]
    if much:
        named = fmt.joined(
            [f"{fmt.plain(entry['label'])} ({fmt.percentage(entry['proportion'], 0)})" for entry in much[:NAMED]]
            + ([f"{len(much) - NAMED} more"] if len(much) > NAMED else [])
        )
        yield (
            "Missing values",
            f"{fmt.plural(len(much), 'variable is', 'variables are')} missing in {fmt.percentage(MUCH_MISSING, 0)} of "
            "patients or "
            f"more: {named}. Whether a value was measured may itself tell of how ill the patient was.",
        )
    elif rows:
        worst = rows[0]
        yield (
            "Missing values",
            f"At most {fmt.percentage(worst['proportion'], 0)} of a variable is missing ({fmt.plain(worst['label'])}).",
        )
    broken = sum(entry["count"] for entry in fmt.listed(record.cohort.get("rejections")))
    if broken:
        yield (
            "Impossible values",
            f"{fmt.plural(broken, 'value')} of the source broke the contract; see the cohort section.",
        )


def _size(record: RunRecord) -> Iterator[Limitation]:
    if any(check.get("code") == TOO_FEW_EVENTS for check in fmt.listed(record.run.get("checks"))):
        return  # said among the checks
    predictors = len(named_predictors(record.study, record.cohort))
    n, events = record.evaluation["n"], record.evaluation["events"]
    fewer = min(events, n - events)
    if predictors and fewer / predictors < FEW_EVENTS_PER_PREDICTOR:
        yield (
            "Few events",
            f"The smaller outcome group has {fmt.integer(fewer)} patients, {fmt.number(fewer / predictors, 1)} for "
            "each of "
            f"{predictors} predictors: the model may fit noise.",
        )


def _folds(record: RunRecord) -> Iterator[Limitation]:
    values = [value_of(fold["measures"], "auc") for fold in fmt.listed(record.evaluation.get("by_fold"))]
    known = [value[0] for value in values if value is not None]
    if len(known) > 1:
        yield (
            "Spread between folds",
            f"The AUC runs from {fmt.number(min(known))} to {fmt.number(max(known))} over {len(known)} folds. "
            "Intervals of the pooled "
            "figures treat the predictions as those of one fixed model and leave out that training again would give "
            "another.",
        )


def _outcome(record: RunRecord) -> Iterator[Limitation]:
    outcome = record.study.get("outcome") or {}
    if outcome.get("kind") == "horizon" and outcome.get("censored") == "exclude":
        lost = [
            step["excluded"] for step in fmt.listed(record.cohort.get("attrition")) if "censor" in str(step).lower()
        ]
        if sum(lost):
            yield (
                "Censored patients left out",
                f"{fmt.plural(sum(lost), 'patient')} whose follow-up ended before the horizon are not in the figures.",
            )


def _search(record: RunRecord) -> Iterator[Limitation]:
    if fixed := not_tuned_again(record):
        yield ("Tuning not repeated", fixed)
    short = short_search(record)
    if short:
        yield (short.title, short.text)
    for note in run_notes(record):
        yield ("As the run says", note)


def _causes(_: RunRecord) -> Iterator[Limitation]:
    yield (
        "Prediction, not cause",
        "The model says who is at risk under the care these patients received. It does not say what treatment would "
        "change.",
    )
