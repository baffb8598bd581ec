"""What is kept of a scan, why and until when; and how the rest is deleted, with a receipt."""
