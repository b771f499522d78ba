"""What it added up to."""
