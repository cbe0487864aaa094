// Serves what a device of somebody's own keeps (device.js): their registers of today at once, today where there is no
// network, the evacuation list as it was opened last, and the scripts of all three. Everything else is the network's.

const DAY = "attendance-day";
const FORMAT = 3; // of the pack, as device.js
const LOST = [401, 403, 404]; // as device.js
const LIST = "/evacuation/";
const PATIENCE = 3000; // milliseconds until what is kept is better than what may still come

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** @param {URL} url */
const lessonOf = (url) => Number(/^\/lessons\/(\d+)\/$/.exec(url.pathname)?.[1]);

/** @returns {Promise<DayPack | null>} */
async function pack() {
  const found = await (await caches.match("/day-pack"))?.json();
  if (found && found.format === FORMAT && Date.now() + found.skew < found.ends) return found;
  await caches.delete(DAY);
  return null;
}

/**
 * A register of today from the device, at once; any other from the network.
 *
 * @param {Request} request
 * @param {number} id
 */
async function register(request, id) {
  const day = await pack();
  const lesson = day?.lessons.find((each) => each.id === id);
  const shell = lesson && (await caches.match("/shell/register"));
  const now = Date.now() + (day?.skew ?? 0);
  if (shell && ["due", "scheduled"].includes(lesson.state) && lesson.opens <= now) return shell;
  return network(request, day);
}

/**
 * What the network gives, or what is kept where it gives nothing or the server has trouble.
 *
 * @param {Request} request
 * @param {DayPack | null} day
 */
async function network(request, day, kept = "/shell/today", asked = fetch(request)) {
  const known = day && (await caches.match(kept));
  if (!known) return asked;
  /** @type {Promise<Response>} */
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, known));
  const good = asked.then(
    (found) => (found.status < 500 ? found : known),
    () => known,
  );
  return Promise.race([good, late]);
}

/**
 * Keeps the list with the names of the day, and as long as them.
 *
 * @param {Request} request
 * @param {DayPack | null} day
 */
async function list(request, day) {
  const answer = await fetch(request);
  if (day && answer.ok && !answer.redirected) await (await caches.open(DAY)).put(LIST, answer.clone());
  return answer;
}

/**
 * Drops the day pack where the user is signed out or has lost their role, whichever script asked.
 *
 * @param {Request} request
 */
async function signedIn(request) {
  const answer = await fetch(request);
  if (LOST.includes(answer.status)) await caches.delete(DAY);
  return answer;
}

/** @param {Request} request */
const asset = async (request) => (await caches.match(request)) ?? fetch(request);

/**
 * The answer to a request, or null where the network alone answers it.
 *
 * @param {Request} request
 * @param {URL} url
 * @returns {Promise<Response> | null}
 */
function answerTo(request, url) {
  if (url.pathname.startsWith("/static/")) return asset(request);
  if (url.pathname === "/session" || url.pathname === "/day-pack") return signedIn(request);
  if (request.mode !== "navigate" || !["", "?date=today"].includes(url.search)) return null;
  if (lessonOf(url)) return register(request, lessonOf(url));
  if (url.pathname === "/") return pack().then((day) => network(request, day));
  if (url.pathname === LIST) return pack().then((day) => network(request, day, LIST, list(request, day)));
  return null;
}

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && /\/log(in|out)\/$/.test(url.pathname)) event.waitUntil(caches.delete(DAY));
  const answered = request.method === "GET" ? answerTo(request, url) : null;
  if (answered) event.respondWith(answered);
});

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(pack().catch(() => {}).then(() => worker.clients.claim())));
