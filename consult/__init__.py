"""Book and hold an online physical-therapy consultation."""
