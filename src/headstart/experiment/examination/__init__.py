"""Looks at the examples before anything is learnt from them."""
