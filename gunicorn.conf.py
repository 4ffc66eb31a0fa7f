"""gunicorn settings; `gunicorn app:app` reads this file.

docs/deploy.md tells how the numbers were measured.
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
    """Stop listening as soon as the worker is told to stop, then finish open requests.

    gunicorn's own worker keeps listening but accepts nothing more: a proxy that connects meanwhile
    waits and is cut off with its request already sent. A refused connection makes it try the next
    instance. After HUP other workers keep the socket open.
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
# Requests mostly wait for BigCommerce, so a worker has many threads.
worker_class = Worker
threads = given.web_threads
# Accept no more connections than there are threads.
worker_connections = threads
# No keep-alive: a proxy cannot repeat a POST sent on a connection that was just being closed. A new
# connection costs a fraction of a millisecond.
keepalive = 0
# Longer than the largest BIGCOMMERCE_TIME_BUDGET, so that a shutdown waits for the last answer.
graceful_timeout = 75
# Seconds without a heartbeat of the worker's main loop, which requests do not block.
timeout = 30
# Load before forking: a failure then ends the process instead of restarting workers for ever.
preload_app = True
# Heartbeats in memory: on a busy disk they could be late.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - unlinked at once
control_socket_disable = True
# Callback URLs hold signed payloads or long lists of scopes.
limit_request_line = 8190
# Only TRUSTED_PROXIES decides. By default gunicorn would trust this machine, and let a header
# replace the path.
forwarded_allow_ips = ""


def _forget_numbers(folder: str, owner: int) -> None:
    # Forked workers run the exit handlers that are registered here.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


# Workers count into files of one folder, so that any of them can add them up. Set before the app is
# loaded, when prometheus-client reads it.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="bcapp-metrics-")
    atexit.register(_forget_numbers, os.environ["PROMETHEUS_MULTIPROC_DIR"], os.getpid())


# Objects loaded before the fork stay for good. The collector would scan them again and again, and
# its writes would unshare their memory pages.
gc.disable()


def pre_fork(_server: Arbiter, _worker: Worker) -> None:
    gc.freeze()


def post_fork(_server: Arbiter, _worker: Worker) -> None:
    gc.enable()


# A new worker has its master's signal handlers at first and would lose a SIGTERM, for which the
# master then waits until graceful_timeout. Held back, it arrives when the default handler is set.
def _block_sigterm() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _unblock_sigterm() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _reset_sigterm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _unblock_sigterm()


os.register_at_fork(
    before=_block_sigterm, after_in_parent=_unblock_sigterm, after_in_child=_reset_sigterm
)


def child_exit(_server: Arbiter, worker: Worker) -> None:
    # Imported late: the library reads the folder when it is imported.
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


# These messages of gunicorn quote the request: its URL with payloads and codes, and the client.
_QUOTING = ("Invalid request", "Error handling request")


def _without_quotes(record: logging.LogRecord) -> bool:
    for words in _QUOTING:
        if record.getMessage().startswith(words):
            record.msg, record.args = words, ()
    return True


class JSONLogger(Logger):  # type: ignore[misc]
    """Log gunicorn's messages in the format of `bcapp.logs`."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.addFilter(_without_quotes)


logger_class = JSONLogger
