// Tracks: the way of every token through the experts of the sparse layers.

import { count, h, named, oncePerFrame, percent, s, visible } from "./dom.js";
import { json } from "./server.js";
import { composer, unfit } from "./form.js";
import { COLOURS, find, lines, plan } from "./track-plan.js";
import { saveButton } from "./picture.js";
import { tokenStrip } from "./tokens.js";

const MOST = 1000;
const FIELDS = [
  { name: "max_tokens", label: "Answer", hint: "Tokens to generate, greedily, and to follow through the decoder; 0 for none.", value: 24, min: 0, step: 1 },
];

/** Experts of each sparse block, by stack. */
async function expertSizes(signal, isDecoderAlone) {
  const load = await json("v1/experts", { signal });
  const sizes = (layers) => new Map(layers.map(({ block, experts }) => [block, experts]));
  return { encoder: sizes(isDecoderAlone ? load.decoder : load.encoder), decoder: sizes(load.decoder) };
}

/** Of the stacks; a language model reads its prompt with its decoder. */
const stackNames = (isDecoderAlone) => (isDecoderAlone ? { encoder: "Prompt", decoder: "Answer" } : { encoder: "Encoder", decoder: "Decoder" });

const edge = ({ colour, width, isDropped, d }) =>
  s("path", { class: `track t${colour}${isDropped ? " dropped" : ""}`, "stroke-width": width, d });

