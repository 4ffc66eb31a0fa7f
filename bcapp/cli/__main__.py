"""`python -m bcapp.cli …`: `flask ops …` where the project is not installed, as in the image."""

from bcapp.cli import ops

ops(prog_name="python -m bcapp.cli")
