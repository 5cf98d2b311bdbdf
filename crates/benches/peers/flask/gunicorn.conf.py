"""How gunicorn runs server.py on one core.

One worker, since there is one core. A `sync` worker closes the connection after each answer; `gthread` keeps it, and was the faster
of the two in our tries, with little between 1 thread and 8, and no more by `gevent` or by the faster parser `gunicorn_h1c`.
"""

import os

bind = f"127.0.0.1:{os.environ['PORT']}"
workers = 1
worker_class = "gthread"
threads = 4
keepalive = 75
loglevel = "warning"
