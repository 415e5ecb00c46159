// What the address bar holds: the view, the prompt and the parameters. It never leaves the browser: it stands behind "#".

/** `{view, values}` of the address. */
export function readAddress(views, fallback) {
  const [, view = "", query = ""] = location.hash.match(/^#([a-z]*)\??(.*)$/s) ?? [];
  const values = Object.fromEntries(new URLSearchParams(query));
  return { view: views.includes(view) ? view : fallback, values };
}

export function hashOf(view, values) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value !== undefined));
  return `#${view}${query.size > 0 ? `?${query}` : ""}`;
}

const HISTORY = "switchyard.history";
const LONGEST = 30;

/** Earlier questions of this tab, the newest first. */
export function history() {
  try {
    return JSON.parse(sessionStorage.getItem(HISTORY) ?? "[]");
  } catch {
    return [];
  }
}

export function remember(entry) {
  const others = history().filter((old) => old.hash !== entry.hash);
  try {
    sessionStorage.setItem(HISTORY, JSON.stringify([entry, ...others].slice(0, LONGEST)));
  } catch { /* No room: the tab forgets. */ }
}
