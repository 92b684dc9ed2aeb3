"""Networks that look at pictures, cut into stages."""
