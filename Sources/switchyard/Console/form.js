// What views ask the server with: prompt, parameters with their meaning, run and stop.

import { h } from "./dom.js";

let next = 0;

function control(field, id) {
  const hint = `${id}-hint`;
  const common = { id, name: field.name, "aria-describedby": hint };
  if (field.options) {
    return h("select", common, ...field.options.map(([value, label]) => h("option", { value }, label)));
  }
  const type = field.type ?? "number";
  return h("input", { ...common, type, min: field.min, max: field.max, step: field.step, value: String(field.value),
    placeholder: field.placeholder, autocomplete: "off", spellcheck: type === "text" ? "false" : undefined });
}

/**
 * @param fields `{name, label, hint, value, type, min, max, step, options}`; values are what they are by default
 * @param prompts `[{name, label}]`
 * @param run given the values and a signal; what it throws is told
 * @param change called when a parameter has changed, with its name
 */
export function composer({ app, view, prompts, fields, label, run, change }) {
  const controls = new Map();
  const outputs = new Map();
  const areas = prompts.map(({ name, label, isOptional }) => {
    const id = `field-${next += 1}`;
    const area = h("textarea", { id, name, rows: 2, dir: "auto", spellcheck: "false", maxlength: 500_000,
      placeholder: isOptional ? "A second prompt, to compare with" : "For example: A man is riding a bicycle." });
    controls.set(name, area);
    return h("div", { class: "prompt" }, h("label", { for: id }, label), area);
  });
  const parameters = fields.map((field) => {
    const id = `field-${next += 1}`;
    const input = control(field, id);
    controls.set(field.name, input);
    const output = field.type === "range" ? h("output", { for: id }, String(field.value)) : null;
    if (output) outputs.set(field.name, output);
    return h("div", { class: "field" }, h("label", { for: id }, field.label, output && " ", output), input,
      h("p", { class: "hint", id: `${id}-hint` }, field.hint));
  });
  const runButton = h("button", { type: "submit", class: "primary" }, label);
  const stopButton = h("button", { type: "button", hidden: true, onclick: () => abort?.abort() }, "Stop");
  const linkButton = h("button", { type: "button", class: "quiet", onclick: copyLink }, "Copy link");
  const message = h("p", { class: "message", role: "status" });
  const element = h("form", { class: "composer", novalidate: true },
    h("div", { class: "prompts" }, ...areas),
    fields.length > 0 && h("details", { class: "parameters" }, h("summary", {}, "Parameters"),
      h("div", { class: "fields" }, ...parameters)),
    h("div", { class: "buttons" }, runButton, stopButton, linkButton, h("span", { class: "keys" }, "Ctrl + Enter runs")),
    message);
  let abort = null;

  const isNumber = (field) => !field.options && (field.type ?? "number") !== "text";

  /** By name, as the server takes them; what was left empty is missing. */
  function values() {
    const found = {};
    for (const { name } of prompts) found[name] = controls.get(name).value;
    for (const field of fields) {
      const written = controls.get(field.name).value.trim();
      if (written !== "") found[field.name] = isNumber(field) ? Number(written) : written;
    }
    return found;
  }

  /** What an address need hold: all that is not as it was by default. */
  function different() {
    const found = {};
    for (const { name } of prompts) found[name] = controls.get(name).value;
    for (const field of fields) {
      const written = controls.get(field.name).value.trim();
      if (written !== String(field.value)) found[field.name] = written;
    }
    return found;
  }

  function say(text, isError = false) {
    message.textContent = text;
    message.classList.toggle("error", isError);
  }

  async function copyLink() {
    app.remember(view, different());
    try {
      await navigator.clipboard.writeText(location.href);
      say("The link is in the clipboard; it holds prompt and parameters.");
    } catch {
      say("The link is in the address bar; it holds prompt and parameters.");
    }
  }

  function firstWrong() {
    for (const field of fields) {
      const input = controls.get(field.name);
      if (!input.checkValidity()) return `${field.label}: ${input.validationMessage}`;
    }
    return null;
  }

  async function start() {
    const wrong = firstWrong();
    if (wrong) return say(wrong, true);
    if (controls.get(prompts[0].name).value.trim() === "") {
      say("Write a prompt first.", true);
      return controls.get(prompts[0].name).focus();
    }
    abort?.abort();
    const own = abort = new AbortController();
    app.remember(view, different());
    runButton.disabled = true;
    stopButton.hidden = false;
    say("…");
    element.dataset.running = "true";
    try {
      const told = await run(values(), own.signal, say);
      if (abort === own) say(told ?? "");
    } catch (error) {
      if (abort !== own) return;
      if (error.name === "AbortError") say("Stopped.");
      else say(error.message, true);
    } finally {
      if (abort === own) {
        abort = null;
        runButton.disabled = false;
        stopButton.hidden = true;
        delete element.dataset.running;
      }
    }
  }

  element.addEventListener("submit", (event) => { event.preventDefault(); start(); });
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); start(); }
    if (event.key === "Escape" && abort) abort.abort();
  });
  element.addEventListener("input", ({ target }) => {
    outputs.get(target.name)?.replaceChildren(target.value);
    if (target.name === "prompt") app.values.prompt = target.value;
    if (fields.some(({ name }) => name === target.name)) change?.(target.name);
  });

  return {
    element, values, different, say, run: start,
    stop() { abort?.abort(); },
    get isRunning() { return abort !== null; },
    control: (name) => controls.get(name),
    /** Writes values of an address; what it does not name is as by default. */
    set(written) {
      for (const { name } of prompts) {
        const known = written[name] ?? (name === "prompt" ? app.values.prompt : undefined);
        if (known !== undefined) controls.get(name).value = known;
      }
      if (Object.keys(written).length === 0) return;
      for (const field of fields) {
        controls.get(field.name).value = written[field.name] ?? String(field.value);
        outputs.get(field.name)?.replaceChildren(controls.get(field.name).value);
      }
    },
    limit(name, most) {
      const input = controls.get(name);
      input.max = most;
      if (Number(input.value) > most) input.value = most;
    },
  };
}

/** Why a view has nothing for a model; null where it has. */
export function unfit(model, { needsEncoder = false } = {}) {
  if (model?.architecture === "encoder") return "This model is an encoder alone: it gives embeddings and generates nothing.";
  if (needsEncoder && model?.architecture === "language-model") return "This model has no encoder, so its answers look across at nothing.";
  return null;
}
