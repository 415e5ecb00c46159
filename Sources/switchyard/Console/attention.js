// Attention: what every token of an answer was picked after looking at in the prompt.

import { clip, count, h, named, percent, s } from "./dom.js";
import { json } from "./server.js";
import { composer, unfit } from "./form.js";
import { saveButton } from "./picture.js";
import { tokenStrip } from "./tokens.js";

const FIELDS = [
  { name: "block", label: "Decoder block", hint: "The layer whose attention is shown, mean over its heads; empty for the last.", value: "", min: 0, step: 1 },
  { name: "max_tokens", label: "Answer", hint: "Tokens to generate, greedily.", value: 48, min: 1, step: 1 },
];
/** Cells of the matrix that are drawn. */
const MOST = 20_000;
const LEVELS = 20;
const CELL = 20;
const [LEFT, TOP] = [104, 104];

const level = (weight) => Math.min(LEVELS, Math.ceil(weight * LEVELS));

export function attentionView(app) {
  let route = null;
  const inspector = h("div", { class: "inspector", "aria-live": "polite" });
  const source = tokenStrip("Tokens of the prompt", (index) => look("source", index));
  const target = tokenStrip("Tokens of the answer", (index) => look("target", index));
  const scroller = h("div", { class: "scroller", tabindex: 0, role: "group", "aria-label": "Weights of all tokens" });
  const note = h("p", { class: "hint" });
  const panel = h("section", { class: "panel attention", "aria-label": "Weights", hidden: true },
    h("div", { class: "side" }, h("div", { class: "stripped" }, h("h3", {}, "Prompt"), source.element), h("div", { class: "stripped" }, h("h3", {}, "Answer"), target.element), inspector),
    h("div", { class: "side" }, h("div", { class: "panel-head" }, note, saveButton("attention", () => `Attention: ${form.values().prompt}`, () => scroller.querySelector("svg"))), scroller));
  const form = composer({ app, view: "attention", prompts: [{ name: "prompt", label: "Prompt" }], fields: FIELDS, label: "Look across", run,
    change(name) { if (name === "block" && route) form.run(); } });
  const element = h("section", { class: "view", "aria-labelledby": "view-attention" }, h("h2", { id: "view-attention" }, "Attention"), form.element, panel);

  /** Weights beside a token: of the prompt's for one of the answer, of the answer's for one of the prompt. */
  function look(side, index) {
    inspector.replaceChildren();
    for (const strip of [source, target]) for (const item of strip.items) delete item.dataset.weight;
    for (const line of scroller.querySelectorAll(".cross")) line.remove();
    if (index === null || !route) {
      inspector.append(h("p", { class: "hint" }, "Point at a token of the answer: where the model looked in the prompt before it. Point at one of the prompt: which tokens looked at it."));
      return;
    }
    const weights = route.cross_attention.weights;
    const [row, others, tokens] = side === "target" ? [weights[index] ?? [], source, route.encoder.tokens]
      : [weights.map((weights) => weights[index]), target, route.decoder.tokens];
    const own = (side === "target" ? route.decoder : route.encoder).tokens[index];
    row.forEach((weight, other) => { if (others.items[other]) others.items[other].dataset.weight = weight >= 0.4 ? "most" : weight >= 0.15 ? "much" : weight >= 0.05 ? "some" : "none"; });
    const order = row.map((weight, other) => [weight, other]).sort((a, b) => b[0] - a[0]).slice(0, 6);
    inspector.append(h("p", { class: "chosen" }, h("bdi", { class: "mono" }, named(own.text)), side === "target" ? " was picked after looking at" : " was looked at for"),
      h("ol", { class: "runners" }, ...order.map(([weight, other]) => h("li", {}, h("bdi", { class: "mono" }, named(tokens[other].text)), h("span", { class: "number" }, percent(weight))))));
    const svg = scroller.querySelector("svg");
    if (!svg) return;
    const at = index * CELL;
    svg.append(side === "target" ? s("rect", { class: "cross", x: LEFT, y: TOP + at, width: route.encoder.tokens.length * CELL, height: CELL })
      : s("rect", { class: "cross", x: LEFT + at, y: TOP, width: CELL, height: weights.length * CELL }));
  }

  function draw() {
    const [columns, rows] = [route.encoder.tokens, route.decoder.tokens];
    if (columns.length * rows.length > MOST) {
      scroller.replaceChildren();
      return `${count(columns.length, "token")} by ${rows.length} are too many for a matrix; the tokens above tell of each.`;
    }
    const [width, height] = [LEFT + columns.length * CELL + 70, TOP + rows.length * CELL + 14];
    const svg = s("svg", { class: "drawing matrix", width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `Attention of ${count(rows.length, "token")} to ${count(columns.length, "token")}` });
    columns.forEach(({ text }, index) => svg.append(s("text", { class: "name", x: 0, y: 0,
      transform: `translate(${LEFT + index * CELL + 13} ${TOP - 7}) rotate(-55)` }, clip(named(text).replace(/^␣/, ""), 12))));
    rows.forEach(({ text }, index) => svg.append(s("text", { class: "name", x: LEFT - 8, y: TOP + index * CELL + 14, "text-anchor": "end" }, clip(named(text).replace(/^␣/, ""), 12))));
    const squares = Array.from({ length: LEVELS + 1 }, () => []);
    route.cross_attention.weights.forEach((weights, row) => weights.forEach((weight, column) => {
      if (weight >= 0.005) squares[level(weight)].push(`M${LEFT + column * CELL + 1} ${TOP + row * CELL + 1}h${CELL - 2}v${CELL - 2}h${2 - CELL}z`);
    }));
    svg.append(s("rect", { class: "bed", x: LEFT, y: TOP, width: columns.length * CELL, height: rows.length * CELL }));
    squares.forEach((parts, index) => { if (parts.length > 0) svg.append(s("path", { class: "weight", "fill-opacity": (index / LEVELS).toFixed(2), d: parts.join("") })); });
    scroller.replaceChildren(svg);
    return null;
  }

  async function run(values, signal) {
    const body = { prompt: values.prompt, max_tokens: values.max_tokens, return_cross_attention: true };
    if (values.block !== undefined) body.cross_attention_block = values.block;
    const found = await json("v1/route", { body, signal });
    if (!found.decoder) throw new Error("The answer is empty.");
    route = found;
    panel.hidden = false;
    for (const [strip, stack] of [[source, found.encoder], [target, found.decoder]]) {
      strip.clear();
      for (const { text } of stack.tokens) strip.add(text);
    }
    form.limit("block", found.cross_attention.blocks - 1);
    const { block, blocks } = found.cross_attention;
    note.textContent = draw() ?? `Block ${block} of 0 to ${blocks - 1}, mean over heads. Rows are the answer, columns the prompt.`;
    look("target", null);
    return `${count(found.usage.completion_tokens, "token")} look at ${found.usage.prompt_tokens}.`;
  }

  return {
    element,
    enter(values) { form.set(values); look("target", null); this.modelChanged(app.model); },
    modelChanged(model) {
      if (model?.max_output_tokens) form.limit("max_tokens", model.max_output_tokens);
      const reason = unfit(model, { needsEncoder: true });
      if (reason) form.say(reason, true);
    },
  };
}
