// Load: every expert's share of the tokens, and what operators look at first; from `/metrics` and `/v1/experts` alone.

import { h, percent, s } from "./dom.js";
import { json, text } from "./server.js";
import { between, buckets, parse, quantile, value } from "./metrics.js";
import { saveButton } from "./picture.js";

const EVERY = 1000;
/** Looks that rates and quantiles go back over. */
const LOOKS = 60;
const [LEFT, ROW, HEAD] = [74, 22, 22];
/** Of an even load: less than half, less than it by a fifth, about even, a quarter more, twice and more. */
const STEPS = [[0.5, "cold"], [0.8, "cool"], [1.25, "even"], [2, "warm"], [Infinity, "hot"]];

/** Columns beside a heat map, with what they mean. */
const HEADS = { Block: "Of its stack", Tokens: "That experts took", Imbalance: "Tokens of the busiest expert over the mean", Entropy: "Of the shares, over that of an even load",
  Asleep: "Experts without a token", Dropped: "Tokens that found their expert full" };

const milliseconds = (seconds) => (seconds === undefined ? "–" : seconds < 0.01 ? `${(seconds * 1000).toFixed(1)} ms` : seconds < 10 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`);
const megabytes = (bytes) => (bytes === undefined ? "–" : bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);
const number = (found, digits = 2) => (Number.isFinite(found) ? found.toFixed(digits) : "–");

/** What the strip tells: name, and a function of the newest look and the oldest that is kept. */
function readings(now, then, seconds) {
  const rate = (name) => (seconds > 0 ? (value(now, name) - value(then, name)) / seconds : undefined);
  const recent = (name) => {
    const gained = between(buckets(then, name), buckets(now, name));
    return (gained.at(-1)?.count ?? 0) > 0 ? gained : buckets(now, name);
  };
  const pair = (name) => { const found = recent(name); return [milliseconds(quantile(found, 0.5)), `median; 99 %: ${milliseconds(quantile(found, 0.99))}`]; };
  const rows = (value(now, "switchyard_batch_size_sum") - value(then, "switchyard_batch_size_sum")) / (value(now, "switchyard_batch_size_count") - value(then, "switchyard_batch_size_count"));
  const list = [
    ["Waiting", `${value(now, "switchyard_requests_waiting") ?? "–"}`, `of ${value(now, "switchyard_queue_capacity") ?? "–"}`],
    ["Running", `${value(now, "switchyard_requests_running") ?? "–"}`, Number.isFinite(rows) ? `${number(rows, 1)} rows a step` : "requests"],
    ["Tokens a second", number(rate("switchyard_generated_tokens_total"), 1), "generated"],
    ["First token", ...pair("switchyard_time_to_first_token_seconds")],
    ["Between tokens", ...pair("switchyard_inter_token_seconds")],
    ["Cache", megabytes(value(now, "switchyard_kv_cache_bytes")), `of ${megabytes(value(now, "switchyard_kv_cache_capacity_bytes"))}`],
  ];
  const resident = value(now, "switchyard_expert_memory_resident_bytes");
  const gained = (name) => value(now, `switchyard_expert_memory_${name}_total`) - value(then, `switchyard_expert_memory_${name}_total`);
  const found = gained("hits") / (gained("hits") + gained("misses"));
  list.push(["Expert memory", resident === undefined ? "all" : megabytes(resident),
    resident === undefined ? "experts are held" : Number.isFinite(found) ? `${percent(found)} found in it` : "resident"]);
  return list;
}

export function loadView(app) {
  let [timer, isPaused, span, newest, isShown] = [null, false, "window", null, false];
  const looks = [];
  const strip = h("dl", { class: "readings" });
  const maps = h("div", { class: "maps" });
  const message = h("p", { class: "message", role: "status" });
  const inspector = h("p", { class: "facts inspector" });
  const pause = h("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: () => { isPaused = !isPaused; pause.setAttribute("aria-pressed", String(isPaused)); pause.textContent = isPaused ? "Go on" : "Pause"; if (!isPaused) look(); } }, "Pause");
  const spans = h("fieldset", { class: "spans" }, h("legend", {}, "Load"), ...[["window", "last five minutes"], ["total", "since the start"]].map(([name, label]) =>
    h("label", {}, h("input", { type: "radio", name: "span", value: name, checked: name === span, onchange: () => { span = name; show(); } }), ` ${label}`)));
  const legend = h("ul", { class: "legend" }, ...[["asleep", "no tokens"], ["cold", "under half of even"], ["cool", "less"], ["even", "even"], ["warm", "more"], ["hot", "twice and more"]].map(([name, label]) =>
    h("li", {}, s("svg", { class: "key", width: 16, height: 14, "aria-hidden": "true" }, s("rect", { class: `cell ${name}`, x: 1, y: 1, width: 13, height: 12 })), label)));
  const panel = h("section", { class: "panel", "aria-label": "Load of experts" },
    h("div", { class: "panel-head" }, spans, h("div", { class: "buttons" }, pause, saveButton("load", () => "Load of experts", picture))), legend, inspector, maps);
  const element = h("section", { class: "view", "aria-labelledby": "view-load" }, h("h2", { id: "view-load" }, "Load"), strip, message, panel);

  function name(share, tokens, experts) {
    return tokens === 0 ? "asleep" : STEPS.find(([most]) => share * experts < most)[1];
  }

  /** The heat map of a stack; cells of one kind are one path. */
  function map(title, layers) {
    const experts = Math.max(...layers.map((layer) => layer.experts));
    const cell = Math.max(6, Math.min(26, Math.floor(Math.max(maps.clientWidth - LEFT - 20, 240) / experts)));
    const [width, height] = [LEFT + cell * experts + 10, HEAD + ROW * layers.length + 6];
    const svg = s("svg", { class: "drawing heat", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}: load of experts, by block` },
      s("text", { class: "stack-name", x: 0, y: 14 }, title));
    const every = cell >= 16 ? 1 : cell >= 9 ? 4 : 8;
    for (let expert = 0; expert < experts; expert += every) {
      svg.append(s("text", { class: "stop-name", x: LEFT + (expert + 0.5) * cell, y: HEAD - 5, "text-anchor": "middle" }, String(expert)));
    }
    const kinds = new Map();
    layers.forEach((layer, row) => {
      const load = layer[span];
      svg.append(s("text", { class: "stop-name", x: LEFT - 8, y: HEAD + row * ROW + 15, "text-anchor": "end" }, `block ${layer.block}`));
      load.tokens.forEach((tokens, expert) => {
        const kind = name(load.share[expert], tokens, layer.experts);
        if (!kinds.has(kind)) kinds.set(kind, []);
        kinds.get(kind).push(`M${LEFT + expert * cell + 0.5} ${HEAD + row * ROW + 1}h${cell - 1}v${ROW - 2}h${1 - cell}z`);
      });
    });
    for (const [kind, parts] of kinds) svg.append(s("path", { class: `cell ${kind}`, d: parts.join("") }));
    svg.addEventListener("pointermove", (event) => {
      const layer = layers[Math.floor((event.offsetY - HEAD) / ROW)];
      const expert = Math.floor((event.offsetX - LEFT) / cell);
      if (!layer || expert < 0 || expert >= layer.experts) return;
      const load = layer[span];
      inspector.textContent = `${title}, block ${layer.block}, expert ${expert}: ${load.tokens[expert].toLocaleString("en")} tokens, ${percent(load.share[expert])} of them, ${load.dropped[expert]} dropped`
        + (load.mean_gate[expert] === null ? "" : `, mean gate ${percent(load.mean_gate[expert])}`);
    });
    return svg;
  }

  function sums(title, layers) {
    return h("table", {}, h("caption", {}, title), h("thead", {}, h("tr", {}, ...Object.keys(HEADS).map((head) => h("th", { scope: "col", title: HEADS[head] }, head)))),
      h("tbody", {}, ...layers.map((layer) => {
        const load = layer[span];
        const all = load.total_tokens + load.total_dropped;
        return h("tr", {}, h("th", { scope: "row" }, String(layer.block)), ...[load.total_tokens.toLocaleString("en"), number(load.imbalance), percent(load.normalized_entropy ?? NaN),
          `${load.dead_experts} of ${layer.experts}`, all > 0 ? percent(load.total_dropped / all) : "–"].map((cell) => h("td", { class: "number" }, cell)));
      })));
  }

  function show() {
    if (!newest) return;
    const stacks = [["Encoder", newest.encoder], ["Decoder", newest.decoder]].filter(([, layers]) => layers.length > 0);
    if (stacks.length === 0) {
      maps.replaceChildren(h("p", { class: "hint" }, "This model has no sparse layers, and so no experts."));
      return;
    }
    const places = [...maps.querySelectorAll(".scroller")].map(({ scrollLeft }) => scrollLeft);
    const focus = [...maps.querySelectorAll(".scroller")].indexOf(document.activeElement);
    maps.replaceChildren(...stacks.map(([title, layers]) => h("div", { class: "map" },
      h("div", { class: "scroller", tabindex: 0, role: "group", "aria-label": `${title}, heat map` }, map(title, layers)),
      h("div", { class: "scroller", tabindex: 0, role: "group", "aria-label": `${title}, sums` }, sums(title, layers)))));
    [...maps.querySelectorAll(".scroller")].forEach((scroller, index) => { scroller.scrollLeft = places[index] ?? 0; if (index === focus) scroller.focus(); });
  }

  /** Both stacks in one drawing. */
  function picture() {
    const parts = [...maps.querySelectorAll("svg")];
    if (parts.length === 0) return null;
    const whole = s("svg", { class: "drawing heat" });
    let [top, width] = [0, 0];
    for (const part of parts) {
      whole.append(s("g", { transform: `translate(0 ${top})` }, ...part.cloneNode(true).childNodes));
      top += Number(part.getAttribute("height")) + 12;
      width = Math.max(width, Number(part.getAttribute("width")));
    }
    for (const [name, size] of [["width", width], ["height", top]]) whole.setAttribute(name, size);
    whole.setAttribute("viewBox", `0 0 ${width} ${top}`);
    const shelf = h("div", { class: "shelf" }, whole);
    document.body.append(shelf);
    setTimeout(() => shelf.remove());
    return whole;
  }

  async function look() {
    clearTimeout(timer);
    if (!isShown || isPaused) return;
    if (!document.hidden) {
      try {
        const [metrics, experts] = await Promise.all([text("metrics"), json("v1/experts")]);
        looks.push({ at: performance.now(), series: parse(metrics) });
        if (looks.length > LOOKS) looks.shift();
        const [then, now] = [looks[0], looks.at(-1)];
        strip.replaceChildren(...readings(now.series, then.series, (now.at - then.at) / 1000).map(([name, told, more]) =>
          h("div", {}, h("dt", {}, name), h("dd", {}, told, " ", h("span", { class: "hint" }, more)))));
        newest = experts;
        message.textContent = "";
        message.classList.remove("error");
        show();
      } catch (error) {
        message.textContent = error.message;
        message.classList.add("error");
        // What another process counts begins anew.
        looks.length = 0;
        if (error.status === 401) return;
      }
    }
    timer = setTimeout(look, EVERY);
  }

  return {
    element,
    enter() { isShown = true; look(); },
    leave() { isShown = false; clearTimeout(timer); },
    visibilityChanged() { if (!document.hidden) look(); },
    modelChanged() { look(); },
  };
}
