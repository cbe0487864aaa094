// Serves what a device of somebody's own keeps (device.js): their registers of today at once, today where there is no
// network, and the scripts of both. Everything else is the network's.

const DAY = "attendance-day";
const PATIENCE = 3000; // milliseconds until what is kept is better than what may still come

const lessonOf = (url) => Number(/^\/lessons\/(\d+)\/$/.exec(url.pathname)?.[1]);

async function pack() {
  const found = await (await caches.match("/day-pack"))?.json();
  if (found && Date.now() + found.skew < found.ends) return found;
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

// What the network gives, or today's shell where it gives nothing.
async function network(request, day) {
  const shell = day && (await caches.match("/shell/today"));
  if (!shell) return fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, shell));
  return Promise.race([fetch(request).catch(() => shell), late]);
}

const asset = async (request) => (await caches.match(request)) ?? fetch(request);

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && url.pathname.endsWith("/logout/")) event.waitUntil(caches.delete(DAY));
  if (request.method !== "GET") return;
  if (url.pathname.startsWith("/static/")) event.respondWith(asset(request));
  else if (request.mode !== "navigate" || url.search) return;
  else if (lessonOf(url)) event.respondWith(register(request, lessonOf(url)));
  else if (url.pathname === "/") event.respondWith(pack().then((day) => network(request, day)));
});

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
