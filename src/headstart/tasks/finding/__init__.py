"""Heads that find objects: anchors, proposals, queries, and masks of what was found."""
