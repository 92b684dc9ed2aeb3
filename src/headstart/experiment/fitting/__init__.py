"""A fit, from its request to a model folder with its evidence."""
