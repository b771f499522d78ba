"""Sound in, sound out. Inside the program sound is always `format.Samples`."""
