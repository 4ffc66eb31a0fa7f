// The embedded session. No cookie exists, so this module carries the session token from page to
// page: it follows the page's own links and sends its forms by fetch, puts the answer in place of
// the page, and looks after history, focus and announcements. It knows nothing about carriers, and
// all words that it shows stand in the page.

const WARNING_SECONDS = 2 * 60;

const part = (id, page = document) => page.getElementById(id);
const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
const here = () => location.pathname + location.search;
const warning = part("session-warning");

let token = meta("session-token");
let timers = [];
let visiting = new AbortController();
let isSending = false;

// Asking the server

async function ask(url, options, { use, lost, isGone }) {
  try {
    const answer = await fetch(url, { ...options, headers: { Authorization: `Bearer ${token}` } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!part("page", page)) throw new TypeError("Not a page of this app");
    renew(answer.headers.get("X-Session-Token"), answer.headers.get("X-Session-Seconds"));
    if (!isGone()) use(page, answer);
  } catch {
    if (!isGone()) complain(lost);
  }
}

function renew(newToken, seconds) {
  warning.hidden = true;
  timers.forEach(clearTimeout);
  if (!newToken) return; // the session is over
  token = newToken;
  const warn = () => {
    warning.hidden = false;
    announce(warning.querySelector("p").textContent);
  };
  const end = () => visit(here(), (page) => complain("above-form", page));
  timers = [setTimeout(warn, (seconds - WARNING_SECONDS) * 1000), setTimeout(end, seconds * 1000)];
}

function visit(url, use, { busy = "", lost = "lost-page" } = {}) {
  visiting.abort();
  const { signal } = (visiting = new AbortController());
  announce(busy, Boolean(busy));
  ask(url, { signal }, { use, lost, isGone: () => signal.aborted });
}

async function send(form, button) {
  if (isSending) return announce(part("announcer").textContent, true);
  isSending = true;
  let isElsewhere = false;
  visiting.abort();
  button.setAttribute("aria-disabled", "true");
  announce(button.querySelector(".face-busy").textContent);
  const body = new URLSearchParams(new FormData(form));
  await ask(form.getAttribute("action"), { method: "POST", body }, {
    // A refused form is answered in place: that answer has no address of its own.
    use: (page, answer) =>
      complain("above-form", page) || show(page, { url: answer.redirected && answer.url }),
    lost: "lost-send",
    isGone: () => (isElsewhere = !form.isConnected), // who went to another page stays there
  });
  isSending = false;
  button.removeAttribute("aria-disabled");
  // If that page tells of what was sent, it says that there is no answer: there is one by now.
  if (isElsewhere && !document.querySelector("form[method=post]"))
    visit(here(), (page) => show(page, { scroll: scrollY }));
}

// Showing its answer

function show(page, { url, scroll = 0 } = {}) {
  if (url && url !== location.href) {
    history.replaceState({ scroll: scrollY }, "");
    history.pushState(null, "", url);
  }
  part("page").replaceWith(part("page", page));
  document.title = page.title;
  announce(page.title);
  scrollTo(0, scroll);
  const errorSummary = document.querySelector("#page [data-focus]");
  (errorSummary ?? document.querySelector("h1")).focus({ preventScroll: scroll > 0 });
}

// A launch is answered before BigCommerce is asked for zones. Their parts of the page come later,
// and nothing else moves: somebody may be typing by then.
function fillIn(page) {
  for (const early of document.querySelectorAll("[data-late]")) {
    const late = part(early.id, page);
    if (!late) return (document.forms.length && complain("above-form", page)) || show(page);
    early.replaceWith(late);
  }
}

// A message at the top of the page, which stays as it is with all that was typed. Its template is
// the layout's own, or comes with an error page that would otherwise take the place of a form.
function complain(templateId, page = document) {
  const template = part(templateId, page);
  if (!template) return false;
  announce("");
  for (const waiting of document.querySelectorAll("[data-pending]")) waiting.remove();
  part("messages").replaceChildren(document.importNode(template.content, true));
  part("messages").querySelector("[data-focus]").focus();
  return true;
}

function announce(words, visibly = false) {
  part("announcer").textContent = words;
  part("announcer").classList.toggle("visually-hidden", !visibly);
}

// Logged out of the control panel, in whichever tab. Our address, asked without our header, is
// answered with nothing of the store.
function forget() {
  token = undefined;
  document.body.replaceChildren();
  location.reload();
}

// The page's own controls

const actions = {
  renew() {
    const stay = (page) => complain("above-form", page) || announce(warning.dataset.renewed);
    visit(here(), stay, { lost: "lost-renewal" });
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
    const row = button.closest("[data-row]");
    const next = row.nextElementSibling; // another row, or the button that adds one
    row.remove();
    (next.querySelector("input") ?? next).focus();
  },
};

const filled = (template, number) => template.innerHTML.replace(/__number\w*__/g, number);

// Events. They are heard on the document, so that a new page needs no new listeners.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button) actions[button.dataset.action](button);

  const link = event.target.closest("a[href]:not([target])");
  if (link?.origin !== location.origin) return;
  event.preventDefault();
  // A link within the page gets no entry in the history: going back would load the page anew.
  if (link.hash) part(link.hash.slice(1)).focus();
  else visit(link.href, show, { busy: link.dataset.busy });
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.getAttribute("method") === "post") send(form, event.submitter);
  else visit(`${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`, show);
});

// Another kind of value has another control; what was typed goes along.
document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-kind]")) return;
  const row = target.closest("[data-row]");
  const value = row.querySelector("[data-value]");
  const typed = value.querySelector("input, textarea")?.value ?? "";
  const template = row.parentElement.querySelector(`[data-new-value="${target.value}"]`);
  value.innerHTML = filled(template, row.dataset.row);
  value.querySelector("input, textarea")?.setRangeText(typed);
});

addEventListener("popstate", ({ state }) => visit(here(), (page) => show(page, state ?? {})));

// The address we arrived at holds BigCommerce's signed payload, and BigCommerce's App SDK tells
// the control panel the address: so this line comes before the SDK does.
if (meta("page-path")) history.replaceState(null, "", meta("page-path"));
renew(token, meta("session-seconds"));
if (document.querySelector("[data-pending]")) visit(here(), fillIn);
if (meta("app-sdk")) {
  window.bcAsyncInit = () => window.Bigcommerce.init({ onLogout: forget });
  document.head.append(Object.assign(document.createElement("script"), { src: meta("app-sdk") }));
}
