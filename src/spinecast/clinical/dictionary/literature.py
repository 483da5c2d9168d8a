"""The publications that define scales, scores and groups. Each is cited once here."""

from __future__ import annotations

__all__ = [
    "ASA",
    "ASIA",
    "BILSKY_2010",
    "BOUILLANNE_2005",
    "BUZBY_1988",
    "CHARLSON_1987",
    "DINDO_2004",
    "FISHER_2010",
    "FOWLER_1989",
    "FRANKEL_1969",
    "IGNACIO_DE_ULIBARRI_2005",
    "KARNOFSKY_1949",
    "KATAGIRI_2014",
    "MRC_1943",
    "NURICK_1972",
    "OKEN_1982",
    "ONODERA_1984",
    "PAYNE_1973",
    "TOKUHASHI_2005",
]

ASA = "American Society of Anesthesiologists, physical status classification system"
ASIA = "American Spinal Injury Association, International Standards for Neurological Classification of SCI"
BILSKY_2010 = (
    "Bilsky MH et al. Reliability analysis of the epidural spinal cord compression scale. J Neurosurg Spine "
    "2010;13:324-328"
)
BOUILLANNE_2005 = "Bouillanne O et al. Geriatric Nutritional Risk Index. Am J Clin Nutr 2005;82:777-783"
BUZBY_1988 = (
    "Buzby GP et al. Study protocol: a randomized clinical trial of total parenteral nutrition in malnourished "
    "surgical patients. Am J Clin Nutr 1988;47(2 Suppl):366-381"
)
CHARLSON_1987 = (
    "Charlson ME et al. A new method of classifying prognostic comorbidity in longitudinal studies. J Chronic Dis "
    "1987;40:373-383"
)
DINDO_2004 = "Dindo D et al. Classification of surgical complications. Ann Surg 2004;240:205-213"
FISHER_2010 = (
    "Fisher CG et al. A novel classification system for spinal instability in neoplastic disease. Spine "
    "2010;35:E1221-E1229"
)
FOWLER_1989 = (
    "Fowler JF. The linear-quadratic formula and progress in fractionated radiotherapy. Br J Radiol 1989;62:679-694"
)
FRANKEL_1969 = (
    "Frankel HL et al. The value of postural reduction in the initial management of closed injuries of the spine with "
    "paraplegia and tetraplegia. Paraplegia 1969;7:179-192"
)
IGNACIO_DE_ULIBARRI_2005 = (
    "Ignacio de Ulíbarri J et al. CONUT: a tool for controlling nutritional status. Nutr Hosp 2005;20:38-45"
)
KARNOFSKY_1949 = (
    "Karnofsky DA, Burchenal JH. The clinical evaluation of chemotherapeutic agents in cancer. In: MacLeod CM, editor. "
    "Evaluation of chemotherapeutic agents. Columbia University Press 1949:191-205"
)
KATAGIRI_2014 = (
    "Katagiri H et al. New prognostic factors and scoring system for patients with skeletal metastasis. Cancer Med "
    "2014;3:1359-1367"
)
MRC_1943 = "Medical Research Council. Aids to the investigation of peripheral nerve injuries. War Memorandum 7, 1943"
NURICK_1972 = (
    "Nurick S. The pathogenesis of the spinal cord disorder associated with cervical spondylosis. Brain 1972;95:87-100"
)
OKEN_1982 = (
    "Oken MM et al. Toxicity and response criteria of the Eastern Cooperative Oncology Group. Am J Clin Oncol "
    "1982;5:649-655"
)
ONODERA_1984 = "Onodera T, Goseki N, Kosaki G. Nippon Geka Gakkai Zasshi 1984;85:1001-1005"
PAYNE_1973 = (
    "Payne RB et al. Interpretation of serum calcium in patients with abnormal serum proteins. BMJ 1973;4:643-646"
)
TOKUHASHI_2005 = (
    "Tokuhashi Y et al. A revised scoring system for preoperative evaluation of metastatic spine tumor prognosis. "
    "Spine 2005;30:2186-2191"
)
