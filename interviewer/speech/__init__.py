"""Words out, words in."""
