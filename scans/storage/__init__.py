"""Where files lie: on their way in, room on the disk, and what killed processes left behind."""
