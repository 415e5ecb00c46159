// A drawing as a file that opens anywhere: what the style sheet says of it is written into it.

import { h, s } from "./dom.js";

const PROPERTIES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap",
  "stroke-linejoin", "opacity", "font-family", "font-size", "font-weight", "text-anchor", "dominant-baseline", "paint-order"];
const DEFAULTS = { "fill-opacity": "1", "stroke-opacity": "1", opacity: "1", "stroke-dasharray": "none", "stroke-linecap": "butt",
  "stroke-linejoin": "miter", "text-anchor": "start", "dominant-baseline": "auto", "paint-order": "normal" };
const TEXT = new Set(["font-family", "font-size", "font-weight", "text-anchor", "dominant-baseline"]);

function write(original, copy) {
  if (original.nodeType !== Node.ELEMENT_NODE) return;
  const style = getComputedStyle(original);
  const isText = original.localName === "text" || original.localName === "tspan";
  if (!["g", "svg", "title", "defs"].includes(original.localName)) {
    for (const name of PROPERTIES) {
      const value = style.getPropertyValue(name);
      if (value === "" || value === DEFAULTS[name] || (TEXT.has(name) && !isText)) continue;
      copy.setAttribute(name, value);
    }
  } else if (style.opacity !== "1") {
    copy.setAttribute("opacity", style.opacity);
  }
  for (const name of ["class", "tabindex", "role", "aria-label", "aria-hidden", "data-node"]) copy.removeAttribute(name);
  for (let index = 0; index < original.childNodes.length; index += 1) write(original.childNodes[index], copy.childNodes[index]);
}

/** The drawing as text of an SVG file, on the ground it has on the page. */
export function standalone(svg, title) {
  const copy = svg.cloneNode(true);
  write(svg, copy);
  const [width, height] = [svg.getAttribute("width"), svg.getAttribute("height")];
  if (!copy.hasAttribute("viewBox")) copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const ground = getComputedStyle(document.documentElement).getPropertyValue("--panel").trim();
  const [x, y, w, t] = copy.getAttribute("viewBox").split(" ");
  copy.prepend(s("title", {}, title), s("rect", { x, y, width: w, height: t, fill: ground }));
  return new XMLSerializer().serializeToString(copy);
}

/** @param drawing gives the drawing at the time it is asked for */
export function saveButton(name, title, drawing) {
  return h("button", {
    type: "button", class: "quiet save",
    onclick: () => {
      const svg = drawing();
      if (!svg) return;
      const url = URL.createObjectURL(new Blob([standalone(svg, title())], { type: "image/svg+xml" }));
      const link = h("a", { href: url, download: `switchyard-${name}.svg` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    },
  }, "Save as SVG");
}
