// The board keeps itself up to date while somebody looks at it: a question every ten seconds, which costs the server next
// to nothing as long as nothing has changed.

const EVERY = 10_000;
const AT_MOST = 120_000;

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const board = byId("board");
const shown = byId("now");
const aloud = byId("aloud");
const stale = byId("stale");
const words = JSON.parse(byId("words").textContent ?? "");

let version = `W/"${board.dataset.version}"`;
let right = new Date();
let failures = 0;
let timer = 0;

/** Screens do not ask together: each waits a little more or less. */
function again() {
  clearTimeout(timer);
  const wait = Math.min(EVERY * 2 ** failures, AT_MOST);
  timer = setTimeout(look, wait * (0.9 + Math.random() / 5));
}

async function look() {
  clearTimeout(timer);
  if (document.hidden) return; // asked again as soon as it is seen
  try {
    const answer = await fetch(board.dataset.state ?? "", {
      headers: { "If-None-Match": version },
      cache: "no-store",
      signal: AbortSignal.timeout(EVERY),
    });
    if (answer.status === 401) return location.reload(); // to the page to sign in: names stay on no screen
    if (answer.status !== 304) await takeIn(answer);
    failures = 0;
    right = new Date();
    say("");
  } catch {
    failures += 1;
    say(words.stale.replace("{0}", right.toTimeString().slice(0, 5)));
  }
  again();
}

/** @param {Response} answer */
async function takeIn(answer) {
  if (!answer.ok) throw new Error(String(answer.status));
  show(await answer.text());
  version = answer.headers.get("ETag") ?? "";
}

/**
 * Shows the new board; the focus stays where it was.
 *
 * @param {string} text
 */
function show(text) {
  const before = tally();
  const { activeElement } = document;
  const focused = activeElement && shown.contains(activeElement) ? address(activeElement) : "";
  shown.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
  /** @type {HTMLElement | null} */
  const found = focused ? shown.querySelector(focused) : null;
  found?.focus({ preventScroll: true });
  if (tally() !== before) aloud.textContent = tally();
}

const tally = () => /** @type {HTMLElement} */ (shown.querySelector(".tally")).dataset.said ?? "";

/** @param {Element} element */
function address(element) {
  return element.id ? `#${element.id}` : `a[href="${element.getAttribute("href")}"]`;
}

/** @param {string} text */
function say(text) {
  stale.textContent = text;
  stale.hidden = !text;
}

document.addEventListener("visibilitychange", look);
addEventListener("online", look);
again();
