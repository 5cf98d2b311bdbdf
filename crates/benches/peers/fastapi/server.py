"""A receiver on FastAPI, as X's documentation describes it, under uvicorn with uvloop and httptools.

It answers challenges. It verifies the raw body of a delivery, parses and queues it, and answers 200.
The secret and the port are read from the environment.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, Request, Response

SECRET = os.environ["CONSUMER_SECRET"].encode()
PATH = "/webhooks/twitter"

queue = asyncio.Queue()


def sign(message: bytes) -> str:
    return "sha256=" + base64.b64encode(hmac.digest(SECRET, message, hashlib.sha256)).decode()


async def work() -> None:
    """The app, which takes what is queued."""
    while True:
        await queue.get()


@asynccontextmanager
async def lifespan(_app: FastAPI):
    worker = asyncio.create_task(work())
    yield
    worker.cancel()


app = FastAPI(lifespan=lifespan)


@app.get(PATH)
async def challenge(crc_token: str = ""):
    return {"response_token": sign(crc_token.encode())} if crc_token else Response(status_code=400)


@app.post(PATH)
async def delivery(request: Request):
    body = await request.body()
    given = request.headers.get("x-twitter-webhooks-signature", "")
    if not hmac.compare_digest(given.encode(), sign(body).encode()):
        return Response(status_code=401)
    try:
        event = json.loads(body)
    except ValueError:
        return Response(status_code=400)
    queue.put_nowait(event)
    return Response()


if __name__ == "__main__":
    # Keeps connections open for clients that return after some seconds.
    uvicorn.run(app, port=int(os.environ["PORT"]), timeout_keep_alive=75, access_log=False, log_level="warning")
