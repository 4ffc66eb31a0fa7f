// Keeps the control panel fresh without reloading it: the frame, and what was typed in it, stays.

const POLL = 1000;
const storeHash = document.querySelector("[data-store]").dataset.store;
const list = document.getElementById("calls");
const showSecrets = document.getElementById("show-secrets");

let sends = 0; // answered: whatever was asked for before the last answer is older than it

/** Take over every part of the page that the server drew, except the frame and the calls. */
function swapParts(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const part of document.querySelectorAll("[data-part]")) {
    const focused = part.contains(document.activeElement);
    const replacement = document.importNode(fresh.getElementById(part.id), true);
    part.replaceWith(replacement);
    if (focused) {
      replacement.tabIndex = -1;
      replacement.focus();
    }
  }
}

/** Forms that do not lead into the frame: sent here, their redirect followed, the parts swapped. */
async function sendQuietly(event) {
  const form = event.target;
  if (!form.matches("[data-quiet]")) return;
  event.preventDefault();
  const response = await fetch(form.action, { method: "POST", body: new FormData(form) });
  const page = await response.text();
  sends += 1;
  swapParts(page);
}

function line(tag, text, className) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

function entry(call) {
  const item = document.createElement("li");
  const time = line("time", new Date(call.at).toLocaleTimeString([], { hour12: false }));
  time.dateTime = call.at;
  const head = document.createElement("p");
  head.append(
    time,
    line("strong", call.method),
    line("span", call.path, "path"),
    line("strong", call.status ?? "no answer"),
  );
  item.append(head);
  if (call.body) item.append(line("pre", `sent      ${call.body}`));
  if (call.response) item.append(line("pre", `answered  ${call.response}`));
  if (call.note) item.append(line("p", call.note, "note"));
  return item;
}

let shown = "";

function showCalls(calls) {
  const now = JSON.stringify(calls);
  if (now === shown) return;
  shown = now;
  list.replaceChildren(...calls.map(entry));
  document.getElementById("no-calls").hidden = calls.length > 0;
}

async function refresh() {
  const show = showSecrets.checked ? 1 : 0;
  const before = sends;
  const response = await fetch(`/calls.json?store=${storeHash}&show=${show}`);
  const { calls, mark } = await response.json();
  showCalls(calls);
  if (mark !== document.getElementById("side").dataset.mark) {
    const page = new URL(location.href);
    page.searchParams.delete("done");
    const fresh = await (await fetch(page)).text();
    if (sends === before) swapParts(fresh);
  }
}

async function poll() {
  try {
    await refresh();
  } catch {
    // The sandbox was stopped; it may come back.
  }
  setTimeout(poll, POLL);
}

document.addEventListener("submit", sendQuietly);
showSecrets.addEventListener("change", refresh);
poll();

// The App SDK's other end. Logging out ends the control panel in every tab of this browser.

const app = document.querySelector("iframe[name=app]");
const tabs = new BroadcastChannel("control-panel");
const address = document.getElementById("address");

const logOut = () => app.contentWindow.postMessage("sandbox-logout", "*");

document.getElementById("log-out").addEventListener("click", () => {
  tabs.postMessage("logout");
  logOut();
});
tabs.addEventListener("message", logOut);
addEventListener("message", (event) => {
  const isTold = event.source === app.contentWindow && event.data.sandboxSdk;
  if (isTold) address.textContent = event.data.url;
});
