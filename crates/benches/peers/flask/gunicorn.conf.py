"""Settings of gunicorn for server.py on one core.

One worker, because there is one core. A `sync` worker closes the connection after each response.
A `gthread` worker keeps it open, and was the faster of the two in our measurements. The number of
threads, from 1 to 8, made little difference. Neither `gevent` nor the faster parser `gunicorn_h1c`
increased the speed.
"""

import os

bind = f"127.0.0.1:{os.environ['PORT']}"
workers = 1
worker_class = "gthread"
threads = 4
keepalive = 75
loglevel = "warning"
