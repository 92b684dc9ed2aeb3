"""Explanations: one file a way to say why a prediction is what it is."""

from headstart.explanations._explain import EXPLANATIONS, explain, explained, explainer, questions
from headstart.explanations._writing import showings

__all__ = ["EXPLANATIONS", "explain", "explained", "explainer", "questions", "showings"]
