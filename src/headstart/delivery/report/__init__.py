"""The report: the evidence of a fit as one self-contained HTML page."""

from headstart.delivery.report.evidence import (
    Alternative,
    Bin,
    Case,
    Drawn,
    Explained,
    Mistake,
    Near,
    Reason,
    ReportEvidence,
    Sample,
)
from headstart.delivery.report.page import render

__all__ = [
    "Alternative",
    "Bin",
    "Case",
    "Drawn",
    "Explained",
    "Mistake",
    "Near",
    "Reason",
    "ReportEvidence",
    "Sample",
    "render",
]
