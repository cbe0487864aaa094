// The board keeps itself up to date while somebody looks at it: a question every ten seconds, which costs the server
// next to nothing as long as nothing has changed.

const EVERY = 10_000;
const AT_MOST = 120_000;

const board = document.getElementById("board");
const shown = document.getElementById("now");
const aloud = document.getElementById("aloud");
const stale = document.getElementById("stale");
const words = JSON.parse(document.getElementById("words").textContent);

let version = `W/"${board.dataset.version}"`;
let right = new Date();
let failures = 0;
let timer;

// Spread, so that the screens of a country do not ask together.
function again() {
  clearTimeout(timer);
  const wait = Math.min(EVERY * 2 ** failures, AT_MOST);
  timer = setTimeout(look, wait * (0.9 + Math.random() / 5));
}

async function look() {
  clearTimeout(timer);
  if (document.hidden) return; // asked again as soon as it is seen
  try {
    const answer = await fetch(board.dataset.state, {
      headers: { "If-None-Match": version },
      cache: "no-store",
      signal: AbortSignal.timeout(EVERY),
    });
    if (answer.status === 401) return location.reload(); // to the page to sign in: names stay on no screen
    if (answer.status !== 304) {
      if (!answer.ok) throw new Error(answer.status);
      show(await answer.text());
      version = answer.headers.get("ETag");
    }
    failures = 0;
    right = new Date();
    say("");
  } catch {
    failures += 1;
    say(words.stale.replace("{0}", right.toTimeString().slice(0, 5)));
  }
  again();
}

// Whoever was at a button stays at it.
function show(text) {
  const before = shown.querySelector(".tally").dataset.said;
  const focused = shown.contains(document.activeElement) ? address(document.activeElement) : "";
  shown.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
  if (focused) shown.querySelector(focused)?.focus({ preventScroll: true });
  const said = shown.querySelector(".tally").dataset.said;
  if (said !== before) aloud.textContent = said;
}

function address(element) {
  return element.id ? `#${element.id}` : `a[href="${element.getAttribute("href")}"]`;
}

function say(text) {
  stale.textContent = text;
  stale.hidden = !text;
}

document.addEventListener("visibilitychange", look);
addEventListener("online", look);
again();
