"""How gunicorn serves the app. `gunicorn app:app` reads this file by itself."""

import os

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
