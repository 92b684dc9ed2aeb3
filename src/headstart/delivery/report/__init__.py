"""The report: the evidence of a fit as one self-contained HTML page."""

from headstart.delivery.report.evidence import Bin, Mistake, ReportEvidence, Sample
from headstart.delivery.report.page import render

__all__ = ["Bin", "Mistake", "ReportEvidence", "Sample", "render"]
