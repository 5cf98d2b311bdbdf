"""A receiver on Flask, as X's documentation describes it, under gunicorn (gunicorn.conf.py).

It answers challenges. It verifies the raw body of a delivery, parses and queues it, and answers 200.
The secret and the port are read from the environment.
"""

import base64
import hashlib
import hmac
import json
import os
import threading
import time
from collections import deque

from flask import Flask, request

SECRET = os.environ["CONSUMER_SECRET"].encode()
PATH = "/webhooks/twitter"

app = Flask(__name__)
queue = deque()


def sign(message: bytes) -> str:
    return "sha256=" + base64.b64encode(hmac.digest(SECRET, message, hashlib.sha256)).decode()


def work() -> None:
    """The app, which looks for what is queued now and then: to be woken for each event would cost the requests more."""
    while True:
        time.sleep(0.02)
        queue.clear()


threading.Thread(target=work, daemon=True).start()


@app.get(PATH)
def challenge():
    token = request.args.get("crc_token")
    return {"response_token": sign(token.encode())} if token else ("", 400)


@app.post(PATH)
def delivery():
    body = request.get_data(cache=False)
    given = request.headers.get("x-twitter-webhooks-signature", "")
    if not hmac.compare_digest(given.encode(), sign(body).encode()):
        return "", 401
    try:
        event = json.loads(body)
    except ValueError:
        return "", 400
    queue.append(event)
    return "", 200
