"""What stands at the end of an external validation: how it was done, and what the words mean."""

from __future__ import annotations

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Facts, Section
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.measures import FOR_COMPARISON, MEASURES
from spinecast.reporting.ordinal_measures import ORDINAL_MEASURES
from spinecast.reporting.quantity_measures import QUANTITY_MEASURES
from spinecast.reporting.sections.closing import TERMS
from spinecast.reporting.sections.external_follow_up import FOLLOW_UP_MEASURES
from spinecast.reporting.timed_measures import TIMED_MEASURES

__all__ = ["done_section", "external_glossary_section"]

SHARED = ("Basis", "Comparator", "Fingerprint", "Log-odds", "Net benefit", "Out-of-fold", "95% interval", "SMD")
EVERYWHERE = ("External", "Paired")
OWN = (
    ("Case mix", "Who the patients are: the distribution of the predictors, and so of the predicted risks."),
    (
        "Effective number of patients",
        "How many patients of equal weight tell as much as the weighted ones (Kish 1965).",
    ),
    (
        "Expected AUC",
        "The AUC a cohort allows if every predicted risk is right (model-based concordance, van Klaveren 2016): it "
        "depends on who the patients are and not on what happened to them.",
    ),
    ("External", "Judged on patients the model was not made from, nothing being fitted to them."),
    (
        "Membership model",
        "A regression that tells from the predictors in which of two cohorts a patient is (Debray 2015).",
    ),
    (
        "Paired",
        "Two predictions compared in the same patients, so that what is hard about these patients cancels out.",
    ),
)


OF_UPDATES = (
    (
        "Closed test",
        "A chain of tests that takes the smallest change of a model which the updating patients do not speak against "
        "(Vergouwe 2017).",
    ),
    ("Updating", "Changing a model on patients of elsewhere, as little as is needed, in place of making a new one."),
)


def done_section(record: ExternalRecord) -> Section:
    """Say what was computed with, so that it can be computed again."""
    about = record.about
    settings, environment = about["settings"], about.get("environment") or {}
    packages = environment.get("packages") or {}
    facts = [
        ("Cohort fingerprint", fmt.plain(about["cohort"]["fingerprint"])),
        *(
            (("Source identity", fmt.plain(about["source"]["identity"])),)
            if record.is_validation and about["source"]["kind"] == "model"
            else ()
        ),
        ("Thresholds", fmt.setting(settings["thresholds"])),
        ("Resamples", fmt.count(settings["bootstrap"])),
        ("Seed", fmt.count(settings["seed"])),
        ("Started", fmt.moment(about.get("started"))),
        ("Finished", fmt.moment(about.get("finished"))),
        ("Python", fmt.plain(environment.get("python") or fmt.absent("not recorded"))),
        ("Packages", fmt.plain(", ".join(f"{name} {version}" for name, version in packages.items()))),
        ("Platform", fmt.plain(environment.get("platform") or fmt.absent("not recorded"))),
    ]
    return Section("done", "How it was done", (Facts(tuple(facts)),))


def external_glossary_section(record: ExternalRecord) -> Section:
    """Explain every word and measure the report uses."""
    timed = FOLLOW_UP_MEASURES.values() if record.findings.get("survival") else ()
    kind = record.evaluation.get("kind")
    of_kind = {None: MEASURES, "quantity": QUANTITY_MEASURES, "ordinal": ORDINAL_MEASURES}
    every = of_kind.get(kind, TIMED_MEASURES)
    measures = [
        (one.label, f"{one.meaning}{'' if one.ideal == FOR_COMPARISON else f' Ideal: {one.ideal}.'} {one.source}.")
        for one in (*every.values(), *timed)
    ]
    shared = [(term, meaning) for term, meaning in TERMS if term in SHARED]
    own = [*OWN] if record.about["kind"] == "validation" else [entry for entry in OWN if entry[0] in EVERYWHERE]
    own += OF_UPDATES if record.about["kind"] == "update" else ()
    entries = sorted([*shared, *own, *measures], key=lambda entry: entry[0].lower())
    return Section("glossary", "Glossary", (Facts(tuple(entries)),))
