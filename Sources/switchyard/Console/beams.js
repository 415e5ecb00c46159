// Beams: the tree of a beam search, drawn as it grows; any branch can be gone on from.

import { clip, count, h, named, percent, s, score, visible } from "./dom.js";
import { events } from "./server.js";
import { composer, unfit } from "./form.js";
import { BeamTree, COLUMN } from "./beam-tree.js";
import { saveButton } from "./picture.js";

const FIELDS = [
  { name: "num_beams", label: "Width", hint: "Beams kept at each step.", value: 4, type: "range", min: 1, max: 12, step: 1 },
  { name: "length_penalty", label: "Length penalty", hint: "Scores are divided by length to this power: above 0 favours long answers, below 0 short ones.", value: 1, type: "range", min: -2, max: 4, step: 0.1 },
  { name: "early_stopping", label: "Stops", hint: "When as many hypotheses have ended as there are beams.", value: "false",
    options: [["false", "if no better runs"], ["true", "at once"], ["never", "if no better can come"]] },
  { name: "max_tokens", label: "Longest answer", hint: "In tokens.", value: 48, min: 1, max: 128, step: 1 },
  { name: "from", label: "Begins with", hint: "Token ids that every beam starts with; clicking a branch fills them in.", value: "", type: "text", placeholder: "ids, with commas" },
];
const WAIT = 350;
const OUTCOMES = { kept: "kept", finished: "ended", pruned: "pruned" };

function bodyOf(values) {
  const stopping = { true: true, false: false, never: "never" }[values.early_stopping];
  const body = { prompt: values.prompt, num_beams: values.num_beams, num_return_sequences: values.num_beams, stream: true,
    length_penalty: values.length_penalty, early_stopping: stopping, max_tokens: values.max_tokens };
  if (values.from) {
    const ids = values.from.split(",").map((id) => Number(id.trim()));
    if (!ids.every((id) => Number.isInteger(id) && id >= 0)) throw new Error("Begins with: token ids with commas between them, such as 15, 28.");
    body.decoder_prompt = ids;
  }
  return body;
}

