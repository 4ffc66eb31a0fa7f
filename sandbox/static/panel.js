// Updates the control panel without reloading it, so that the app in the frame keeps its state.

const POLL_INTERVAL = 1000;
const storeHash = document.querySelector("[data-store]").dataset.store;
const callList = document.getElementById("calls");
const showSecrets = document.getElementById("show-secrets");

let completedSubmits = 0; // a page requested before the latest submit completed is out of date

/** Replace every part of the page marked `data-part`; the frame and the call list stay. */
function updateParts(html) {
  const newPage = new DOMParser().parseFromString(html, "text/html");
  for (const part of document.querySelectorAll("[data-part]")) {
    const hadFocus = part.contains(document.activeElement);
    const replacement = document.importNode(newPage.getElementById(part.id), true);
    part.replaceWith(replacement);
    if (hadFocus) {
      replacement.tabIndex = -1;
      replacement.focus();
    }
  }
}

/** Submit forms marked `data-background` with fetch and update the page from the response. */
async function submitInBackground(event) {
  const form = event.target;
  if (!form.matches("[data-background]")) return;
  event.preventDefault();
  const response = await fetch(form.action, { method: "POST", body: new FormData(form) });
  const html = await response.text();
  completedSubmits += 1;
  updateParts(html);
}

function createElement(tag, text, className) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

function createCallItem(call) {
  const item = document.createElement("li");
  const time = createElement("time", new Date(call.at).toLocaleTimeString([], { hour12: false }));
  time.dateTime = call.at;
  const summary = document.createElement("p");
  summary.append(
    time,
    createElement("strong", call.method),
    createElement("span", call.path, "path"),
    createElement("strong", call.status ?? "no response"),
  );
  item.append(summary);
  if (call.body) item.append(createElement("pre", `request   ${call.body}`));
  if (call.response) item.append(createElement("pre", `response  ${call.response}`));
  if (call.note) item.append(createElement("p", call.note, "note"));
  return item;
}

let shownCalls = "";

function showCalls(calls) {
  const serialized = JSON.stringify(calls);
  if (serialized === shownCalls) return;
  shownCalls = serialized;
  callList.replaceChildren(...calls.map(createCallItem));
  document.getElementById("no-calls").hidden = calls.length > 0;
}

async function refresh() {
  const show = showSecrets.checked ? 1 : 0;
  const submitsBefore = completedSubmits;
  const response = await fetch(`/calls.json?store=${storeHash}&show=${show}`);
  const { calls, page_version: pageVersion } = await response.json();
  showCalls(calls);
  if (pageVersion !== document.getElementById("side").dataset.version) {
    const url = new URL(location.href);
    url.searchParams.delete("done");
    const html = await (await fetch(url)).text();
    if (completedSubmits === submitsBefore) updateParts(html);
  }
}

async function poll() {
  try {
    await refresh();
  } catch {
    // The sandbox has stopped; keep polling in case it starts again.
  }
  setTimeout(poll, POLL_INTERVAL);
}

document.addEventListener("submit", submitInBackground);
showSecrets.addEventListener("change", refresh);
poll();

// The control panel's side of the App SDK. Logging out logs out every tab of this browser.

const app = document.querySelector("iframe[name=app]");
const otherTabs = new BroadcastChannel("control-panel");
const appUrl = document.getElementById("app-url");

const logOut = () => app.contentWindow.postMessage("sandbox-logout", "*");

document.getElementById("log-out").addEventListener("click", () => {
  otherTabs.postMessage("logout");
  logOut();
});
otherTabs.addEventListener("message", logOut);
addEventListener("message", (event) => {
  const isFromSdk = event.source === app.contentWindow && event.data.sandboxSdk;
  if (isFromSdk) appUrl.textContent = event.data.url;
});
