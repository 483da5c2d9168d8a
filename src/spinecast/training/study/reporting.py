"""What only the authors of a study can say, as a block of its file: quoted word for word in the forms of a report."""

from __future__ import annotations

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from spinecast.documents import Block, DocumentKind, Text
from spinecast.errors import DocumentError

__all__ = ["AUTHORS", "ReportingSpec"]

AUTHORS = DocumentKind("reporting statement", DocumentError)


def _words(description: str) -> Text | None:
    found: Text | None = Field(default=None, description=description)
    return found


class ReportingSpec(Block):
    """The authors' words for TRIPOD+AI, the model card and its source attributes (HTI-1) that no record can know."""

    abstract: Text | None = _words("The structured abstract (item 2).")
    background: Text | None = _words("Clinical context, why the model is made, and which exist (3a).")
    intended_use: Text | None = _words("What the model is for, in the pathway of care (3b).")
    users: Text | None = _words("Who is meant to use it (3b).")
    out_of_scope: Text | None = _words("What it is not for (model card).")
    health_inequalities: Text | None = _words("Known inequalities in health between groups of people (3c).")
    data_source_rationale: Text | None = _words("Why these data, and how representative they are (5a).")
    dates: Text | None = _words("When patients entered, and when follow-up ended (5b).")
    setting: Text | None = _words("Setting of care, number and place of centres (6a).")
    eligibility: Text | None = _words("Criteria of inclusion and exclusion (6b).")
    treatments: Text | None = _words("Treatments received, and how they were dealt with (6c).")
    data_preparation: Text | None = _words("Preparation and checks of the data before they came here (7).")
    outcome_assessment: Text | None = _words("How and when the outcome was assessed, and why it was chosen (8a).")
    outcome_assessors: Text | None = _words("Who judged the outcome, where it calls for judgement (8b).")
    outcome_blinding: Text | None = _words("What was done to assess the outcome blind (8c).")
    predictor_choice: Text | None = _words("How the first set of predictors was chosen (9a).")
    predictor_measurement: Text | None = _words("How and when predictors were measured, and any blinding (9b).")
    predictor_assessors: Text | None = _words("Who judged predictors that call for judgement (9c).")
    sample_size: Text | None = _words("Why the size of the study suffices (10).")
    model_rationale: Text | None = _words("Why this type of model (12c).")
    fairness: Text | None = _words("What was done for fairness, and why (14).")
    thresholds: Text | None = _words("How thresholds were chosen, or that none is proposed (15).")
    ethics: Text | None = _words("The committee that approved the study, and consent or its waiver (17).")
    funding: Text | None = _words("The funding, and the part the funders had (18a).")
    conflicts: Text | None = _words("Conflicts of interest of all authors (18b).")
    protocol: Text | None = _words("Where the protocol can be read, or that there is none (18c).")
    registration: Text | None = _words("Register and number, or that the study was not registered (18d).")
    data_availability: Text | None = _words("Whether and how the data can be had (18e).")
    code_availability: Text | None = _words("Whether and how the code can be had (18f).")
    patient_involvement: Text | None = _words("How patients and the public took part, or that they did not (19).")
    model_availability: Text | None = _words("On what terms the model can be had and used (22).")
    interpretation: Text | None = _words("What the results mean, fairness included (25).")
    limitations: Text | None = _words("Limitations and what they do to the results (26).")
    user_expertise: Text | None = _words("What users must do, and what expertise they need (27b).")
    next_steps: Text | None = _words("Next steps of research (27c).")
    contact: Text | None = _words("Who owns the model and answers for it (model card).")
    intended_population: Text | None = _words("The patients it is meant for (HTI-1 2.2).")
    decision_role: Text | None = _words("Its part in a decision: to inform, to augment, to replace (HTI-1 2.4).")
    known_risks: Text | None = _words("Known risks, inappropriate settings and uses (HTI-1 3.2).")
    deployed_setting: Text | None = _words("How relevant the training data are to where it is used (HTI-1 4.4).")
    bias_management: Text | None = _words("How bias is managed, reduced or removed (HTI-1 5.2).")
    external_party: Text | None = _words("Who conducted the external validation (HTI-1 6.2).")
    outcome_evaluations: Text | None = _words("Evaluations of what its use did, or that there are none (HTI-1 7.5).")
    validity_monitoring: Text | None = _words("How and how often validity is watched (HTI-1 8.1).")
    local_validity: Text | None = _words("Validity in local data, or that it was not assessed (HTI-1 8.2).")
    fairness_monitoring: Text | None = _words("How and how often fairness is watched (HTI-1 8.3).")
    local_fairness: Text | None = _words("Fairness in local data, or that it was not assessed (HTI-1 8.4).")
    update_process: Text | None = _words("How and how often it is updated (HTI-1 9.1).")
    correction_schedule: Text | None = _words("How soon it is corrected after a finding (HTI-1 9.2).")
    ethical_considerations: Text | None = _words("Risks and harms that were considered (model card).")

    @model_serializer(mode="wrap")
    def _given(self, write: SerializerFunctionWrapHandler) -> dict[str, str]:
        """Write what was given: a resolved study need not list three dozen words that nobody has said."""
        return {key: text for key, text in write(self).items() if text is not None}
