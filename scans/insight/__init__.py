"""What the desk's own rows tell: how much waits, how well people and models agree, and what other cuts would do."""
