// What was tapped and is not acknowledged yet: in IndexedDB, ids and codes and no name, sent when it can be.
//
// marks     one a (user, lesson, student), the last choice wins; gone only if it is still the one that was sent
// finishes  one a (user, lesson), sent behind its marks
// tickets   what lets marks be sent, for a day, without anybody being signed in
// settings  the name of this device, and how many reports it has made
//
// How pages say something is here too: a page is four requests at most.

const STORES = { marks: ["user", "lesson", "student"], finishes: ["user", "lesson"], tickets: ["user", "lesson"], settings: "name" };
const AT_ONCE = 25; // a request has at most 64 kB, and a note 500 characters
const listeners = new Set();
const channel = new BroadcastChannel("attendance");
let opened;

export const open = () =>
  (opened ??= opening().catch((error) => {
    opened = undefined; // asked again, it may open
    throw error;
  }));

const opening = () =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open("attendance", 1);
    request.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(STORES)) request.result.createObjectStore(name, { keyPath });
    };
    request.onsuccess = () => {
      request.result.onclose = () => (opened = undefined); // some browsers close it by themselves
      resolve(request.result);
    };
    request.onerror = request.onblocked = () => reject(request.error);
  });

const locked = (name, mode, work) => (navigator.locks ? navigator.locks.request(name, { mode }, work) : work());

// Resolves once the transaction is on the disk, with what the last request gave. Nothing is written while a tab signs out.
export const transact = (mode, names, work) => {
  const run = async () => {
    const database = await open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(names, mode, { durability: "strict" });
      const answer = {};
      transaction.oncomplete = () => resolve(answer.value);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
      work(answer, ...names.map((name) => transaction.objectStore(name)));
    });
  };
  return mode === "readonly" ? run() : locked("attendance-keep", "shared", run);
};

const then = (request, next) => (request.onsuccess = () => next(request.result));
export const get = (name, key) =>
  transact("readonly", [name], (answer, store) => then(store.get(key), (value) => (answer.value = value)));
export const put = (name, value) => transact("readwrite", [name], (_, store) => store.put(value));
export const remove = (name, key) => transact("readwrite", [name], (_, store) => store.delete(key));

const keyOf = (mark) => [mark.user, mark.lesson, mark.student];

// What of a user's has not been sent, or could not be taken in: {marks, finishes}.
export const waiting = (user) =>
  transact("readonly", ["marks", "finishes"], (answer, marks, finishes) => {
    answer.value = {};
    const own = (name) => (rows) => (answer.value[name] = rows.filter((row) => row.user === user));
    then(marks.getAll(), own("marks"));
    then(finishes.getAll(), own("finishes"));
  });

export const isUndecided = (mark) => Boolean(mark.theirs) || mark.refused !== undefined;

// Keeps a choice {user, lesson, student, code, minutes_late, note, replaces, reported_at}: this device has it once this
// resolves.
export async function keep(choice) {
  const mark = await transact("readwrite", ["marks", "settings"], (answer, marks, settings) =>
    then(settings.get("device"), (known) => {
      const device = known ?? { name: "device", id: crypto.randomUUID(), sequence: 0 };
      device.sequence += 1;
      settings.put(device);
      then(marks.get(keyOf(choice)), (before) => {
        answer.value = { ...choice, report_id: crypto.randomUUID(), device: device.id, sequence: device.sequence, tried: before?.tried };
        marks.put(answer.value);
      });
    }),
  );
  tellOthers({ type: "kept", lesson: mark.lesson, student: mark.student, mark });
  return mark;
}

// Forgets a choice, where nobody was told of it yet, nor of one before it that waited; whether there was one.
export async function takeBack({ report_id, ...mark }) {
  const taken = await transact("readwrite", ["marks"], (answer, marks) =>
    then(marks.get(keyOf(mark)), (row) => {
      answer.value = row?.report_id === report_id && !row.tried;
      if (answer.value) marks.delete(keyOf(mark));
    }),
  );
  if (taken) tellOthers({ type: "back", lesson: mark.lesson, student: mark.student, mark: null, report_id });
  return taken;
}

