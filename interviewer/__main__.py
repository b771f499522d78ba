"""`python -m interviewer`: the same as the command `interviewer`."""

from interviewer.cli.main import main

main()
