// A receiver with only Node's own modules, as X's documentation describes it.
//
// It answers challenges. It verifies the raw body of a delivery, parses and queues it, and answers 200.
// The secret and the port are read from the environment.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

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

function answer(response, status, json) {
  const body = json ? JSON.stringify(json) : "";
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function challenge(request, response) {
  const token = new URL(request.url, "http://localhost").searchParams.get("crc_token");
  answer(response, token ? 200 : 400, token && { response_token: sign(token) });
}

function delivery(request, response) {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    if (!isSigned(body, request.headers["x-twitter-webhooks-signature"])) return answer(response, 401);
    let event;
    try {
      event = JSON.parse(body);
    } catch {
      return answer(response, 400);
    }
    if (queue.push(event) === 1) setImmediate(work);
    answer(response, 200);
  });
}

const server = createServer((request, response) => {
  if (!request.url.startsWith(PATH)) answer(response, 404);
  else if (request.method === "GET") challenge(request, response);
  else if (request.method === "POST") delivery(request, response);
  else answer(response, 405);
});

// Keeps connections open for clients that return after some seconds.
server.keepAliveTimeout = 75_000;
server.listen(Number(PORT), "127.0.0.1");
