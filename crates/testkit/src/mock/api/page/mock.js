"use strict";
// Receivers and clients control the shown texts, so they are never inserted as HTML.

const SHOWN = 200;
const REFRESH = 1000;
const SOURCES = { account_activity: "AAA", x_activity: "XAA", filtered_stream: "filtered stream" };

const by = (id) => document.getElementById(id);
const plural = (count, one, several) => `${count} ${count === 1 ? one : several}`;
const time = (at) => (at ?? "").replace("T", " ").replace("Z", "");
/** The values that are shown, by the id of their element. */
const shown = {};
let newest = 0;

function cell(text, label, name) {
  const td = document.createElement("td");
  td.textContent = text ?? "";
  if (label && td.textContent) td.dataset.label = label;
  if (name) td.className = name;
  return td;
}

/** A cell whose text says by its colour too whether it is good. */
function outcome(text, isGood) {
  const td = cell("", "", "outcome");
  const strong = document.createElement("strong");
  strong.textContent = text;
  strong.className = isGood ? "good" : "bad";
  td.append(strong);
  return td;
}

function row(...cells) {
  const tr = document.createElement("tr");
  tr.append(...cells);
  return tr;
}

/** Calls `show` if the value differs from the one that is shown: replaced elements lose the focus. */
function update(id, value, show) {
  const text = JSON.stringify(value);
  if (shown[id] === text) return;
  shown[id] = text;
  const focused = document.activeElement?.id;
  show(value);
  if (focused && document.activeElement?.id !== focused) by(focused)?.focus();
}

function fill(id, rows, columns, empty) {
  if (!rows.length) {
    const td = cell(empty, "", "note");
    td.colSpan = columns;
    rows = [row(td)];
    rows[0].className = "empty";
  }
  by(id).replaceChildren(...rows);
}

function showWebhooks(webhooks) {
  by("webhooks-count").textContent = webhooks.length || "";
  fill("webhooks", webhooks.map((one) => {
    const change = cell(), button = document.createElement("button");
    button.type = "button";
    button.id = `change-${one.id}`;
    button.textContent = one.valid ? "Invalidate" : "Validate";
    button.setAttribute("aria-label", `${button.textContent} ${one.url}`);
    button.addEventListener("click", () => one.valid
      ? send("invalidate", { webhook_id: one.id }, () => `X has invalidated ${one.url}: it sends no deliveries to it.`)
      : send("validate", { webhook_id: one.id }, () => `${one.url} has passed its challenge and is valid again.`));
    change.append(button);
    return row(
      cell(one.url, "", "wide"), outcome(one.valid ? "valid" : "invalid", one.valid), cell(one.id, "id", "wide"),
      cell(one.environment ? `${one.generation} (${one.environment})` : one.generation, "API"), cell(one.app, "app"),
      cell(time(one.last_success), "last passed challenge"), change,
    );
  }), 7, "No webhook yet. Register one with POST /2/webhooks, or start the mock with --webhook URL.");
  const selected = by("subscribe-webhook").value;
  by("subscribe-webhook").replaceChildren(...webhooks.map((one) => new Option(one.url, one.id)));
  if (webhooks.some((one) => one.id === selected)) by("subscribe-webhook").value = selected;
}

function showSubscriptions({ all, activities, links }) {
  const filter = ({ filter: { user_id, ...rest } }) =>
    Object.entries(rest).map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ");
  const rows = [
    ...all.map((one) => row(
      cell(one.user_id, "subscriber"), cell("everything"), cell("AAA"), cell(), cell(), cell(one.webhook, "webhook"))),
    ...activities.map((one) => row(
      cell(one.filter.user_id, "subscriber"), cell(one.event_type), cell("XAA"), cell(filter(one), "filter", "wide"), cell(one.tag, "tag", "wide"), cell(one.webhook_id, "webhook"))),
    ...links.map((one) => row(
      cell(), cell("every rule"), cell("filtered stream"), cell(), cell(), cell(one.webhook, "webhook"))),
  ];
  by("subscriptions-count").textContent = rows.length || "";
  fill("subscriptions", rows, 6, "No subscription yet.");
  const users = new Set([...all.map((one) => one.user_id), ...activities.map((one) => one.filter.user_id)].filter(Boolean));
  by("users").replaceChildren(...[...users].map((id) => new Option(id)));
}

function showControls({ held, order, at_once, duplicates }) {
  const button = by("hold-button");
  button.setAttribute("aria-pressed", String(held));
  button.textContent = held ? "Release" : "Hold";
  by("waiting-note").textContent = held ? "held deliveries" : "deliveries not sent yet";
  by("waiting-note").className = held ? "note warn" : "note";
  [by("order").value, by("at-once").value, by("copies").value] = [order, at_once, duplicates];
}

function showState(state) {
  by("clock").textContent = `${time(state.now).replace(/\.\d+$/, "")} UTC, ${state.clock === "manual" ? "manual clock" : "clock of this machine"}`;
  by("sent").textContent = state.ledger.attempts;
  by("accepted").textContent = state.ledger.delivered;
  by("challenges").textContent = state.ledger.challenges;
  by("waiting").textContent = state.controls.waiting;
  const { waiting, ...controls } = state.controls;
  update("kinds", state.kinds, (kinds) => {
    by("kind").replaceChildren(...kinds.map((kind) => new Option(kind)));
    by("kind").value = "like.create";
    by("subscribe-type").append(...state.event_types.map((kind) => new Option(kind)));
  });
  update("controls", controls, showControls);
  update("webhooks", state.webhooks, showWebhooks);
  const { subscriptions: all, activity_subscriptions: activities, stream_links: links } = state;
  update("subscriptions", { all, activities, links }, showSubscriptions);
}

