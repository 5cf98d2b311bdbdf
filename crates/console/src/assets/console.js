// Adds to the page, which works without it: live requests, pause, copy, and fresh health.
"use strict";

const MAX_ROWS = 500;
const REFRESH = 10_000;

function live(table) {
  const rows = table.tBodies[0];
  const button = document.getElementById("pause");
  const status = document.getElementById("live");
  let waiting = [];
  let isPaused = false;
  let isDue = false;

  function show() {
    isDue = false;
    if (isPaused) return;
    for (const row of waiting) {
      if (document.getElementById(row.id)) continue;
      rows.querySelector(".empty")?.remove();
      row.classList.add("new");
      rows.prepend(row);
    }
    waiting = [];
    while (rows.rows.length > MAX_ROWS) rows.lastElementChild.remove();
  }

  function report(text) {
    const held = waiting.length;
    status.textContent = text ?? (isPaused ? `Paused, ${held} new` : "Live");
  }

  function pause(paused) {
    isPaused = paused;
    button.setAttribute("aria-pressed", String(paused));
    button.textContent = paused ? "Continue" : "Pause";
    if (!paused) show();
    report();
  }

  const url = new URL(table.dataset.stream, location.href);
  url.searchParams.set("after", table.dataset.after);
  const source = new EventSource(url);
  source.onopen = () => report();
  source.onerror = () => report("Not connected; trying again");
  source.addEventListener("gap", (event) => report(`${event.data} requests are no longer held; reload the page`));
  source.addEventListener("request", (event) => {
    // The server escapes every value, and the policy of the page allows no inline script.
    const template = document.createElement("template");
    template.innerHTML = event.data;
    const row = template.content.firstElementChild;
    if (!row) return;
    waiting.push(row);
    if (waiting.length > MAX_ROWS) waiting.shift();
    // Once per frame, so that the page stays responsive while thousands arrive.
    if (!isDue) requestAnimationFrame(show);
    isDue = true;
    report();
  });
  button.hidden = false;
  button.addEventListener("click", () => pause(!isPaused));
}

async function refresh() {
  const section = document.getElementById("health");
  if (!section || document.hidden || section.contains(document.activeElement) || section.querySelector("details[open]")) return;
  try {
    const response = await fetch(section.dataset.refresh, { cache: "no-store" });
    if (!response.ok) return;
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    section.replaceWith(template.content);
  } catch {
    // The status of the stream says that the server is not there.
  }
}

function copies() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
      } catch {
        // Without permission: select the text, so that it can be copied by hand.
        getSelection().selectAllChildren(text);
        button.textContent = "Selected";
      }
    });
  }
}

const table = document.querySelector("table[data-stream]");
if (table) live(table);
if (document.getElementById("health")) setInterval(refresh, REFRESH);
copies();
