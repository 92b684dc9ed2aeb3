"""One file a kind of transfer: what it gives on real sets, against what it must give."""
