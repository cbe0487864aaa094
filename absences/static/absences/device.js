// A device that its user calls theirs: today's registers are kept on it until midnight, and pages to show them in. It is
// theirs for as long as they stay signed in (`own` of the session): when that ends, whatever holds a name is forgotten.

const DAY = "attendance-day"; // the day pack, which has names in it
const FORMAT = 3; // of the pack; one of another is dropped: it may hold what is kept on no device any more
const SHELL = "attendance-shell"; // pages without contents, scripts and styles
const LOST = [401, 403, 404]; // the session; the roles of a person; any role

export const isMine = (user) => localStorage.getItem("mine") === String(user);
export const isAnothers = (user) => ![null, String(user)].includes(localStorage.getItem("mine"));

// The day pack as it was kept last, for this user and this day; null where there is none.
export async function kept(user) {
  const found = await (await caches.match("/day-pack"))?.json();
  if (!found) return null;
  const good = Date.now() + found.skew < found.ends && found.user === user && found.format === FORMAT;
  if (!good) await caches.delete(DAY);
  return good ? found : null;
}

// One tab at a time changes the pack: it is read, changed and written.
const alone = (work) => (navigator.locks ? navigator.locks.request(DAY, work) : work());

// Asks for a newer pack, and keeps it, unless the one that is here was changed meanwhile. Gives the pack, and throws without
// a network. Null, and nothing is kept, where nobody is signed in any more, or somebody else is: the page is not theirs.
export async function refresh(user) {
  const old = await kept(user);
  const headers = old ? { "If-None-Match": old.etag } : {};
  const response = await fetch("/day-pack", { headers, signal: AbortSignal.timeout(15000) });
  if (response.status === 304) return old;
  if (!response.ok && !LOST.includes(response.status)) throw new Error(`day pack: ${response.status}`);
  const found = response.ok ? await response.json() : {};
  if (found.user !== user) {
    await forget();
    return null;
  }
  const pack = { ...found, etag: response.headers.get("ETag"), skew: found.now - Date.now() };
  return alone(async () => {
    const here = await kept(user);
    if (here && here.stamp !== old?.stamp) return here;
    if (found.unknown) for (const lesson of pack.lessons) lesson.marks = of(here, lesson.id)?.marks ?? [];
    await keep(pack);
    return pack;
  });
}

const of = (pack, lesson) => pack?.lessons.find((each) => each.id === lesson);

async function keep(pack) {
  const stamped = new Response(JSON.stringify({ ...pack, stamp: crypto.randomUUID() }));
  await (await caches.open(DAY)).put("/day-pack", stamped);
}

const change = (user, lesson, work) =>
  alone(async () => {
    const pack = await kept(user);
    const found = of(pack, lesson);
    if (found && work(found, pack) !== false) await keep(pack);
  });

// What the server has said of marks is what opens without a network, too.
export const sent = (user, lesson, absences) =>
  change(user, lesson, (found) => {
    const marks = new Map(found.marks.map((mark) => [mark.student_id, mark]));
    const news = absences.filter((mark) => marks.get(mark.student_id)?.report_id !== mark.report_id);
    found.said = { ...found.said, ...Object.fromEntries(found.marks.map(({ code, word }) => [code, word])) };
    for (const mark of news) marks.set(mark.student_id, { ...mark, word: found.said[mark.code] ?? "" });
    found.marks = [...marks.values()];
    return news.length > 0;
  });

// A lesson that was finished here is no longer one to open without a network.
export const finished = (user, lesson) =>
  change(user, lesson, (found, pack) => {
    found.state = "completed";
    found.taken = Date.now() + pack.skew;
  });

// Everything that a page needs without a network; loaded anew when a newer version is out.
async function keepShell({ version, urls }) {
  const cache = await caches.open(SHELL);
  if ((await (await cache.match("/version"))?.text()) === version) return;
  const answers = await Promise.all(urls.map((url) => fetch(url, { cache: "reload" })));
  if (answers.some((answer) => !answer.ok || answer.redirected)) return;
  for (const [index, url] of [...urls.entries()].reverse()) await cache.put(url, answers[index]); // the pages last
  await cache.put("/version", new Response(version));
  for (const request of await cache.keys())
    if (![...urls, "/version"].includes(new URL(request.url).pathname)) await cache.delete(request);
}

// Says whether the session is on a device of its user's own. Throws where that could not be said.
export async function say(own, csrfmiddlewaretoken) {
  const body = new URLSearchParams({ own: own ? "yes" : "", csrfmiddlewaretoken });
  const response = await fetch("/accounts/sessions/own", { method: "POST", body });
  if (!response.ok) throw new Error(`own: ${response.status}`);
}

// Makes this device theirs: the pack, the pages, and the worker that serves them. Throws where that is not possible.
export async function take(user) {
  localStorage.setItem("mine", user);
  const pack = await refresh(user);
  if (!pack) throw new Error("signed out");
  await keepShell(pack.shell);
  await navigator.serviceWorker.register("/service-worker.js");
  return pack;
}

export async function forget() {
  localStorage.removeItem("mine");
  await Promise.all([DAY, SHELL].map((name) => caches.delete(name)));
  for (const worker of await navigator.serviceWorker.getRegistrations()) await worker.unregister();
}
