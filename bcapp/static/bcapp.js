// The embedded session. No cookie exists, so this module carries the session token from page to
// page: follows links and sends forms by fetch, looks after history, focus and announcements.
// It knows nothing about carriers, and all words that it shows stand in the page.

const WARNING_SECONDS = 2 * 60;
const part = (id, page = document) => page.getElementById(id);
const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
const warning = part("session-warning");

// The address holds BigCommerce's signed payload, and the App SDK would tell the control panel it.
if (meta("page-path")) history.replaceState(null, "", meta("page-path"));

let token = meta("session-token");
let shown = location.href; // the page's address
let sending = ""; // what to say while something is on its way
let visiting = new AbortController();
let timers = [];

async function ask(url, options) {
  try {
    const answer = await fetch(url, { ...options, headers: { Authorization: `Bearer ${token}` } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!part("page", page) || !token) return; // a proxy's, not ours; or come after a log-out
    const newToken = answer.headers.get("X-Session-Token");
    // Without one the session is over, or whoever answered did not look who was asking.
    if (newToken || [401, 403].includes(answer.status))
      renew(newToken, answer.headers.get("X-Session-Seconds"));
    return { page, url: answer.url, redirected: answer.redirected };
  } catch {} // no answer
}

function renew(newToken, seconds) {
  warning.hidden = true;
  timers.forEach(clearTimeout);
  if (!newToken) return; // the session is over
  token = newToken;
  // Answered with so little, the session is a day old, and nothing prolongs it.
  warning.classList.toggle("is-last", seconds <= WARNING_SECONDS);
  const warn = () => {
    warning.hidden = false;
    announce(warning.innerText);
  };
  const end = () => {
    warning.hidden = true;
    visit(location.href, (page) => complain("above-form", page), { lost: "lost-session" });
  };
  timers = [setTimeout(warn, (seconds - WARNING_SECONDS) * 1000), setTimeout(end, seconds * 1000)];
}

async function visit(url, use, { busy = "", lost = "lost-page", done } = {}) {
  visiting.abort();
  const { signal } = (visiting = new AbortController());
  announce(busy, Boolean(busy));
  const answer = await ask(url, { signal });
  if (!signal.aborted) answer ? use(answer.page, { ...answer, done }) : complain(lost);
}

async function send(form, button) {
  if (sending) return announce(sending, true);
  sending = button.querySelector(".face-busy").textContent;
  visiting.abort();
  button.setAttribute("aria-disabled", "true");
  announce(sending);
  const body = new URLSearchParams(new FormData(form));
  const answer = await ask(form.getAttribute("action"), { method: "POST", body });
  sending = "";
  button.removeAttribute("aria-disabled");
  if (form.isConnected) {
    if (!answer) return complain("lost-send");
    // A refused form is answered in place: that answer has no address of its own.
    const url = answer.redirected ? answer.url : shown;
    complain("above-form", answer.page) || show(answer.page, { url, done: form });
  } else if (document.querySelector("form[method=post]")) announce("");
  // Who went elsewhere stays there. If that page tells of what was sent, it says "no answer".
  else if (part("page")) visit(location.href, (page) => show(page, { scroll: scrollY }));
}

function show(page, { url, scroll = 0, done } = {}) {
  if (url && url !== location.href) {
    history.replaceState({ scroll: scrollY }, "");
    history.pushState(null, "", url);
  }
  shown = location.href;
  const typed = typedIn().filter((form) => form !== done);
  part("page").replaceWith(part("page", page));
  document.title = page.title;
  announce(page.title);
  scrollTo(0, scroll);
  const start = document.querySelector("#page [data-focus]") ?? document.querySelector("h1");
  start.focus({ preventScroll: scroll > 0 });
  // On the same page again, what was typed in its other forms is still there.
  for (const form of typed)
    document.querySelector(`form[action="${form.getAttribute("action")}"]`)?.replaceWith(form);
}

// A refused form comes marked. An error does not take the place of what somebody has typed.
const typedIn = () => [...document.querySelectorAll("form[data-typed]")];
const turnTo = (page, how) => (typedIn().length && complain("above-form", page)) || show(page, how);

// Zones come after the rest of a launch, and nothing else moves.
function fillIn(page) {
  for (const early of document.querySelectorAll("[data-late]")) {
    const late = part(early.id, page);
    if (!late) return show(page);
    early.replaceWith(late);
  }
}

// A message at the top of the page, which stays as it is. The template may be an error page's own.
function complain(templateId, page = document) {
  const template = part(templateId, page);
  if (!template) return false;
  announce("");
  if (location.href !== shown) history.pushState(null, "", shown); // "Back" led nowhere
  for (const waiting of document.querySelectorAll("[data-pending]")) waiting.remove();
  part("messages").replaceChildren(document.importNode(template.content, true));
  part("messages").querySelector("[data-focus]").focus();
  return true;
}

function announce(words, visibly = false) {
  part("announcer").textContent = words;
  part("announcer").classList.toggle("visually-hidden", !visibly);
}

// On log-out. Our address, asked without our header, shows nothing of the store.
function forget() {
  renew((token = undefined)); // its timers would ask again
  visiting.abort();
  document.body.replaceChildren();
  location.reload();
}

const actions = {
  renew() {
    const stay = (page) => complain("above-form", page) || announce(warning.dataset.renewed);
    visit(location.href, stay, { lost: "lost-renewal" });
    part("main").focus({ preventScroll: true }); // the button is about to go
  },
  show(button) {
    const isShown = button.getAttribute("aria-pressed") === "true";
    button.setAttribute("aria-pressed", String(!isShown));
    part(button.getAttribute("aria-controls")).type = isShown ? "password" : "text";
  },
  add(button) {
    const rows = button.closest("[data-rows]");
    const row = filled(rows.querySelector("[data-new-row]"), ++rows.dataset.count);
    button.insertAdjacentHTML("beforebegin", row);
    button.previousElementSibling.querySelector("input").focus();
  },
  remove(button) {
    const next = button.closest("[data-row]").nextElementSibling; // a row, or "Add setting"
    next.previousElementSibling.remove();
    (next.querySelector("input") ?? next).focus();
  },
  // Another kind of value has another control.
  kind(select) {
    const row = select.closest("[data-row]");
    const value = row.querySelector("[data-value]");
    const typed = value.querySelector("input, textarea")?.value ?? "";
    const template = row.parentElement.querySelector(`[data-new-value="${select.value}"]`);
    value.innerHTML = filled(template, row.dataset.row);
    value.querySelector("input, textarea")?.setRangeText(typed);
  },
};

const filled = (template, number) => template.innerHTML.replace(/__number\w*__/g, number);

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (button) actions[button.dataset.action](button);

  const link = event.target.closest("a[href]:not([target])");
  if (link?.origin !== location.origin) return;
  event.preventDefault();
  // A link within the page gets no entry in the history: going back would load the page anew.
  if (link.hash) part(link.hash.slice(1)).focus();
  else visit(link.href, turnTo, { busy: link.dataset.busy, done: link.closest("form") });
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.getAttribute("method") === "post") send(form, event.submitter);
  else visit(`${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`, turnTo);
});

document.addEventListener("input", ({ target }) => {
  if (target.form?.getAttribute("method") === "post") target.form.dataset.typed = "";
});
document.addEventListener("change", ({ target }) => actions[target.dataset.action]?.(target));
addEventListener("popstate", ({ state }) => visit(location.href, (page) => turnTo(page, state ?? {})));

renew(token, meta("session-seconds"));
if (document.querySelector("[data-pending]")) visit(location.href, fillIn);
if (meta("app-sdk")) {
  window.bcAsyncInit = () => window.Bigcommerce.init({ onLogout: forget });
  document.head.append(Object.assign(document.createElement("script"), { src: meta("app-sdk") }));
}
