"""Whether pictures may show patients, told by names alone: of classes, of columns, of the files themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from headstart.core.counts import first_few

WORDS = {
    "patient", "patients", "radiology", "radiograph", "radiographs", "xray", "xrays", "mri", "mammogram",
    "mammography", "ultrasound", "endoscopy", "colonoscopy", "dermoscopy", "biopsy", "histology",
    "histopathology", "cytology", "fundus", "retinopathy", "glaucoma", "cataract", "pneumonia", "pneumothorax",
    "atelectasis", "cardiomegaly", "tuberculosis", "covid", "tumor", "tumors", "tumour", "tumours", "cancer",
    "carcinoma", "adenocarcinoma", "adenoma", "melanoma", "glioma", "meningioma", "metastasis", "leukemia",
    "leukaemia", "lymphoma", "lymphocyte", "malaria", "parasitized", "hemorrhage", "haemorrhage", "stenosis",
    "polyp", "polyps",
}  # fmt: skip
"""Whole words, in lower case, that hardly stand for anything but medicine."""

SHOWN = 5

NO_DEVICE = (
    "This is not a medical device: nobody has tested or approved it for patients, and it must not be used to "
    "diagnose or to treat anyone."
)


def caution_of_names(names: Iterable[str], references: Sequence[Any]) -> str:
    """A sentence where a name, or else that of a file among the references, is of medicine; else an empty one."""
    found = _words(names) or _words(one.stem for one in references if isinstance(one, Path))
    if not found:
        return ""
    return f"Names in these data are of medicine ({first_few(sorted(found), SHOWN)}). {NO_DEVICE}"


def _words(names: Iterable[str]) -> set[str]:
    """The words of medicine in them; ``X-ray`` is one word, and ``covid19`` and ``chest_xray`` hold one."""
    return WORDS & set(re.findall("[a-z]+", re.sub(r"\bx[-_ ]ray", "xray", " ".join(names).lower())))
