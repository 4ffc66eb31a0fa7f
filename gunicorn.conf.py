"""How gunicorn serves the app. `gunicorn app:app` reads this file by itself.

Where a number was measured, docs/deploy.md says how.
"""

import atexit
import gc
import logging
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from select import select

from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from bcapp.config import ConfigError, load_process_config


class Worker(ThreadWorker):
    """Closes its door as soon as it is told to stop, and serves who is inside.

    gunicorn's own keeps listening until its last answer is out, but takes nobody in any more: a
    proxy that connects meanwhile waits, and is then hung up on with its request already sent.
    Refused at once, it asks the next instance. (After HUP the socket stays open in others.)
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if self.alive:
            return
        for listener in self.sockets:
            while select([listener], [], [], 0)[0]:
                self.accept(listener)
            listener.close()


try:
    given = load_process_config()
except ConfigError as error:
    sys.exit(str(error))
bind = given.bind
workers = given.web_concurrency
# A request mostly waits for BigCommerce, so a worker has many threads.
worker_class = Worker
threads = given.web_threads
# Whom a worker has no thread for is left to the other workers.
worker_connections = threads
# One request a connection. A proxy cannot repeat a POST that it sent on a kept connection just as
# that was being closed; a new connection costs a fraction of a millisecond.
keepalive = 0
# Longer than the longest BIGCOMMERCE_TIME_BUDGET: whatever stops us waits for the last answer.
graceful_timeout = 75
# Seconds without a sign of life from a worker's main loop, which no request of ours can hold up.
timeout = 30
# Load before forking: what fails then ends the process, instead of restarting workers for ever.
preload_app = True
# Signs of life are written to memory: on a busy disk they could come too late.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - unlinked at once
control_socket_disable = True
# A callback's address holds a signed payload or a list of scopes.
limit_request_line = 8190
# TRUSTED_PROXIES alone decides whom to believe. gunicorn would believe this machine besides, and
# let it replace the path by a header.
forwarded_allow_ips = ""


def _forget_numbers(folder: str, owner: int) -> None:
    # Workers are forked, and run at their end what was registered here.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


# Workers count into files of one folder, so that whichever is asked can add them up. Not in
# `on_starting`: the app is loaded before that, and prometheus-client looks here when it is.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="bcapp-metrics-")
    atexit.register(_forget_numbers, os.environ["PROMETHEUS_MULTIPROC_DIR"], os.getpid())


# What is loaded before the fork stays for good. The collector would search it again and again
# while it grows, and write into all of it: pages that are written to are no longer shared.
gc.disable()


def pre_fork(_server: Arbiter, _worker: Worker) -> None:
    gc.freeze()


def post_fork(_server: Arbiter, _worker: Worker) -> None:
    # Just forked, a worker has its master's handlers, and would note a signal where nobody looks:
    # the master, told to stop, would then wait for it until graceful_timeout.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.enable()


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
