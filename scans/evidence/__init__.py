"""What is kept of a scan, for how long, and what of it is handed out."""
