// Requests to the server. Errors are lines that the page can show.

export async function getJson(path) {
  const response = await fetch(path);
  return read(response);
}

// Id of this page, by which the server knows which one is in control.
export const PAGE = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export async function post(path, values = {}) {
  const headers = { "content-type": "application/json", "x-page": PAGE };
  return read(await fetch(path, { method: "POST", headers, body: JSON.stringify(values) }));
}

export async function upload(path, file) {
  const form = new FormData();
  form.append("picture", file);
  return read(await fetch(path, { method: "POST", headers: { "x-page": PAGE }, body: form }));
}

async function read(response) {
  if (response.ok) return response.json();
  throw await errorOf(response);
}

// The error of a response that is not ok, as the server explains it.
export async function errorOf(response) {
  const isJson = (response.headers.get("content-type") || "").startsWith("application/json");
  return new Error(isJson ? (await response.json()).error : (await response.text()) || `error ${response.status}`);
}

export function showError(error) {
  const notice = document.getElementById("notice");
  notice.textContent = error instanceof TypeError ? "The server is not responding; start stylize review again." : error.message;
  notice.hidden = false;
}

export function clearError() {
  document.getElementById("notice").hidden = true;
}
