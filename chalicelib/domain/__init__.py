"""What is true and what should happen. Pure: no clock, no randomness, no I/O, standard library only."""
