// Elements made from names and text. Text from a server or a person is only ever text: nothing here parses markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "disabled" || name === "hidden") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** What cannot be seen, made visible: line breaks, control characters, marks of direction. */
export function visible(text) {
  return text
    .replace(/\r?\n/g, "⏎")
    .replace(/\t/g, "⇥")
    .replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
      (mark) => `‹${mark.codePointAt(0).toString(16).padStart(4, "0")}›`);
}

/** A token by itself: a space at its beginning is a mark. */
export function named(text) {
  const shown = visible(text).replace(/^ /, "␣").replace(/ $/, "␣");
  return shown === "" ? "‹nothing›" : shown;
}

export function clip(text, length) {
  const letters = Array.from(text);
  return letters.length <= length ? text : letters.slice(0, length - 1).join("") + "…";
}

export function percent(share) {
  if (!Number.isFinite(share)) return "–";
  const value = share * 100;
  return value >= 99.95 || value === 0 ? `${value.toFixed(0)} %` : value >= 0.1 ? `${value.toFixed(1)} %` : "< 0.1 %";
}

export function score(value) {
  return Number.isFinite(value) ? value.toFixed(4).replace("-", "−") : "–";
}

export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** Calls `body` with the newest arguments, once a frame. */
export function oncePerFrame(body) {
  let waiting = null;
  return (...latest) => {
    const isFirst = waiting === null;
    waiting = latest;
    if (!isFirst) return;
    requestAnimationFrame(() => {
      const now = waiting;
      waiting = null;
      body(...now);
    });
  };
}
