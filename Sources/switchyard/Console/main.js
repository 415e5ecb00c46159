// The page: which view is shown, how the server is, what the address says.

import { h } from "./dom.js";
import { hasKey, json, readiness, wireKeyDialog } from "./server.js";
import { readAddress, hashOf } from "./state.js";
import { askView } from "./ask.js";
import { beamsView } from "./beams.js";
import { tracksView } from "./tracks.js";
import { attentionView } from "./attention.js";
import { loadView } from "./load.js";

const VIEWS = { ask: ["Ask", askView], beams: ["Beams", beamsView], tracks: ["Tracks", tracksView],
  attention: ["Attention", attentionView], load: ["Load", loadView] };
const FIRST = "ask";

/** What views know of the server, and what they tell the page. */
const app = {
  model: null,
  state: "away",
  values: {},
  /** Puts a view's values into the address; they are what a link to it holds. The prompt goes along to other views. */
  remember(view, values) {
    app.values = { ...app.values, ...values };
    history.replaceState(null, "", hashOf(view, values));
  },
};

const views = new Map();
const stations = new Map();
let shown = null;

function show() {
  const { view: name, values } = readAddress(Object.keys(VIEWS), FIRST);
  if (!views.has(name)) views.set(name, VIEWS[name][1](app));
  const view = views.get(name);
  if (shown !== view) {
    shown?.leave?.();
    document.getElementById("content").replaceChildren(view.element);
    shown = view;
  }
  for (const [other, station] of stations) {
    if (other === name) station.setAttribute("aria-current", "page");
    else station.removeAttribute("aria-current");
  }
  document.title = `${VIEWS[name][0]} – Switchyard`;
  view.enter(values);
}

function tell({ state, progress, reason }) {
  const words = {
    ready: "Ready", away: "The server is away. Trying again…",
    loading: `The model is loading${Number.isFinite(progress) ? `: ${Math.floor(progress * 100)} %` : "…"}`,
    draining: "Draining: no new requests are taken",
  };
  document.getElementById("lamp").dataset.state = state;
  const text = document.getElementById("status-text");
  const told = words[state] ?? reason ?? state;
  if (text.textContent !== told) text.textContent = told;
  const bar = document.getElementById("progress");
  bar.hidden = state !== "loading";
  if (Number.isFinite(progress)) bar.value = progress;
}

async function watch() {
  const found = await readiness();
  const isBack = found.state === "ready" && app.state !== "ready";
  app.state = found.state;
  tell(found);
  if (isBack || (found.state === "ready" && app.model === null && hasKey())) await learn();
  shown?.stateChanged?.(app.state);
  setTimeout(watch, document.hidden ? 10_000 : found.state === "ready" ? 2_000 : 700);
}

/** Which model it is. */
async function learn() {
  try {
    const models = await json("v1/models", { isQuiet: true });
    app.model = models.data[0];
  } catch {
    app.model = null;
  }
  const line = document.getElementById("model");
  line.replaceChildren();
  if (app.model === null) return;
  line.append(h("bdi", {}, app.model.id), ` · ${app.model.architecture.replace("-", "–")} · ${app.model.weights}`);
  shown?.modelChanged?.(app.model);
}

const list = document.getElementById("stations");
for (const [name, [label]] of Object.entries(VIEWS)) {
  const station = h("a", { href: `#${name}` }, h("span", { class: "stop", "aria-hidden": "true" }), label);
  stations.set(name, station);
  list.append(h("li", {}, station));
}
document.querySelector(".skip").addEventListener("click", (event) => {
  // The address is the view's.
  event.preventDefault();
  document.getElementById("content").focus();
});
wireKeyDialog();
addEventListener("hashchange", show);
document.addEventListener("visibilitychange", () => shown?.visibilityChanged?.());
show();
watch();