// What has become of choices that were sent: gone, or with what is to be looked at; not where another came meanwhile, or
// they were taken back. Gives those that it found.
export const settle = (sent, found) =>
  transact("readwrite", ["marks"], (answer, marks) => {
    answer.value = [];
    for (const mark of sent)
      then(marks.get(keyOf(mark)), (row) => {
        if (row?.report_id !== mark.report_id) return;
        answer.value.push(mark);
        if (found) marks.put({ ...row, ...found });
        else marks.delete(keyOf(mark));
      });
  });

export const listen = (hear) => listeners.add(hear);
channel.onmessage = ({ data }) => (data.type === "left" ? location.replace("/") : listeners.forEach((hear) => hear(data)));
export const tellOthers = (event) => channel.postMessage(event);
function tell(event) {
  listeners.forEach((hear) => hear(event));
  tellOthers(event);
}

// --- Saying ----------------------------------------------------------------------------------------------------------

export const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

// A text with what belongs into it; the first of a pair where that is one.
export function say(name, ...values) {
  const text = Array.isArray(words[name]) ? words[name][values[0] === 1 ? 0 : 1] : words[name];
  return text.replace(/\{(\d)\}/g, (_, index) => values[index]);
}

export const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

// A code beside those of everyday.
export function offer(element, student, code, word) {
  const label = make("label", { className: "choice other" });
  const radio = make("input", { type: "radio", name: `mark-${student}`, value: code });
  label.append(radio, make("span", { textContent: word }));
  element.querySelector(".choices").prepend(label);
  return radio;
}

// For those who do not see the page; what is said again is not read again.
export function aloud(text) {
  const region = document.getElementById("aloud");
  if (region.textContent !== text) region.textContent = text;
}

// --- Sending ---------------------------------------------------------------------------------------------------------

let again = false; // whether there is something to send since the last look

class Stop extends Error {} // its message says why: offline, trying or signin

export async function ask(path, headers = {}, body = null) {
  const init = body && { method: "POST", body: JSON.stringify(body) };
  let response;
  try {
    const sent = { ...headers, "Content-Type": "application/json", Accept: "application/json" };
    response = await fetch(path, { signal: AbortSignal.timeout(15000), headers: sent, ...init });
  } catch {
    throw new Stop("offline");
  }
  if (response.status === 429 || response.status >= 500) throw new Stop("trying");
  return response;
}

export async function answerOf(response) {
  try {
    return await response.json();
  } catch {
    throw new Stop("trying"); // cut off, or something between that answers in our place
  }
}

// Who is signed in, {user, csrf}: it must be the one who made these choices, or what is answered is not about them.
async function signedIn(user) {
  const response = await ask("/session");
  const session = response.status === 200 ? await answerOf(response) : {};
  if (session.user !== user) throw new Stop("signin");
  return session;
}

async function newTicket(user, lesson) {
  await signedIn(user);
  const response = await ask(`/api/v1/lessons/${lesson}`);
  if (response.status === 401 || response.status === 403) throw new Stop("signin");
  const { ticket, detail } = await answerOf(response);
  if (!ticket) return { detail };
  await put("tickets", { user, lesson, ticket });
  return { ticket };
}

const FIELDS = ["code", "minutes_late", "note", "report_id", "device", "sequence", "replaces", "reported_at"];
const asReport = (mark) => ({ student_id: mark.student, ...Object.fromEntries(FIELDS.map((name) => [name, mark[name]])) });

async function sendMarks(user, lesson, due) {
  const marks = await settle(due, { tried: true });
  if (!marks.length) return null;
  const path = `/api/v1/lessons/${lesson}/absences`;
  let { ticket } = (await get("tickets", [user, lesson])) ?? {};
  let response;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (!ticket) {
      const fresh = await newTicket(user, lesson);
      if (!fresh.ticket) return refuse(lesson, marks, fresh);
      ticket = fresh.ticket;
    }
    response = await ask(path, { Authorization: `Bearer ${ticket}` }, { absences: marks.map(asReport) });
    if (response.status !== 401) break;
    ticket = null;
  }
  if (response.status === 401) throw new Stop("signin");
  const answer = await answerOf(response);
  return response.status === 202 ? takeIn(user, lesson, marks, answer.absences) : refuse(lesson, marks, answer);
}

// Tells the day pack, where there is one; what was acknowledged waits for nothing that does not arrive.
export async function onDevice(user, work) {
  if (localStorage.getItem("mine") !== String(user)) return;
  const late = new Promise((resolve) => setTimeout(resolve, 3000));
  await Promise.race([import("./device.js").then(work).catch(() => {}), late]);
}

