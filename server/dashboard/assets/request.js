// Requests to the service. Every failure is a Refusal that says what happened, in the service's own words.

const JSON_TYPE = /[/+]json\b/;

/** An answer that is no success, or none at all (status 0). */
export class Refusal extends Error {
  constructor(status, document) {
    super(document.detail || document.title || `The service answered ${status}.`);
    this.status = status;
    this.hint = document.hint ?? null;
    this.document = document;
  }
}

/** GET. Parameters that are empty are left out. */
export function get(path, parameters = {}) {
  return send("GET", path, { parameters });
}

/** POST, PUT, PATCH or DELETE with a JSON body. */
export function send(method, path, { body, parameters = {}, headers = {}, signal } = {}) {
  const query = new URLSearchParams(
    Object.entries(parameters).filter(([, value]) => ![null, undefined, ""].includes(value)),
  );
  const options = {
    method,
    headers: { Accept: "application/json", ...headers },
    signal,
    credentials: "same-origin",
  };
  if (method !== "GET") {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body ?? {});
  }
  return answered(query.size ? `${path}?${query}` : path, options);
}

async function answered(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, {
      detail: "The service does not answer.",
      hint: "Is it running? `make run` starts it.",
    });
  }
  const document = await content(response);
  if (response.ok) return document;
  if (response.status === 401) window.dispatchEvent(new CustomEvent("unauthorised"));
  throw new Refusal(response.status, document ?? {});
}

async function content(response) {
  if (response.status === 204 || !JSON_TYPE.test(response.headers.get("Content-Type") ?? "")) return null;
  try {
    return await response.json();
  } catch {
    return null;
  }
}

/** A part of a path: everything that could be read as more than one part is encoded. */
export const part = (text) => encodeURIComponent(text);
