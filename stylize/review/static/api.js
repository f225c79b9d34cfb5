// Requests to the server. Errors are lines that the page can show.

export async function getJson(path) {
  const response = await fetch(path);
  return read(response);
}

async function read(response) {
  const isJson = (response.headers.get("content-type") || "").startsWith("application/json");
  if (response.ok) return response.json();
  throw new Error(isJson ? (await response.json()).error : (await response.text()) || `error ${response.status}`);
}

export function showError(error) {
  const notice = document.getElementById("notice");
  notice.textContent = error instanceof TypeError ? "The server does not answer; start stylize review again." : error.message;
  notice.hidden = false;
}

export function clearError() {
  document.getElementById("notice").hidden = true;
}
