"""Pixels in, findings out: a library without database, web or queue."""