async function takeIn(user, lesson, marks, absences) {
  await onDevice(user, (device) => device.sent(user, lesson, absences));
  const clashes = new Set(marks.filter((_, index) => absences[index].state === "conflict"));
  await settle(marks.filter((mark) => !clashes.has(mark)));
  for (const mark of clashes) await settle([mark], { theirs: absences[marks.indexOf(mark)] });
  tell({ type: "sent", lesson, absences });
}

async function setAside(lesson, marks, refused) {
  await settle(marks, { refused: refused || "–" });
  tell({ type: "refused", lesson });
}

// What sorts them out comes when it is needed, which is where a server has just answered; without it all are set aside.
async function refuse(lesson, marks, answer) {
  const sorted = await import("./refusing.js").catch(() => null);
  if (!sorted) await setAside(lesson, marks, answer.detail);
  else if (await sorted.refuse(setAside, lesson, marks, answer)) again = true;
}

let csrf = "";
export const useToken = (token) => (csrf = token);

// Says nothing of those whose mark was refused: nobody may become present by that.
async function sendFinish(finish, refused) {
  const { user, lesson, taken_at, request_id } = finish;
  const roster_seen = finish.roster_seen.filter((student) => !refused.has(student));
  const body = { others: "present", roster_seen, taken_at, request_id };
  let response;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (csrf) response = await ask(`/api/v1/lessons/${lesson}/complete`, { "X-CSRFToken": csrf }, body);
    if (response && response.status !== 403 && response.status !== 401) break;
    const known = await signedIn(user);
    if (csrf === known.csrf) break;
    csrf = known.csrf;
  }
  const answer = await answerOf(response);
  if (response.status === 200) {
    await remove("finishes", [user, lesson]);
    tell({ type: "finished", lesson, register: answer });
  } else {
    await put("finishes", { ...finish, refused: answer.detail ?? "–" });
    tell({ type: "refused", lesson });
  }
}

async function pass(user) {
  const { marks, finishes } = await waiting(user);
  const due = marks.filter((mark) => !isUndecided(mark));
  let problem = "";
  const attempt = async (work) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      problem = error.message;
    }
  };
  for (const lesson of new Set(due.map((mark) => mark.lesson))) {
    const own = due.filter((mark) => mark.lesson === lesson);
    for (let start = 0; start < own.length && problem !== "offline"; start += AT_ONCE)
      await attempt(() => sendMarks(user, lesson, own.slice(start, start + AT_ONCE)));
  }
  const left = (await waiting(user)).marks;
  for (const finish of finishes.filter((each) => each.refused === undefined)) {
    const own = left.filter((mark) => mark.lesson === finish.lesson);
    const refused = new Set(own.filter((mark) => mark.refused !== undefined).map((mark) => mark.student));
    if (problem !== "offline" && own.length === refused.size) await attempt(() => sendFinish(finish, refused));
  }
  return problem;
}

let running = null;

// Sends what waits, one tab at a time. Gives what is in the way: "", offline, trying or signin.
export async function flush(user) {
  again = true;
  running ??= locked("attendance-send", "exclusive", async () => {
    let problem = "";
    while (again) {
      again = false;
      problem = await pass(user);
    }
    return problem;
  }).finally(() => (running = null));
  const problem = await running;
  tell({ type: "state", problem });
  return problem;
}

// Flushes whenever it may help: now, when there is a network, when the page is seen again, and after a while.
export function keepTrying(user) {
  let timer = 0;
  let pause = 0;
  const go = async () => {
    clearTimeout(timer);
    const problem = await flush(user).catch(() => "trying"); // a store that does not open just now
    pause = problem ? Math.min(30000, pause * 2 || 2000) : 0;
    if (pause) timer = setTimeout(go, pause * (0.75 + Math.random() / 2));
  };
  const now = () => {
    pause = 0;
    go();
  };
  addEventListener("online", now);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && now());
  now();
  return now;
}

// --- Signing out -----------------------------------------------------------------------------------------------------

addEventListener("submit", async (event) => {
  if (!event.target.matches(".leave")) return;
  event.preventDefault();
  const stays = await import("./leaving.js").then((leaving) => leaving.stays(event.target, { answerOf, ask, make, transact, waiting })).catch(() => false);
  if (!stays) event.target.submit();
});
