"""The whole flow: from source data to a model with its evidence."""
