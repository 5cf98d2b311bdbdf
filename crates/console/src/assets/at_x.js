// Adds to the form of a replay, which works without it: a span chosen on the chart.
"use strict";

const MINUTE = 60_000;

function choose(figure) {
  const of = (name) => Number(figure.dataset[name]);
  const [start, bucket, longest] = [of("start"), of("bucket"), of("longest")];
  const [oldest, newestFrom, newestTo] = [of("oldest"), of("newestFrom"), of("newestTo")];
  const fields = figure.closest("form").elements;
  const chart = figure.querySelector("svg");
  const chosen = chart.querySelector(".chosen");
  const sliders = [...figure.querySelectorAll("input[type=range]")];
  const clamp = (value, least, most) => Math.max(least, Math.min(most, value));
  const text = (time) => new Date(time).toISOString().slice(0, 16);
  const read = (name) => Date.parse(`${fields[name].value}Z`);

  function show() {
    const [from, to] = [read("from"), read("to")];
    const isSpan = from < to;
    chosen.setAttribute("x", isSpan ? String((from - start) / bucket) : "0");
    chosen.setAttribute("width", isSpan ? String((to - from) / bucket) : "0");
    for (const slider of sliders) {
      const time = read(slider.dataset.field);
      if (Number.isNaN(time)) continue;
      slider.value = String(Math.round((time - start) / bucket));
      slider.setAttribute("aria-valuetext", `${text(time).replace("T", " ")} UTC`);
    }
  }

  // The end that was moved stays; the other one follows, so that X accepts the span.
  function set(from, to, moved) {
    if (moved === "from") {
      from = clamp(from, oldest, newestFrom);
      to = clamp(to, from + MINUTE, Math.min(newestTo, from + longest));
    } else {
      to = clamp(to, oldest + MINUTE, newestTo);
      from = clamp(from, Math.max(oldest, to - longest), Math.min(newestFrom, to - MINUTE));
    }
    fields.from.value = text(from);
    fields.to.value = text(to);
    show();
  }

  for (const slider of sliders) {
    slider.addEventListener("input", () => {
      const time = start + Number(slider.value) * bucket;
      const moved = slider.dataset.field;
      const other = read(moved === "from" ? "to" : "from");
      // The other end keeps the distance of one bucket at least.
      if (moved === "from") set(time, Math.max(other || 0, time + bucket), moved);
      else set(Math.min(other || time, time - bucket), time, moved);
    });
  }

  let anchor = null;
  const at = (event) => {
    const box = chart.getBoundingClientRect();
    const share = clamp((event.clientX - box.left) / box.width, 0, 1);
    return start + share * ((chart.viewBox.baseVal.width) * bucket);
  };
  const drag = (event) => {
    if (anchor === null) return;
    const time = at(event);
    set(Math.min(anchor, time), Math.max(anchor, time), time < anchor ? "from" : "to");
  };
  chart.addEventListener("pointerdown", (event) => {
    anchor = at(event);
    chart.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  chart.addEventListener("pointermove", drag);
  chart.addEventListener("pointerup", (event) => {
    drag(event);
    anchor = null;
  });
  chart.addEventListener("pointercancel", () => (anchor = null));
  for (const name of ["from", "to"]) fields[name].addEventListener("input", show);
  for (const part of figure.querySelectorAll("[hidden]")) part.hidden = false;
  show();
}

const figure = document.getElementById("span-chart");
if (figure) choose(figure);
