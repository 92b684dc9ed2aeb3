"""Pretraining: one file a way for a network to learn features that a head for any task may read."""

from headstart.pretraining._collapse import Spread
from headstart.pretraining._course import Course, Shown
from headstart.pretraining._learner import Diverged, Learner
from headstart.pretraining._own_course import OwnCourse
from headstart.pretraining._own_crops import OwnCrops
from headstart.pretraining._passages import Passages, beginnings_of, passages_of
from headstart.pretraining._places import Places
from headstart.pretraining._plan import Plan
from headstart.pretraining._reading import Reading
from headstart.pretraining._registry import METHODS
from headstart.pretraining._said import Said, said_by, shared_maps
from headstart.pretraining._stored import Stored, crops_of
from headstart.pretraining._streamed import Streamed
from headstart.pretraining._turns import Turns

__all__ = [
    "METHODS",
    "Course",
    "Diverged",
    "Learner",
    "OwnCourse",
    "OwnCrops",
    "Passages",
    "Places",
    "Plan",
    "Reading",
    "Said",
    "Shown",
    "Spread",
    "Stored",
    "Streamed",
    "Turns",
    "beginnings_of",
    "crops_of",
    "passages_of",
    "said_by",
    "shared_maps",
]
