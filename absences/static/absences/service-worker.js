// Serves what a device of somebody's own keeps (device.js): their registers of today at once, today where there is no
// network, the evacuation list as it was opened last, and the scripts of all three. Everything else is the network's.

const DAY = "attendance-day";
const FORMAT = 3; // of the pack, as device.js
const LOST = [401, 403, 404]; // as device.js
const LIST = "/evacuation/";
const PATIENCE = 3000; // milliseconds until what is kept is better than what may still come

const lessonOf = (url) => Number(/^\/lessons\/(\d+)\/$/.exec(url.pathname)?.[1]);

async function pack() {
  const found = await (await caches.match("/day-pack"))?.json();
  if (found && found.format === FORMAT && Date.now() + found.skew < found.ends) return found;
  await caches.delete(DAY);
  return null;
}

async function register(request, id) {
  const day = await pack();
  const lesson = day?.lessons.find((each) => each.id === id);
  const shell = lesson && (await caches.match("/shell/register"));
  const now = Date.now() + (day?.skew ?? 0);
  if (shell && ["due", "scheduled"].includes(lesson.state) && lesson.opens <= now) return shell;
  return network(request, day);
}

// What the network gives, or what is kept where it gives nothing, or the server has trouble.
async function network(request, day, kept = "/shell/today", answer = fetch(request)) {
  const known = day && (await caches.match(kept));
  if (!known) return answer;
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, known));
  const good = answer.then(
    (found) => (found.status < 500 ? found : known),
    () => known,
  );
  return Promise.race([good, late]);
}

// Keeps the list with the names of the day, and as long as them.
async function list(request, day) {
  const answer = await fetch(request);
  if (day && answer.ok && !answer.redirected) await (await caches.open(DAY)).put(LIST, answer.clone());
  return answer;
}

// Whichever script asks: where nobody is signed in any more, or has no role any more, nothing with a name is kept.
async function signedIn(request) {
  const answer = await fetch(request);
  if (LOST.includes(answer.status)) await caches.delete(DAY);
  return answer;
}

const asset = async (request) => (await caches.match(request)) ?? fetch(request);

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && /\/log(in|out)\/$/.test(url.pathname)) event.waitUntil(caches.delete(DAY));
  if (request.method !== "GET") return;
  if (url.pathname.startsWith("/static/")) event.respondWith(asset(request));
  else if (url.pathname === "/session" || url.pathname === "/day-pack") event.respondWith(signedIn(request));
  else if (request.mode !== "navigate" || !["", "?date=today"].includes(url.search)) return;
  else if (lessonOf(url)) event.respondWith(register(request, lessonOf(url)));
  else if (url.pathname === "/") event.respondWith(pack().then((day) => network(request, day)));
  else if (url.pathname === LIST) event.respondWith(pack().then((day) => network(request, day, LIST, list(request, day))));
});

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(pack().catch(() => {}).then(() => self.clients.claim())));
