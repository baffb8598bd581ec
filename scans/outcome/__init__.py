"""What an outcome says: scores, words, the effective verdict, and how it came about."""
