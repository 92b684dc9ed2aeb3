"""Makes a backbone: from a teacher, from labels, or from inputs alone."""
