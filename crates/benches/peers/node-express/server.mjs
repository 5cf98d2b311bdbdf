// A receiver on express, as X's documentation and samples have it: the raw body is kept beside express.json by `verify`, where its
// signature is looked at too; then it is queued and answered 200. The secret and the port come from the environment.
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

// The app, which takes what is queued once X has its answer.
function work() {
  queue.length = 0;
}

// Runs on the raw body, before it is parsed.
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
  // A body that is no JSON by its content type is not verified either.
  if (request.body === undefined) return response.sendStatus(401);
  if (queue.push(request.body) === 1) setImmediate(work);
  response.status(200).end();
});

// Errors of `verify` and of JSON, without their text.
app.use((error, _request, response, _next) => response.sendStatus(error.status ?? 500));

// Clients that come back after some seconds find their connections open.
app.listen(Number(PORT), "127.0.0.1").keepAliveTimeout = 75_000;