/** `outcome` is {"status": 200}, {"unreachable": reason} or "timeout". */
function answer(outcome) {
  if (typeof outcome === "string") return "timed out";
  return "status" in outcome ? String(outcome.status) : `no connection: ${outcome.unreachable}`;
}

function entryRows(entry) {
  const isChallenge = entry.entry === "challenged";
  const said = answer(entry.outcome);
  const toggle = cell(), body = row();
  body.hidden = true;
  body.className = "body";
  if (entry.body) {
    const button = document.createElement("button"), pre = document.createElement("pre"), whole = cell();
    body.id = `body-${entry.number}`;
    button.type = "button";
    button.textContent = plural(entry.body.length, "character", "characters");
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", body.id);
    button.addEventListener("click", () => {
      button.setAttribute("aria-expanded", String(body.hidden));
      body.hidden = !body.hidden;
    });
    try { pre.textContent = JSON.stringify(JSON.parse(entry.body), null, 2); } catch { pre.textContent = entry.body; }
    pre.tabIndex = 0;
    toggle.append(button);
    whole.colSpan = 8;
    whole.append(pre);
    body.append(whole);
  }
  const attempt = entry.attempt > 1 ? `, attempt ${entry.attempt}` : "";
  return [row(
    cell(time(entry.at).slice(11)),
    outcome(entry.failure ? `${said}: ${entry.failure}` : said, isChallenge ? !entry.failure : said === "200"),
    cell(isChallenge ? "challenge" : entry.subscriber ? `${entry.kind} of ${entry.subscriber}` : entry.kind),
    cell(SOURCES[entry.reported_by] ?? entry.reported_by), cell(isChallenge ? entry.url : entry.webhook, "to", "wide"),
    cell(isChallenge ? entry.occasion : entry.cause + attempt, "cause"), cell(entry.took_ms, "", "number"), toggle,
  ), body];
}

function showLedger({ entries, total }) {
  by("ledger-count").textContent = total > SHOWN ? `the newest ${SHOWN} of ${total}` : total || "";
  if (!total) return fill("ledger", [], 8, "Nothing was sent yet.");
  if (!newest) by("ledger").replaceChildren();
  // Adds only new entries, so that expanded ones stay expanded.
  by("ledger").prepend(...entries.flatMap(entryRows));
  while (by("ledger").rows.length > 2 * SHOWN) by("ledger").deleteRow(-1);
  if (entries.length) newest = entries[0].number;
}

function report(text, isBad) {
  by("status").textContent = text;
  by("status").className = isBad ? "bad" : "";
}

async function send(action, value, describe) {
  try {
    const body = JSON.stringify(value);
    const response = await fetch(`/_mock/${action}`, { method: "POST", headers: { "content-type": "application/json" }, body });
    const result = await response.json();
    report(response.ok ? describe(result) : result.error, !response.ok);
  } catch (error) {
    report(`The mock does not answer (${error.message}).`, true);
  }
  refreshInTurn();
}

async function get(path) {
  const response = await fetch(path, { cache: "no-store" });
  if (!response.ok) throw new Error(response.status);
  return response.json();
}

async function refresh() {
  try {
    showState(await get("/_mock/state"));
    showLedger(await get(`/_mock/ledger?after=${newest}&limit=${SHOWN}`));
  } catch (error) {
    by("clock").textContent = `The mock does not answer (${error.message})`;
  }
}

// Runs refreshes one at a time: overlapping ones would add entries twice.
let turn = Promise.resolve();
function refreshInTurn() {
  turn = turn.then(refresh);
  return turn;
}

function on(form, act) {
  by(form).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}

on("create", () => send("fire", { kind: by("kind").value, user_id: by("user").value.trim() }, ({ kind, user_id, deliveries }) =>
  deliveries
    ? `Created ${kind} of ${user_id}: ${plural(deliveries, "delivery", "deliveries")}.`
    : `Created ${kind} of ${user_id}, but no valid webhook is subscribed to it.`));
on("subscribe", () => {
  const type = by("subscribe-type").value;
  const value = { webhook_id: by("subscribe-webhook").value, user_id: by("subscribe-user").value.trim() };
  send("subscribe", type ? { ...value, event_type: type } : value, () => `Subscribed ${value.user_id} to ${type || "everything"}.`);
});
on("hold", () => {
  const held = by("hold-button").getAttribute("aria-pressed") !== "true";
  send("hold", { held, order: by("order").value, at_once: Number(by("at-once").value) }, () =>
    held ? "Deliveries are held until you release them." : "Released the held deliveries.");
});
on("duplicates", () => {
  const copies = Number(by("copies").value);
  send("duplicates", { copies }, () => copies ? `Each later delivery is followed by ${plural(copies, "copy", "copies")}.` : "Deliveries are sent once.");
});

refreshInTurn();
setInterval(refreshInTurn, REFRESH);
