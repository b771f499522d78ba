"""A private, voice-driven mock interviewer for LLM engineering interviews."""

__version__ = "0.1.0"
