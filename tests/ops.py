"""An operator at the command line."""

import json
from typing import Any

from click.testing import Result
from flask import Flask


class Operator:
    def __init__(self, app: Flask) -> None:
        self._runner = app.test_cli_runner()

    def run(self, *words: str, answer: str | None = None, **environ: str) -> Result:
        """Run `flask ops …` in this process; `answer` is typed at a prompt."""
        result = self._runner.invoke(args=["ops", *words], input=answer, env=environ)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def read(self, *words: str, status: int = 0, **environ: str) -> Any:
        """Return what a command prints with --json."""
        result = self.run(*words, "--json", **environ)
        assert result.exit_code == status, result.output
        return json.loads(result.stdout)
