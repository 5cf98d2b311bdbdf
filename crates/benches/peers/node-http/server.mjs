// A receiver with nothing but Node's own modules, as X's documentation describes one: the token is answered, the raw body is
// verified, then parsed, queued, and answered 200. The secret and the port come from the environment.
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

// The app, which takes what is queued once X has its answer.
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

// Clients that come back after some seconds find their connections open.
server.keepAliveTimeout = 75_000;
server.listen(Number(PORT), "127.0.0.1");
