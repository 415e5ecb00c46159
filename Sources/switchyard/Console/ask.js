// Ask: an answer as it comes, and of every token how probable it was and what else it might have been.

import { h, named, percent, visible } from "./dom.js";
import { address, events, hasKey } from "./server.js";
import { composer, unfit } from "./form.js";
import { hashOf, history, remember } from "./state.js";
import { tokenStrip } from "./tokens.js";

const FIELDS = [
  { name: "max_tokens", label: "Longest answer", hint: "In tokens, the end token counted.", value: 128, min: 1, step: 1 },
  { name: "temperature", label: "Temperature", hint: "0 takes the most probable token; above it tokens are drawn, the more freely the higher.", value: 0, min: 0, max: 2, step: 0.1 },
  { name: "top_p", label: "Top p", hint: "Draws from the fewest tokens whose probabilities reach it.", value: 1, min: 0.01, max: 1, step: 0.01 },
  { name: "repetition_penalty", label: "Repetition penalty", hint: "Above 1 holds back tokens the answer has already.", value: 1, min: 0.1, max: 10, step: 0.1 },
  { name: "seed", label: "Seed", hint: "The same draws for the same seed; empty for new ones.", value: "", step: 1 },
  { name: "decoder_prompt", label: "Begins with", hint: "Text that every answer starts with.", value: "", type: "text" },
];
const RUNNERS_UP = 5;

function bodyOf(values) {
  const body = { prompt: values.prompt, max_tokens: values.max_tokens, temperature: values.temperature };
  if (values.top_p !== undefined && values.top_p !== 1) body.top_p = values.top_p;
  if (values.repetition_penalty !== undefined && values.repetition_penalty !== 1) body.repetition_penalty = values.repetition_penalty;
  if (values.seed !== undefined) body.seed = values.seed;
  if (values.decoder_prompt !== undefined) body.decoder_prompt = values.decoder_prompt;
  return body;
}

/** How sure the model was; told by the line below a token, too. */
const sureness = (probability) => (probability >= 0.9 ? "sure" : probability >= 0.5 ? "likely" : probability >= 0.1 ? "unsure" : "rare");

const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export function curl(body) {
  const key = hasKey() ? ` \\\n    -H "Authorization: Bearer $SWITCHYARD_API_KEY"` : "";
  return `curl ${shellQuoted(address("v1/completions"))} -H 'Content-Type: application/json'${key} \\\n    -d ${shellQuoted(JSON.stringify(body))}`;
}

export function python(body) {
  const members = Object.entries(body).map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},`).join("\n");
  const key = hasKey() ? `\n    "Authorization": "Bearer " + os.environ["SWITCHYARD_API_KEY"],` : "";
  return `import json${hasKey() ? ", os" : ""}
from urllib.request import Request, urlopen

