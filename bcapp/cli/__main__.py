"""`python -m bcapp.cli …`: `flask ops …` without the entry point, as in the image."""

from bcapp.cli import ops

ops(prog_name="python -m bcapp.cli")
