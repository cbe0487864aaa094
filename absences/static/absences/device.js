// A device that its user calls their own: today's registers are kept on it until midnight, and pages to show them in. It is
// theirs for as long as they stay signed in (`own` of the session): when that ends, everything with a name goes.

const DAY = "attendance-day"; // the day pack, which has names in it
const FORMAT = 3; // of the pack; one of another format is dropped: it may hold what devices keep no more
const SHELL = "attendance-shell"; // pages without contents, scripts and styles
const LOST = [401, 403, 404]; // for a user who is signed out, or has lost a role or all roles

/** @param {number} user */
export const isMine = (user) => localStorage.getItem("mine") === String(user);

/** @param {number} user */
export const isAnothers = (user) => ![null, String(user)].includes(localStorage.getItem("mine"));

/**
 * The day pack as it was kept last, for this user and this day; null where there is none.
 *
 * @param {number} user
 * @returns {Promise<DayPack | null>}
 */
export async function keptPack(user) {
  const found = await (await caches.match("/day-pack"))?.json();
  if (!found) return null;
  const good = Date.now() + found.skew < found.ends && found.user === user && found.format === FORMAT;
  if (!good) await caches.delete(DAY);
  return good ? found : null;
}

/**
 * One tab at a time changes the pack: it is read, changed and written.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
const alone = async (work) => (navigator.locks ? navigator.locks.request(DAY, work) : work());

/**
 * Asks for a newer pack and keeps it, unless the one on the device was changed meanwhile; resolves to the pack. Throws
 * without a network. Null, and nothing is kept, where nobody is signed in any more or somebody else is: the page is not
 * theirs.
 *
 * @param {number} user
 * @returns {Promise<DayPack | null>}
 */
export async function refreshPack(user) {
  const old = await keptPack(user);
  /** @type {Record<string, string>} */
  const headers = old?.etag ? { "If-None-Match": old.etag } : {};
  const response = await fetch("/day-pack", { headers, signal: AbortSignal.timeout(15000) });
  if (response.status === 304) return old;
  if (!response.ok && !LOST.includes(response.status)) throw new Error(`day pack: ${response.status}`);
  const found = response.ok ? await response.json() : {};
  if (found.user !== user) {
    await forgetDevice();
    return null;
  }
  const pack = { ...found, etag: response.headers.get("ETag"), skew: found.now - Date.now() };
  return alone(() => replace(old, pack));
}

/**
 * @param {DayPack | null} old as it was before the new one was asked for
 * @param {DayPack} pack
 */
async function replace(old, pack) {
  const here = await keptPack(pack.user);
  if (here && here.stamp !== old?.stamp) return here;
  if (pack.unknown) for (const lesson of pack.lessons) lesson.marks = lessonOf(here, lesson.id)?.marks ?? [];
  await keep(pack);
  return pack;
}

/**
 * @param {DayPack | null} pack
 * @param {number} id
 */
const lessonOf = (pack, id) => pack?.lessons.find((each) => each.id === id);

/** @param {DayPack} pack */
async function keep(pack) {
  const stamped = new Response(JSON.stringify({ ...pack, stamp: crypto.randomUUID() }));
  await (await caches.open(DAY)).put("/day-pack", stamped);
}

/**
 * Changes a lesson of the pack; work that returns false has changed nothing.
 *
 * @param {number} user
 * @param {number} id
 * @param {(lesson: PackLesson, pack: DayPack) => boolean} work
 */
const change = (user, id, work) =>
  alone(async () => {
    const pack = await keptPack(user);
    const lesson = lessonOf(pack, id);
    if (pack && lesson && work(lesson, pack)) await keep(pack);
  });

/**
 * Marks as the server has them are what opens without a network, too.
 *
 * @param {number} user
 * @param {number} id
 * @param {ServerMark[]} absences
 */
export const noteSent = (user, id, absences) =>
  change(user, id, (lesson) => {
    const marks = new Map(lesson.marks.map((mark) => [mark.student_id, mark]));
    const news = absences.filter((mark) => marks.get(mark.student_id)?.report_id !== mark.report_id);
    const said = { ...lesson.said, ...Object.fromEntries(lesson.marks.map(({ code, word }) => [code, word])) };
    for (const mark of news) marks.set(mark.student_id, { ...mark, word: said[mark.code] ?? "" });
    lesson.said = said;
    lesson.marks = [...marks.values()];
    return news.length > 0;
  });

/**
 * A lesson that was finished here is not opened without a network any more.
 *
 * @param {number} user
 * @param {number} id
 */
export const noteFinished = (user, id) =>
  change(user, id, (lesson, pack) => {
    lesson.state = "completed";
    lesson.taken = Date.now() + pack.skew;
    return true;
  });

/**
 * Keeps everything that a page needs without a network; loads it anew when a newer version is out.
 *
 * @param {DayPack["shell"]} shell
 */
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

/**
 * Tells the server whether the session is on a device of its user's own. Throws where it could not be told.
 *
 * @param {boolean} own
 * @param {string} csrfmiddlewaretoken
 */
export async function tellOwn(own, csrfmiddlewaretoken) {
  const body = new URLSearchParams({ own: own ? "yes" : "", csrfmiddlewaretoken });
  const response = await fetch("/accounts/sessions/own", { method: "POST", body });
  if (!response.ok) throw new Error(`own: ${response.status}`);
}

/**
 * Makes this device theirs: keeps the pack and the pages, and starts the worker that serves them. Throws where that is not
 * possible.
 *
 * @param {number} user
 */
export async function takeDevice(user) {
  localStorage.setItem("mine", String(user));
  const pack = await refreshPack(user);
  if (!pack) throw new Error("signed out");
  await keepShell(pack.shell);
  await navigator.serviceWorker.register("/service-worker.js");
  return pack;
}

export async function forgetDevice() {
  localStorage.removeItem("mine");
  await Promise.all([DAY, SHELL].map((name) => caches.delete(name)));
  for (const worker of await navigator.serviceWorker.getRegistrations()) await worker.unregister();
}
