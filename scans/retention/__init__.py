"""What is kept, and what is deleted for good."""