body = {
${members}
}
request = Request(${JSON.stringify(address("v1/completions"))}, json.dumps(body).encode(), {
    "Content-Type": "application/json",${key}
})
print(json.load(urlopen(request))["choices"][0]["text"])`;
}

function copyable(label, code) {
  const text = h("pre", { tabindex: 0, "aria-label": label }, h("code", {}));
  const told = h("span", { class: "told", role: "status" });
  const copy = h("button", { type: "button", class: "quiet", onclick: async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      told.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(text);
      told.textContent = "Selected: copy it with Ctrl + C.";
    }
  } }, `Copy ${label}`);
  return { element: h("div", { class: "code" }, h("div", { class: "buttons" }, copy, told), text), show: () => { text.firstChild.textContent = code(); } };
}

export function askView(app) {
  const details = [];
  const inspector = h("div", { class: "inspector", "aria-live": "polite" });
  const strip = tokenStrip("Tokens of the answer", (index) => inspect(index));
  const plain = h("div", { class: "visually-hidden", role: "log", "aria-label": "The answer" });
  const facts = h("p", { class: "facts" });
  const earlier = h("ol", { class: "earlier" });
  const earlierBox = h("details", {}, h("summary", {}, "Earlier in this tab"), earlier);
  const form = composer({ app, view: "ask", prompts: [{ name: "prompt", label: "Prompt" }], fields: FIELDS, label: "Ask", run });
  const blocks = [copyable("curl", () => curl(bodyOf(form.values()))), copyable("Python", () => python(bodyOf(form.values())))];
  const request = h("details", { class: "request", ontoggle: showRequest }, h("summary", {}, "The same request as curl and as Python"),
    ...blocks.map(({ element }) => element));
  const answer = h("section", { class: "panel answer", "aria-label": "Answer", hidden: true }, strip.element, plain, facts,
    h("p", { class: "legend" }, "Probability: ", ...[["sure", "90 % and more"], ["likely", "50 %"], ["unsure", "10 %"], ["rare", "less"]]
      .map(([name, label]) => h("span", { class: `token ${name}` }, label))),
    inspector);
  const element = h("section", { class: "view", "aria-labelledby": "view-ask" }, h("h2", { id: "view-ask" }, "Ask"), form.element, answer, request, earlierBox);
  form.element.addEventListener("input", showRequest);

  function showRequest() { if (request.open) for (const block of blocks) block.show(); }

  function inspect(index) {
    inspector.replaceChildren();
    if (index === null) {
      inspector.append(h("p", { class: "hint" }, "Point at a token, or walk with the arrow keys: its probability and the runners-up."));
      return;
    }
    const { text, logprob, top } = details[index];
    const probability = Math.exp(logprob);
    const rows = top.filter(([other]) => other !== text).slice(0, RUNNERS_UP);
    const bar = (share) => {
      const filled = h("span", { class: "bar-fill" });
      filled.style.width = `${Math.min(100, share * 100)}%`;
      return h("span", { class: "bar", "aria-hidden": "true" }, filled);
    };
    inspector.append(
      h("p", { class: "chosen" }, h("bdi", { class: "mono" }, named(text)), ` ${percent(probability)}`, bar(probability)),
      h("ol", { class: "runners" }, ...rows.map(([other, value]) => h("li", {}, h("bdi", { class: "mono" }, named(other)),
        h("span", { class: "number" }, percent(Math.exp(value))), bar(Math.exp(value))))));
  }

  function showEarlier() {
    const entries = history();
    earlierBox.hidden = entries.length === 0;
    earlier.replaceChildren(...entries.map((entry) => h("li", {}, h("a", { href: entry.hash }, h("bdi", {}, visible(entry.prompt).slice(0, 120))),
      h("bdi", { class: "hint" }, visible(entry.text).slice(0, 160)))));
  }

  async function run(values, signal, say) {
    details.length = 0;
    strip.clear();
    plain.replaceChildren();
    facts.textContent = "";
    answer.hidden = false;
    inspect(null);
    showRequest();
    const begun = performance.now();
    let [first, text, end, usage] = [null, "", null, null];
    const body = { ...bodyOf(values), stream: true, logprobs: RUNNERS_UP, stream_options: { include_usage: true } };
    const keep = () => remember({ hash: hashOf("ask", form.different()), prompt: values.prompt, text });
    try {
      for await (const event of events("v1/completions", body, signal)) {
        usage = event.usage ?? usage;
        for (const choice of event.choices) {
          text += choice.text;
          end = choice.finish_reason ?? end;
          const { tokens = [], token_logprobs: logprobs = [], top_logprobs: tops = [] } = choice.logprobs ?? {};
          tokens.forEach((token, index) => {
            first ??= performance.now();
            const top = Object.entries(tops[index] ?? {}).sort((a, b) => b[1] - a[1]);
            details.push({ text: token, logprob: logprobs[index], top });
            strip.add(token, sureness(Math.exp(logprobs[index])));
          });
          say(`${details.length} tokens…`);
        }
      }
    } finally {
      plain.textContent = visible(text);
      if (text !== "") { keep(); showEarlier(); }
    }
    const seconds = (performance.now() - (first ?? begun)) / 1000;
    const rate = details.length > 1 ? ` · ${((details.length - 1) / Math.max(seconds, 1e-3)).toFixed(0)} tokens a second` : "";
    const why = { stop: "ended by itself", length: "cut at the longest answer" }[end] ?? "ended";
    facts.textContent = `${usage?.completion_tokens ?? details.length} tokens, ${why}${rate} · first after ${Math.round((first ?? performance.now()) - begun)} ms`;
  }

  return {
    element,
    enter(values) { form.set(values); inspect(null); showEarlier(); this.modelChanged(app.model); },
    modelChanged(model) {
      if (model?.max_output_tokens) form.limit("max_tokens", model.max_output_tokens);
      const reason = unfit(model);
      if (reason) form.say(reason, true);
    },
  };
}
