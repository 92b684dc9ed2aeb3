"""Pretraining: one file a way for a network to learn features that a head for any task may read."""

from headstart.pretraining._course import Course, Plan, crops_of
from headstart.pretraining._learner import Learner
from headstart.pretraining._registry import METHODS

__all__ = ["METHODS", "Course", "Learner", "Plan", "crops_of"]
