"""How good was it: from a transcript to an explained assessment."""
