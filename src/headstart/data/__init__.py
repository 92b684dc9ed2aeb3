"""Source data in, checked and split examples out."""
