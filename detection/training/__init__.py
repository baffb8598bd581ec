"""How the shipped bundles were made, and how others are: imported by commands only."""
