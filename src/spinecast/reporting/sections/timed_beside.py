"""What is set beside a model of times: published prognoses at each horizon, and studies of one day."""

from __future__ import annotations

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Facts, Heading, Paragraph, Section, Table
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import footnoted, is_external, row, sized
from spinecast.reporting.sections.timed import measured

__all__ = ["timed_comparators_section", "timed_horizon_studies_section"]


def timed_comparators_section(record: RunRecord) -> Section:
    """Compare with published scores and other models at every horizon."""
    found = fmt.listed(record.evaluation.get("comparators"))
    if not found:
        named = "Nothing was compared with it" if is_external(record) else "The study names no comparator"
        text = f"{named}: whether the model improves on what exists is not known from this report."
        return Section("comparators", "Comparators", (Paragraph(text),))
    names = ("horizon_auc", "horizon_observed_expected_ratio", "calibration_slope", "ipa")
    rows = [
        row(
            fmt.plain(one["label"]),
            f"{at['day']:g}",
            sized(at["n"], at.get("events")) if at["n"] else "nobody has it",
            measured(at["measures"], names[0]),
            fmt.estimate(at.get("difference")),
            *(measured(at["measures"], name) for name in names[1:]),
        )
        for one in found
        for at in one["horizons"]
    ]
    table = Table(
        "Comparators at each horizon, and the AUC of this model less theirs",
        ("Comparator", "Day", "Rests on", "AUC", "AUC difference", "O:E", "Slope", "IPA"),
        tuple(rows),
        notes=("95% intervals. Differences are paired: both on the patients who have both predictions.",),
        numeric=(1, 3, 4, 5, 6, 7),
    )
    facts = [
        (
            fmt.plain(one["label"]),
            fmt.sentence(" ".join(part for part in (one.get("identity"), one.get("note")) if part)),
        )
        for one in found
        if one.get("identity") or one.get("note")
    ]
    said: list[Block] = [Heading("What to know before comparing"), Facts(tuple(facts))] if facts else []
    return Section("comparators", "Comparators", (footnoted(table), *said))


def timed_horizon_studies_section(record: RunRecord) -> Section | None:
    """Set studies of one day beside the model of all days; None where none was named."""
    found = fmt.listed(record.evaluation.get("horizon_studies"))
    if not found:
        return None
    rows = []
    for one in found:
        reason = fmt.absence(one)
        if reason is not None:
            rows.append(row(fmt.plain(one["study"]), "–", fmt.absent(fmt.plain(reason)), *["–"] * 4))
            continue
        study, model = one["study_measures"], one["model_measures"]
        rows.append(
            row(
                fmt.plain(one["study"]),
                f"{one['day']:g}",
                measured(study, "horizon_auc"),
                measured(model, "horizon_auc"),
                fmt.estimate(one["difference"]),
                measured(study, "calibration_slope"),
                measured(model, "calibration_slope"),
            )
        )
    table = Table(
        "Studies of one day, and this model at their day",
        (
            "Study",
            "Day",
            "AUC, study",
            "AUC, this model",
            "This model less study",
            "Slope, study",
            "Slope, this model",
        ),
        tuple(rows),
        notes=(
            "Both out of fold, on the patients both studies hold, who are the same people with the same outcome. Folds "
            "differ. 95% intervals; differences are paired by patient.",
        ),
        numeric=tuple(range(1, 7)),
    )
    text = (
        "A study of one day answers that day alone, and two of them can contradict each other: a risk by day 90 above "
        "that by day 180. This model cannot, and what that costs or gains at each day is shown here."
    )
    return Section("horizon-studies", "Beside studies of one day", (Paragraph(text), footnoted(table)))
