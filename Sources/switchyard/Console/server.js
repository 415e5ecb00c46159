// The one door to the server: where it is, the key of this tab, errors in words, events of streams.

/** Of the page, so that all works behind a proxy's path. */
const base = new URL(".", document.baseURI);
const KEY = "switchyard.key";

export class ServerError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

export const address = (path) => new URL(path, base).href;
export const hasKey = () => sessionStorage.getItem(KEY) !== null;

let asking = null;

/** Asks for a key; one dialog for all who want one. False when there will be none. */
function askForKey(isWrong) {
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("key-dialog");
    const input = document.getElementById("key");
    const note = document.getElementById("key-note");
    note.textContent = isWrong
      ? "The server did not take that key. It is kept for this tab only."
      : "It is kept for this tab only, and sent to this server only.";
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      const key = input.value.trim();
      input.value = "";
      asking = null;
      if (dialog.returnValue === "use" && key !== "") sessionStorage.setItem(KEY, key);
      resolve(dialog.returnValue === "use" && key !== "");
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

export function wireKeyDialog() {
  document.getElementById("key-cancel").addEventListener("click", () => document.getElementById("key-dialog").close(""));
}

async function words(response) {
  try {
    const body = await response.json();
    if (typeof body?.error?.message === "string") return body.error.message;
    if (typeof body?.reason === "string") return body.reason;
  } catch { /* Not JSON: a proxy speaks. */ }
  return `The server answered ${response.status} ${response.statusText}`.trim() + ".";
}

/** A response that is fine, whatever it takes of keys. */
export async function ask(path, { body, signal, isQuiet = false } = {}) {
  for (;;) {
    const headers = { Accept: "application/json" };
    const used = sessionStorage.getItem(KEY);
    if (used !== null) headers.Authorization = `Bearer ${used}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(address(path), {
        method: body === undefined ? "GET" : "POST", headers, signal, cache: "no-store", credentials: "omit",
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ServerError("The server cannot be reached. The page goes on by itself once it is back.");
    }
    if (response.status === 401) {
      // Somebody else may have been asked meanwhile.
      if (sessionStorage.getItem(KEY) !== used) continue;
      sessionStorage.removeItem(KEY);
      if (!isQuiet && await askForKey(used !== null)) continue;
      throw new ServerError("The server wants a key.", 401);
    }
    if (!response.ok) throw new ServerError(await words(response), response.status);
    return response;
  }
}

export const json = async (path, options) => (await ask(path, options)).json();
export const text = async (path, options) => (await ask(path, options)).text();

/** The JSON of every event of a stream, until `[DONE]`. */
export async function* events(path, body, signal) {
  const response = await ask(path, { body, signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      rest += value;
      const parts = rest.split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const data = part.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
        if (data === "[DONE]") return;
        if (data === "") continue;
        const event = JSON.parse(data);
        if (event.error) throw new ServerError(event.error.message);
        yield event;
      }
    }
  } catch (error) {
    if (error.name === "AbortError" || error instanceof ServerError) throw error;
    throw new ServerError("The answer was cut off on its way: what is shown is as far as it came.");
  } finally {
    reader.cancel().catch(() => {});
  }
  throw new ServerError("The answer was cut off on its way: what is shown is as far as it came.");
}

/** How the server is: `{state: "ready" | "loading" | "draining" | "away", progress?}`. */
export async function readiness() {
  try {
    const response = await fetch(address("readyz"), { cache: "no-store", credentials: "omit" });
    const found = await response.json();
    if (response.ok) return { state: "ready" };
    if (typeof found.status !== "string") return { state: "away" };
    return { state: found.status, reason: found.reason, progress: found.progress };
  } catch {
    return { state: "away" };
  }
}
