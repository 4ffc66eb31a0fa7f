// The embedded session. No cookie exists, so this module carries the session token from page to
// page: it follows the page's own links and sends its forms by fetch, puts the answer in place of
// the page, and looks after history, focus and announcements. It knows nothing about carriers.

const WARNING_SECONDS = 2 * 60;

const announcer = document.getElementById("announcer");
const warning = document.getElementById("session-warning");
const sending = new WeakSet(); // forms whose answer is awaited

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
const here = () => location.pathname + location.search;
const announce = (words) => (announcer.textContent = words);

let token = meta("session-token");
let warningTimer;
let pendingVisit = new AbortController();

// Asking the server

async function request(url, options) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await fetch(url, { ...options, headers });
  renew(answer.headers.get("X-Session-Token"), answer.headers.get("X-Session-Seconds"));
  return answer;
}

function renew(newToken, seconds) {
  if (!newToken) return;
  token = newToken;
  warning.hidden = true;
  clearTimeout(warningTimer);
  warningTimer = setTimeout(() => {
    warning.hidden = false;
    announce(warning.querySelector("p").textContent);
  }, (seconds - WARNING_SECONDS) * 1000);
}

async function visit(url, { record = true, busy = "" } = {}) {
  pendingVisit.abort();
  pendingVisit = new AbortController();
  announce(busy);
  announcer.classList.toggle("visually-hidden", !busy);
  try {
    const answer = await request(url, { signal: pendingVisit.signal });
    const page = await read(answer);
    if (record) remember(answer.url);
    show(page);
  } catch (error) {
    if (error.name !== "AbortError") complain("lost-page");
  } finally {
    if (!pendingVisit.signal.aborted) announcer.classList.add("visually-hidden");
  }
}

async function send(form, button) {
  if (sending.has(form)) return;
  sending.add(form);
  pendingVisit.abort();
  button?.setAttribute("aria-disabled", "true");
  announce(button?.querySelector(".face-busy").textContent ?? "");
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await request(form.getAttribute("action"), { method: "POST", body });
    const page = await read(answer);
    // Whoever went to another page meanwhile stays there.
    if (!form.isConnected) return;
    // A refused form is answered in place: that answer has no address of its own.
    if (answer.redirected) remember(answer.url);
    show(page);
  } catch {
    if (form.isConnected) complain("lost-send");
  } finally {
    sending.delete(form);
    button?.removeAttribute("aria-disabled");
  }
}

async function read(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!page.getElementById("page")) throw new TypeError("Not a page of this app");
  return page;
}

// Showing its answer

function remember(url) {
  if (url !== location.href) history.pushState(null, "", url);
}

function show(page) {
  document.getElementById("page").replaceWith(page.getElementById("page"));
  document.title = page.title;
  enhance(document.getElementById("page"));
  announce(page.title);
  scrollTo(0, 0);
  const errorSummary = document.querySelector("#page [data-focus]");
  (errorSummary ?? document.querySelector("h1")).focus();
}

// A message at the top of the page, which stays as it is with all that was typed.
function complain(templateId) {
  const messages = document.getElementById("messages");
  messages.replaceChildren(document.getElementById(templateId).content.cloneNode(true));
  messages.querySelector("[data-focus]").focus();
}

// A launch is answered before BigCommerce is asked for zones. Their parts of the page come later,
// and nothing else moves: somebody may be typing by then.
async function fillIn() {
  const parts = [...document.querySelectorAll("[data-late]")];
  const { signal } = pendingVisit; // whoever goes on to another page meanwhile stays there
  try {
    const page = await read(await request(here(), { signal }));
    if (!parts.every((part) => part.isConnected)) return;
    if (!parts.every((part) => page.getElementById(part.id))) return show(page);
    for (const part of parts) {
      const late = page.getElementById(part.id);
      part.replaceWith(late);
      enhance(late);
    }
  } catch (error) {
    if (error.name !== "AbortError") complain("lost-page");
  }
}

// Buttons that only work with script stay hidden until it runs.
function enhance(part) {
  for (const button of part.querySelectorAll("[data-action]")) button.hidden = false;
}

// The page's own buttons

const actions = {
  async renew() {
    try {
      const answer = await request(here(), { method: "HEAD" });
      if (!answer.ok) throw new Error(`The session was not renewed: ${answer.status}`);
      announce(warning.dataset.renewed);
      document.getElementById("main").focus({ preventScroll: true });
    } catch {
      complain("lost-renewal");
    }
  },

  show(button) {
    const shown = button.getAttribute("aria-pressed") === "true";
    button.setAttribute("aria-pressed", String(!shown));
    document.getElementById(button.getAttribute("aria-controls")).type = shown ? "password" : "text";
  },

  add(button) {
    const rows = button.closest("[data-rows]");
    const index = Number(rows.dataset.count);
    rows.dataset.count = index + 1;
    button.insertAdjacentHTML("beforebegin", filled(rows.querySelector("[data-new-row]"), index));
    enhance(button.previousElementSibling);
    button.previousElementSibling.querySelector("input").focus();
  },

  remove(button) {
    const row = button.closest("[data-row]");
    const next = row.nextElementSibling; // another row, or the button that adds one
    row.remove();
    (next.querySelector("input") ?? next).focus();
  },
};

function switchKind(select) {
  const row = select.closest("[data-row]");
  const cell = row.querySelector("[data-value]");
  const typed = cell.querySelector("input, textarea")?.value ?? "";
  const template = row.parentElement.querySelector(`[data-new-value="${select.value}"]`);
  cell.innerHTML = filled(template, Number(row.dataset.row));
  enhance(cell);
  const control = cell.querySelector("input, textarea");
  if (control) control.value = typed;
}

function filled(template, index) {
  return template.innerHTML.replace(/__index\w*__/g, index).replaceAll("__number__", index + 1);
}

// Events. They are heard on the document, so that a new page needs no new listeners.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button) actions[button.dataset.action](button);

  const link = event.target.closest("a[href]");
  const wantsAnotherTab = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (!link || link.target || link.origin !== location.origin || wantsAnotherTab) return;
  event.preventDefault();
  // A link within the page gets no entry in the history: going back would load the page anew.
  if (link.getAttribute("href").startsWith("#")) document.querySelector(link.hash)?.focus();
  else visit(link.href, { busy: link.dataset.busy });
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.getAttribute("method") === "post") send(form, event.submitter);
  else visit(`${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-kind]")) switchKind(event.target);
});

addEventListener("popstate", () => visit(here(), { record: false }));

// The address we arrived at holds BigCommerce's signed payload.
if (meta("page-path")) history.replaceState(null, "", meta("page-path"));
renew(token, meta("session-seconds"));
enhance(document);
if (document.querySelector("[data-pending]")) fillIn();
