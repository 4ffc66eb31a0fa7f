// The embedded session. No cookie exists, so this module carries the session token along: follows
// links, sends forms, looks after history and focus. All words that it shows stand in the page.

const WARNING_SECONDS = 2 * 60;
const part = (id, page = document) => page.getElementById(id);
const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
const warning = part("session-warning");
const filled = (template, number) => template.innerHTML.replace(/__number\w*__/g, number);

// The address holds BigCommerce's signed payload, and the App SDK would tell the control panel it.
if (meta("page-path")) history.replaceState(null, "", meta("page-path"));

let bearer; // the session token, as it is sent along
let shown = location.href; // the page's address
let sending = ""; // what to say while something is on its way
let visiting = new AbortController(), timers = [];

async function ask(url, options) {
  try {
    const answer = await fetch(url, { ...options, headers: bearer && { Authorization: bearer } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!part("page", page) || !part("page")) return; // a proxy's; or come after a log-out
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
  bearer = `Bearer ${newToken}`;
  // Answered with so little, the session is a day old, and nothing prolongs it.
  warning.classList.toggle("is-last", seconds <= WARNING_SECONDS);
  const warn = () => {
    warning.hidden = false;
    announce(warning.innerText);
  };
  const end = () => visit(location.href, stay(""), { lost: "lost-session" });
  timers = [setTimeout(warn, (seconds - WARNING_SECONDS) * 1000), setTimeout(end, seconds * 1000)];
}

async function visit(url, use, { busy, lost = "lost-page", done } = {}) {
  visiting.abort();
  const { signal } = (visiting = new AbortController());
  announce(busy ?? part("announcer").dataset.busy, busy !== "");
  const answer = await ask(url, { signal });
  if (!signal.aborted) answer || !lost ? use(answer?.page, { ...answer, done }) : complain(lost);
}

async function send(form, button) {
  if (sending) return announce(sending, true);
  sending = button.querySelector(".face-busy").textContent;
  visiting.abort();
  button.setAttribute("aria-disabled", "true");
  announce(sending);
  const body = new URLSearchParams(new FormData(form));
  const signal = AbortSignal.timeout(90_000); // the app, and a proxy before it, give up sooner
  const answer = await ask(form.getAttribute("action"), { method: "POST", body, signal });
  sending = "";
  button.removeAttribute("aria-disabled");
  if (!part("page")) return; // logged out
  if (!answer) return complain("lost-send");
  // Who went elsewhere stays there. If that page tells of what was sent, it says "no answer".
  if (!form.isConnected) return visit(location.href, (page) => show(page, { scroll: scrollY }));
  if (complain("above-form", answer.page)) return;
  // A refusal has no address of its own, nor secrets. Where no field is at fault these stay.
  const secrets = [...form.querySelectorAll("[data-secret]")].filter(({ value }) => value);
  for (const input of answer.page.querySelectorAll("[data-as-typed] [data-secret]"))
    input.value = secrets.shift()?.value ?? "";
  show(answer.page, { url: answer.redirected ? answer.url : shown, done: form });
}

function show(page, { url = location.href, scroll = 0, done } = {}) {
  const address = url.replace(/[?&]notice=\w+$/, ""); // going back to it would be no news
  if (address !== location.href) {
    history.replaceState({ scroll: scrollY }, "");
    history.pushState(null, "", address);
  }
  shown = location.href;
  const typed = typedIn().filter((form) => !done?.contains(form));
  // A refusal takes the focus. What was typed in other forms of the same page is still there.
  const focused = page.querySelector("#page [role=alert][data-focus]") ?? document.activeElement;
  part("page").replaceWith(part("page", page));
  document.title = page.title;
  announce(part("page").dataset.said);
  const start = document.querySelector("#page [data-focus]") ?? document.querySelector("h1");
  for (const form of typed) {
    document.querySelector(`form[action="${form.getAttribute("action")}"]`)?.replaceWith(form);
    if (form.contains(focused)) form.closest("details")?.setAttribute("open", "");
  }
  scrollTo(0, scroll);
  (part("page").contains(focused) ? focused : start).focus({ preventScroll: scroll > 0 });
  fetchZones();
}

// A refused form comes marked. An error does not take the place of what somebody has typed.
const typedIn = () => [...document.querySelectorAll("form[data-typed]")];
const turnTo = (page, how) => (typedIn().length && complain("above-form", page)) || show(page, how);
const stay = (words) => (page) => complain("above-form", page) || announce(words);

// Ask for the zones that the page lacks, until it has all; meanwhile it can be used and left.
async function fetchZones() {
  const missing = document.querySelector("[data-fragment]");
  if (!missing || missing.dataset.asked) return;
  missing.dataset.asked = "";
  const soon = missing.dataset.after > 1 || document.querySelector("[data-fetched]");
  if (soon) await new Promise((done) => setTimeout(done, missing.dataset.after * 1000));
  if (!missing.isConnected) return; // another page is shown
  const answer = await ask(missing.dataset.fragment);
  if (missing.isConnected) fillIn(answer?.page);
}

// Zones come after the rest of a page, or not at all, and nothing else moves.
function fillIn(page) {
  if (!page) {
    document.querySelector("[data-fragment]").remove();
    (document.querySelector("[data-pending]") ?? part("lost-zones")).replaceWith(part("lost-zones").content);
  }
  const inUse = [...document.querySelectorAll("form[data-typed], details[open] > form")];
  const focused = document.activeElement;
  for (const early of page ? document.querySelectorAll("[data-late]") : []) {
    const late = part(early.id, page);
    if (!late) return turnTo(page);
    early.replaceWith(late);
  }
  for (const form of inUse.filter(({ isConnected }) => !isConnected)) {
    document.querySelector(`form[action="${form.getAttribute("action")}"]`)?.replaceWith(form);
    form.closest("details")?.setAttribute("open", "");
  }
  if (!focused.isConnected) part(focused.id)?.focus({ preventScroll: true });
  else if (focused !== document.activeElement) focused.focus({ preventScroll: true });
  announce(document.querySelector("[data-news]")?.textContent ?? "");
  part("page").dataset.fetched = "";
  fetchZones();
}

// A message at the top of the page, which stays as it is. The template may be an error page's own.
function complain(templateId, page = document) {
  const template = part(templateId, page);
  if (!template) return false;
  announce("");
  warning.hidden ||= templateId === "lost-session";
  if (location.href !== shown) history.pushState(null, "", shown); // "Back" led nowhere
  document.querySelector("[data-pending]")?.replaceWith(part("lost-zones").content);
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
  renew((bearer = undefined)); // its timers would ask again
  visiting.abort();
  document.documentElement.replaceChildren(); // the launch's token is in the head
  location.reload();
}

const actions = {
  renew() {
    part("not-renewed")?.remove();
    visit(warning.dataset.page, stay(warning.dataset.renewed), { lost: "lost-renewal" });
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
  kind(select) {
    const row = select.closest("[data-row]");
    const value = row.querySelector("[data-value]");
    row.typed = value.querySelector("input, textarea")?.value ?? row.typed ?? "";
    const template = row.parentElement.querySelector(`[data-new-value="${select.value}"]`);
    value.innerHTML = filled(template, row.dataset.row);
    value.querySelector("input, textarea")?.setRangeText(row.typed);
  },
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (button) actions[button.dataset.action](button);
  const link = event.target.closest("a[href]:not([target])");
  if (link?.origin !== location.origin) return;
  event.preventDefault();
  // A link within the page gets no entry in the history: going back would load the page anew.
  if (link.hash) part(link.hash.slice(1))?.focus();
  else visit(link.href, turnTo, { busy: link.dataset.busy, done: link.closest("form, section") });
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

renew(meta("session-token"), meta("session-seconds"));
fetchZones();
window.bcAsyncInit = () => window.Bigcommerce.init({ onLogout: forget });
document.head.append(part("app-sdk")?.content ?? "");
