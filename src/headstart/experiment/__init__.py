"""The whole flow: from source data to a model with its evidence."""

from headstart.experiment.flow import fit, out_folder, run

__all__ = ["fit", "out_folder", "run"]
