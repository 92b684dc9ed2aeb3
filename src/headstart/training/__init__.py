"""One training loop, its callbacks, and what a rung trains on."""
