"""The one place that takes `stores/<hash>` apart."""

import re

_CONTEXT = re.compile(r"stores/([a-z0-9]{1,64})")


def parse(context: object) -> str:
    """The hash in `stores/<hash>`; ValueError for anything else."""
    # fullmatch, because `$` would let a trailing newline through.
    match = _CONTEXT.fullmatch(context) if isinstance(context, str) else None
    if match is None:
        raise ValueError("not of the form stores/<hash>")
    return match[1]
