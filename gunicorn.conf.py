"""How gunicorn serves the app. `gunicorn app:app` reads this file by itself."""

import atexit
import logging
import os
import shutil
import tempfile

from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
# A request mostly waits for BigCommerce, so a worker has many threads.
worker_class = "gthread"
threads = 32
# Load before forking: faulty settings then end the process with their one message, instead of
# restarting workers for ever.
preload_app = True
control_socket_disable = True
# A callback's address holds a signed payload or a list of scopes.
limit_request_line = 8190


def _forget_numbers(folder: str, owner: int) -> None:
    # Workers are forked, and run at their end what was registered here.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


# Workers count into files of one folder, so that whichever is asked can add them up. Not in
# `on_starting`: the app is loaded before that, and prometheus-client looks here when it is.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="bcapp-metrics-")
    atexit.register(_forget_numbers, os.environ["PROMETHEUS_MULTIPROC_DIR"], os.getpid())


def child_exit(_server: Arbiter, worker: Worker) -> None:
    # Imported no earlier: the library looks for the folder once, when it is loaded.
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


# What gunicorn says quotes the request behind these words: its address, with payloads and codes in
# the query, and where it came from.
_QUOTING = ("Invalid request", "Error handling request")


def _without_quotes(record: logging.LogRecord) -> bool:
    for words in _QUOTING:
        if record.getMessage().startswith(words):
            record.msg, record.args = words, ()
    return True


class JSONLogger(Logger):  # type: ignore[misc]
    """Gunicorn's own lines among the app's, in the shape that `bcapp.logs` gives them."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.addFilter(_without_quotes)


logger_class = JSONLogger