export function beamsView(app) {
  let [tree, best, selected, timer] = [null, null, null, null];
  const trail = [];
  const groups = new Map();
  const form = composer({ app, view: "beams", prompts: [{ name: "prompt", label: "Prompt" }], fields: FIELDS, label: "Search", run,
    change() {
      if (tree === null) return;
      clearTimeout(timer);
      timer = setTimeout(() => form.run(), WAIT);
    } });
  const inspector = h("div", { class: "inspector", "aria-live": "polite" });
  const scroller = h("div", { class: "scroller", tabindex: 0, role: "group", "aria-label": "Tree of the beam search. Arrow keys walk through it, Enter goes on from a branch." });
  const table = h("table", {}, h("caption", {}, "Beams"), h("thead", {}, h("tr", {}, ...["Rank", "Text", "Score", "Sum", "Tokens"].map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}));
  const tableBox = h("div", { class: "scroller", tabindex: 0, role: "group", "aria-label": "Beams with their scores" }, table);
  const crumb = h("p", { class: "crumb", hidden: true });
  const legend = h("ul", { class: "legend" }, ...[["main", "the best"], ["kept", "kept"], ["finished", "ended"], ["pruned", "pruned: click one to go on from it"]].map(([name, label]) =>
    h("li", {}, s("svg", { width: 34, height: 14, "aria-hidden": "true", class: "key" }, s("path", { class: `edge ${name}`, d: "M1 7H26" }), mark(name, 28, 7)), label)));
  const panel = h("section", { class: "panel", "aria-label": "Tree", hidden: true }, crumb,
    h("div", { class: "panel-head" }, legend, saveButton("beams", () => `Beam search: ${form.values().prompt}`, () => scroller.querySelector("svg"))),
    scroller, inspector, tableBox);
  const element = h("section", { class: "view", "aria-labelledby": "view-beams" }, h("h2", { id: "view-beams" }, "Beams"), form.element, panel);

  function mark(outcome, x, y) {
    if (outcome === "finished") return s("path", { class: "mark finished", d: `M${x} ${y - 6}V${y + 6}M${x + 3} ${y - 6}V${y + 6}` });
    return s("circle", { class: `mark ${outcome}`, cx: x, cy: y, r: outcome === "main" ? 4.5 : outcome === "kept" ? 3.5 : 2.5 });
  }

  function draw(node) {
    const { x, y } = tree.place(node);
    const label = clip(named(node.text).replace(/^␣/, ""), 11);
    const group = s("g", { class: `node ${node.outcome}`, "data-node": node.id, role: "button", tabindex: -1,
      "aria-label": `${visible(node.text)}, ${OUTCOMES[node.outcome]}, score ${score(node.score)}` },
      s("rect", { class: "hit", x: x - 10, y: y - 20, width: COLUMN * 0.6 + 16, height: 28 }),
      s("path", { class: `edge ${node.outcome}`, d: tree.track(node) }),
      mark(node.outcome, x, y),
      s("text", { class: "name", x: x + 7, y: y - 6 }, label));
    if (node.outcome === "kept" && !node.isStopped) group.append(s("path", { class: "edge kept run", d: `M${x} ${y}H${x + COLUMN * 0.6}` }));
    groups.set(node, group);
    return group;
  }

  function fit(svg) {
    const { width, height } = tree.size;
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  }

  /** The path that leads, as the main line. */
  function lead(svg) {
    best?.remove();
    best = s("g", { class: "main-line", "aria-hidden": "true" });
    for (const node of tree.path(tree.leader)) {
      const { x, y } = tree.place(node);
      best.append(s("path", { class: "edge main", d: tree.track(node) }), mark(node.outcome === "finished" ? "finished" : "main", x, y));
    }
    svg.append(best);
  }

  function select(node, isFocused) {
    for (const at of selected ? tree.path(selected) : []) groups.get(at)?.classList.remove("lit");
    selected = node;
    inspector.replaceChildren();
    if (!node) {
      inspector.append(h("p", { class: "hint" }, "Point at a token, or walk with the arrow keys: its path and score."));
      return;
    }
    const path = tree.path(node);
    for (const at of path) groups.get(at)?.classList.add("lit");
    if (isFocused) groups.get(node)?.focus();
    const tokens = count(path.length, "token");
    inspector.append(
      h("p", { class: "chosen" }, h("bdi", {}, visible(tree.textOf(node)))),
      h("p", { class: "facts" }, `${OUTCOMES[node.outcome]} after ${tokens} · this token ${percent(Math.exp(node.logprob))} · sum of log-probabilities ${score(node.score)}`
        + (node.finished_score === null ? "" : ` · score ${score(node.finished_score)}`)),
      node.outcome !== "finished" && h("button", { type: "button", onclick: () => goOn(node) }, "Go on from here"));
  }

  function goOn(node) {
    const ids = [...tree.prefix.map(({ id }) => id), ...tree.path(node).map(({ token }) => token)];
    trail.push(form.control("from").value);
    form.control("from").value = ids.join(", ");
    form.run();
  }

  function showCrumb() {
    crumb.hidden = tree.prefix.length === 0;
    crumb.replaceChildren("Every beam begins with ", h("bdi", { class: "mono" }, visible(tree.prefix.map((token) => token.text).join(""))), ". ",
      h("button", { type: "button", class: "quiet", onclick: () => { form.control("from").value = trail.pop() ?? ""; form.run(); } }, "Back"),
      h("span", { class: "hint" }, " It is read in one pass, as a decoder prompt: where the capacity of an expert binds in that pass, this is not quite the branch it was."));
  }

  function showBeams(beams) {
    table.tBodies[0].replaceChildren(...beams.map((beam) => h("tr", {}, h("th", { scope: "row" }, String(beam.index + 1)), h("td", {}, h("bdi", {}, visible(beam.text))),
      h("td", { class: "number" }, score(beam.score)), h("td", { class: "number" }, score(beam.cumulative_logprob)), h("td", { class: "number" }, String(beam.token_ids.length)))));
    tableBox.hidden = beams.length === 0;
  }

  async function run(values, signal, say) {
    const body = bodyOf(values);
    select(null);
    [tree, best] = [new BeamTree(), null];
    groups.clear();
    showBeams([]);
    const svg = s("svg", { class: "drawing tree", "aria-label": "Tree of the beam search" });
    fit(svg);
    scroller.replaceChildren(svg);
    panel.hidden = false;
    let own = tree;
    for await (const event of events("v1/beam_search", body, signal)) {
      if (own !== tree) return null;
      if (event.object === "beam_search.begin") {
        tree.begin(event);
        showCrumb();
      } else if (event.object === "beam_search.step") {
        const made = tree.add(event);
        fit(svg);
        svg.append(s("g", { class: "step" }, ...made.map(draw)));
        lead(svg);
        const isAtEnd = scroller.scrollLeft + scroller.clientWidth > scroller.scrollWidth - 3 * COLUMN;
        if (isAtEnd) scroller.scrollLeft = scroller.scrollWidth;
        say(`${count(event.step + 1, "step")}…`);
      } else {
        showBeams(event.beams);
        scroller.scrollLeft = 0;
        return `${count(tree.steps.length, "step")}, ${count(tree.nodes.length - 1, "candidate")}, ${count(event.beams.length, "beam")}.`;
      }
    }
    return null;
  }

  const nodeOf = (event) => {
    const group = event.target.closest?.("[data-node]");
    return group && tree ? tree.nodes[Number(group.dataset.node)] : null;
  };
  scroller.addEventListener("pointerover", (event) => { const node = nodeOf(event); if (node && node !== selected) select(node, false); });
  scroller.addEventListener("click", (event) => {
    const node = nodeOf(event);
    if (!node) return;
    if (node.outcome === "pruned") goOn(node);
    else select(node, true);
  });
  scroller.addEventListener("keydown", (event) => {
    if (!tree || tree.steps.length === 0) return;
    if (event.key === "Enter" && selected && selected.outcome !== "finished") { event.preventDefault(); goOn(selected); return; }
    const at = selected;
    const same = at ? tree.steps[at.step] : [];
    const next = {
      ArrowRight: at ? at.children.find(({ outcome }) => outcome !== "pruned") ?? at.children[0] ?? at : tree.steps[0][0],
      ArrowLeft: at ? (at.parent === tree.root ? at : at.parent) : tree.steps[0][0],
      ArrowDown: at ? same[Math.min(at.lane + 1, same.length - 1)] : tree.steps[0][0],
      ArrowUp: at ? same[Math.max(at.lane - 1, 0)] : tree.steps[0][0],
    }[event.key];
    if (!next) return;
    event.preventDefault();
    select(next, true);
  });

  return {
    element,
    enter(values) { form.set(values); if (!selected) select(null); this.modelChanged(app.model); },
    leave() { clearTimeout(timer); },
    modelChanged(model) {
      const reason = unfit(model);
      if (reason) form.say(reason, true);
    },
  };
}
