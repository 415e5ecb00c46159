// A line of tokens that one walks through: by pointer, by touch, by arrow keys.

import { h, visible } from "./dom.js";

/**
 * @param label what the tokens are of, for screen readers
 * @param show called with the index of the token in focus, or null
 */
export function tokenStrip(label, show) {
  const list = h("div", { class: "tokens", role: "listbox", "aria-label": label, "aria-orientation": "horizontal" });
  const items = [];
  let current = -1;

  function select(index, isFocused) {
    if (current >= 0 && items[current]) {
      items[current].setAttribute("aria-selected", "false");
      items[current].tabIndex = -1;
    }
    current = index;
    if (index < 0) {
      if (items[0]) items[0].tabIndex = 0;
      return show(null);
    }
    items[index].setAttribute("aria-selected", "true");
    items[index].tabIndex = 0;
    if (isFocused) items[index].focus({ preventScroll: false });
    show(index);
  }

  const indexOf = (event) => items.indexOf(event.target.closest?.("[role=option]"));
  list.addEventListener("pointerover", (event) => { const index = indexOf(event); if (index >= 0) select(index, false); });
  list.addEventListener("click", (event) => { const index = indexOf(event); if (index >= 0) select(index, true); });
  list.addEventListener("focusin", (event) => { const index = indexOf(event); if (index >= 0 && index !== current) select(index, false); });
  list.addEventListener("pointerleave", () => { if (!list.contains(document.activeElement)) select(-1, false); });
  list.addEventListener("keydown", (event) => {
    const last = items.length - 1;
    const next = { ArrowRight: Math.min(current + 1, last), ArrowDown: Math.min(current + 1, last),
      ArrowLeft: Math.max(current - 1, 0), ArrowUp: Math.max(current - 1, 0), Home: 0, End: last }[event.key];
    if (next === undefined || last < 0) return;
    event.preventDefault();
    select(next, true);
  });

  return {
    element: list,
    items,
    add(text, className = "") {
      const shown = visible(text);
      const item = h("span", { class: `token ${className}`, role: "option", "aria-selected": "false",
        tabindex: items.length === 0 ? 0 : -1 }, h("bdi", {}, shown === "" ? "∅" : shown));
      items.push(item);
      list.append(item);
      return item;
    },
    clear() {
      items.length = 0;
      current = -1;
      list.replaceChildren();
    },
    /** Marks tokens, without a word to whoever watches. */
    mark(indices) {
      const lit = new Set(indices);
      items.forEach((item, index) => item.classList.toggle("lit", lit.has(index)));
    },
  };
}
