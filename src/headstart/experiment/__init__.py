"""The whole flow: from source data to a model with its evidence."""

from headstart.experiment.checking import check
from headstart.experiment.flow import fit, run
from headstart.experiment.labelling import label
from headstart.experiment.ranking import rank
from headstart.experiment.unfinished import out_folder

__all__ = ["check", "fit", "label", "out_folder", "rank", "run"]
