// A receiver on express, as in X's documentation and samples.
//
// The `verify` option of express.json receives the raw body and verifies its signature. Then the event
// is queued and answered 200. The secret and the port are read from the environment.
import { createHmac, timingSafeEqual } from "node:crypto";
import express from "express";

const { CONSUMER_SECRET, PORT } = process.env;
const PATH = "/webhooks/twitter";
const queue = [];

const sign = (message) => "sha256=" + createHmac("sha256", CONSUMER_SECRET).update(message).digest("base64");

function isSigned(body, header = "") {
  const [given, wanted] = [Buffer.from(header), Buffer.from(sign(body))];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

// The app: consumes queued events after the response to X.
function work() {
  queue.length = 0;
}

// Verifies the raw body before it is parsed.
function verify(request, _response, body) {
  if (!isSigned(body, request.get("x-twitter-webhooks-signature"))) {
    throw Object.assign(new Error("wrong signature"), { status: 401 });
  }
}

const app = express();

app.get(PATH, (request, response) => {
  const token = request.query.crc_token;
  if (typeof token !== "string" || token === "") return response.sendStatus(400);
  response.json({ response_token: sign(token) });
});

app.post(PATH, express.json({ verify, limit: "1mb" }), (request, response) => {
  // express.json neither parses nor verifies a body whose content type is not JSON.
  if (request.body === undefined) return response.sendStatus(401);
  if (queue.push(request.body) === 1) setImmediate(work);
  response.status(200).end();
});

// Handles errors of `verify` and of JSON, without revealing their text.
app.use((error, _request, response, _next) => response.sendStatus(error.status ?? 500));

// Keeps connections open for clients that return after some seconds.
app.listen(Number(PORT), "127.0.0.1").keepAliveTimeout = 75_000;
