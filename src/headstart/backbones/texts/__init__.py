"""Networks that read texts, cut into layers."""