/** One drawing with its tokens. */
function diagram(title, prompt, names) {
  let planned = null;
  let stop = null;
  const strips = {
    encoder: tokenStrip(`Tokens of the prompt, ${title}`, (index) => light(index === null ? null : { stack: stackOf("encoder"), token: index })),
    decoder: tokenStrip(`Tokens of the answer, ${title}`, (index) => light(index === null ? null : { stack: stackOf("decoder"), token: index })),
  };
  const inspector = h("div", { class: "inspector", "aria-live": "polite" });
  const base = h("div", { class: "base" });
  // Its drawing stays and only what is lit in it changes, so that no more than that is painted again.
  let lamp = null;
  const overlay = h("div", { class: "overlay" });
  const stage = h("div", { class: "stage", tabindex: 0, role: "group",
    "aria-label": `Tracks of ${title}. Arrow keys walk from expert to expert.` }, base, overlay);
  const scroller = h("div", { class: "scroller" }, stage);
  const note = h("p", { class: "hint", hidden: true });
  const answer = h("div", { class: "stripped" }, h("h4", {}, "Answer"), strips.decoder.element);
  const element = h("section", { class: "panel diagram", "aria-label": title },
    h("div", { class: "panel-head" }, h("h3", {}, title), saveButton("tracks", () => `${title}: ${prompt}`, picture)),
    h("div", { class: "stripped" }, h("h4", {}, "Prompt"), strips.encoder.element), answer, note, inspector, scroller);

  const stackOf = (name) => planned?.stacks.find((stack) => stack.name === name);

  function frame(label) {
    return s("svg", { class: "drawing", width: planned.width, height: planned.height, viewBox: `0 0 ${planned.width} ${planned.height}`,
      ...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" }) });
  }

  function drawStack(svg, stack) {
    svg.append(s("text", { class: "stack-name", x: 6, y: stack.top + 18 }, names[stack.name]));
    for (const column of stack.columns) {
      svg.append(s("text", { class: "column-name", x: column.x, y: stack.top + 36, "text-anchor": "middle" }, `block ${column.block}`));
    }
    for (const line of lines(stack)) svg.append(edge(line));
    const every = stack.pitch >= 13 ? 1 : 8;
    for (const { x, y, room, expert, tokens } of stack.stops) {
      svg.append(s("rect", { class: tokens.length > 0 ? "stop" : "stop asleep", x: x - 3.5, y: y - room / 2 - 1, width: 7, height: room + 2, rx: 3 }));
      if (expert % every === 0) svg.append(s("text", { class: "stop-name", x: x + 8, y: y + 3.5 }, String(expert)));
    }
    if (stack.labelled) {
      stack.tokens.forEach((token, index) => svg.append(s("text", { class: "start-name", x: stack.start - 8, y: stack.starts[index] + 4, "text-anchor": "end" },
        Array.from(named(token.text).replace(/^␣/, "")).slice(0, 11).join(""))));
    }
    stack.starts.forEach((y, index) => svg.append(s("circle", { class: `start t${index % COLOURS}`, cx: stack.start, cy: y, r: stack.labelled ? 3 : 1.5 })));
  }

  /** Lights a stop with all tokens it took, or a token with its way, or nothing. */
  function light(found) {
    lamp?.replaceChildren();
    base.classList.toggle("dim", found !== null);
    inspector.replaceChildren();
    stop = found?.stop ?? stop;
    for (const strip of Object.values(strips)) strip.mark([]);
    if (!found) {
      inspector.append(h("p", { class: "hint" }, "Point at a line, a token or a stop: its way, or all tokens that an expert took."));
      return;
    }
    const stack = found.stop?.stack ?? found.stack;
    if (!stack || (found.token ?? 0) >= stack.tokens.length) return;
    const tokens = found.stop ? new Set(found.stop.tokens.map(({ token }) => token)) : new Set([found.token]);
    const svg = document.createDocumentFragment();
    for (const line of lines(stack, tokens)) svg.append(edge({ ...line, width: line.width + 0.6 }));
    if (found.stop) {
      const { x, y, room } = found.stop;
      svg.append(s("rect", { class: "stop lit", x: x - 6, y: y - room / 2 - 3, width: 12, height: room + 6, rx: 5 }));
      tellStop(found.stop);
    } else {
      for (const visit of stack.ways[found.token]) svg.append(s("circle", { class: `pass t${found.token % COLOURS}`, cx: visit.stop.x, cy: visit.y, r: 4.5 }));
      tellToken(stack, found.token);
    }
    lamp.append(svg);
    strips[stack.name].mark(tokens);
  }

  function tellStop({ stack, column, expert, tokens }) {
    const dropped = tokens.filter(({ isDropped }) => isDropped).length;
    const gate = tokens.reduce((sum, visit) => sum + visit.gate, 0) / tokens.length;
    inspector.append(
      h("p", { class: "chosen" }, `${names[stack.name]}, block ${column.block}, expert ${expert}`),
      h("p", { class: "facts" }, tokens.length === 0 ? "No token came here."
        : `${tokens.length} of ${count(stack.tokens.length, "token")}, gate ${percent(gate)} on average` + (dropped > 0 ? `, ${dropped} dropped: it was full` : "")),
      tokens.length > 0 && h("p", { class: "some" }, ...tokens.slice(0, 40).flatMap(({ token }) => [h("bdi", { class: "mono" }, named(stack.tokens[token].text)), " "]),
        tokens.length > 40 && `and ${tokens.length - 40} more`));
  }

  function tellToken(stack, token) {
    inspector.append(
      h("p", { class: "chosen" }, h("bdi", { class: "mono" }, named(stack.tokens[token].text))),
      h("p", { class: "facts" }, stack.ways[token].map((visit) => `block ${visit.stop.column.block}: expert ${visit.stop.expert}, gate ${percent(visit.gate)}${visit.isDropped ? ", dropped" : ""}`).join(" · ")));
  }

  /** What is seen, as one drawing. */
  function picture() {
    const whole = base.querySelector("svg")?.cloneNode(true);
    if (!whole) return null;
    // Styles are read off what is on the page.
    whole.append(...lamp.cloneNode(true).childNodes);
    const shelf = h("div", { class: "shelf" }, whole);
    document.body.append(shelf);
    setTimeout(() => shelf.remove());
    return whole;
  }

  let last = null;
  const point = oncePerFrame((x, y) => {
    const found = planned ? find(planned, x, y) : null;
    const name = found ? (found.stop ? `${found.stop.stack.name} ${found.stop.x} ${found.stop.y}` : `${found.stack.name} ${found.token}`) : "";
    if (name === last) return;
    last = name;
    light(found);
  });
  // Nothing in it takes the pointer, so that the place is the stage's.
  stage.addEventListener("pointermove", (event) => point(event.offsetX, event.offsetY));
  stage.addEventListener("pointerleave", () => point(-1, -1));
  stage.addEventListener("keydown", (event) => {
    if (!planned || planned.stacks.length === 0) return;
    const at = stop ?? planned.stacks[0].columns[0].stops[0];
    const columns = planned.stacks.flatMap((stack) => stack.columns);
    const place = columns.indexOf(at.column);
    const beside = (column) => column.stops[Math.min(at.expert, column.stops.length - 1)];
    const next = {
      ArrowDown: at.column.stops[Math.min(at.expert + (stop ? 1 : 0), at.column.stops.length - 1)],
      ArrowUp: at.column.stops[Math.max(at.expert - 1, 0)],
      ArrowRight: beside(columns[Math.min(place + 1, columns.length - 1)]),
      ArrowLeft: beside(columns[Math.max(place - 1, 0)]),
    }[event.key];
    if (!next) return;
    event.preventDefault();
    light({ stop: next });
  });

  return {
    element,
    show(route, sizes) {
      const width = Math.max(scroller.clientWidth || 320, 320);
      planned = plan(route, sizes, width, MOST);
      stop = null;
      last = null;
      for (const [name, strip] of Object.entries(strips)) {
        strip.clear();
        (route[name]?.tokens ?? []).forEach((token, index) => strip.add(token.text, `t${index % COLOURS}`));
      }
      answer.hidden = !route.decoder;
      const all = (route.encoder?.tokens.length ?? 0);
      note.hidden = planned.stacks.length > 0 && all <= MOST;
      note.textContent = planned.stacks.length === 0 ? "This model has no sparse layers: every token takes the same way."
        : `The lines of the first ${MOST} of ${count(all, "token")} are drawn.`;
      const svg = frame(planned.stacks.map((stack) => `${names[stack.name]}: ${count(stack.tokens.length, "token")} through ${count(stack.columns.length, "sparse layer")}`).join("; "));
      for (const stack of planned.stacks) drawStack(svg, stack);
      base.replaceChildren(svg);
      lamp = frame();
      overlay.replaceChildren(lamp);
      stage.hidden = planned.stacks.length === 0;
      light(null);
    },
  };
}

export function tracksView(app) {
  const drawings = h("div", { class: "diagrams" });
  const form = composer({ app, view: "tracks", fields: FIELDS, label: "Show tracks", run,
    prompts: [{ name: "prompt", label: "Prompt" }, { name: "beside", label: "Beside it", isOptional: true }] });
  const legend = h("p", { class: "legend" }, "A line is a token, a stop an expert. Thick: a high gate. ",
    s("svg", { width: 40, height: 10, class: "key", "aria-hidden": "true" }, s("path", { class: "track t0 dropped", "stroke-width": 2, d: "M1 5H39" })), " dropped: the expert was full.");
  const element = h("section", { class: "view", "aria-labelledby": "view-tracks" }, h("h2", { id: "view-tracks" }, "Tracks"), form.element, legend, drawings);

  async function run(values, signal) {
    const prompts = [values.prompt, values.beside].filter((prompt) => prompt?.trim());
    const routes = [];
    for (const prompt of prompts) routes.push(await json("v1/route", { body: { prompt, max_tokens: values.max_tokens ?? 0 }, signal }));
    const isDecoderAlone = app.model?.architecture === "language-model";
    const sizes = await expertSizes(signal, isDecoderAlone);
    drawings.classList.toggle("pair", routes.length > 1);
    const shown = routes.map((_, index) => diagram(routes.length === 1 ? "Through the experts" : ["First prompt", "Second prompt"][index], visible(prompts[index]), stackNames(isDecoderAlone)));
    drawings.replaceChildren(...shown.map(({ element }) => element));
    shown.forEach((drawing, index) => drawing.show(routes[index], sizes));
    return routes.map((route) => `${count(route.usage.prompt_tokens, "token")} of the prompt, ${route.usage.completion_tokens} of the answer`).join("; ") + ".";
  }

  return {
    element,
    enter(values) { form.set(values); this.modelChanged(app.model); },
    modelChanged(model) {
      if (model?.max_output_tokens) form.limit("max_tokens", model.max_output_tokens);
      const reason = unfit(model);
      if (reason) form.say(reason, true);
    },
  };
}
