// Today: what waits on this device to be sent, what has just been taken, and whether the device is somebody's own.

import { forgetDevice, isAnothers, isMine, keptPack, takeDevice, tellOwn } from "./device.js";
import { aloud, isUndecided, keepSending, listen, make, openStore, say, waiting, words } from "./attendance.js";

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {Facts} */
const facts = JSON.parse(byId("taking").textContent ?? "");
const status = byId("waiting");
const mine = byId("mine");
const line = /** @type {HTMLElement} */ (mine.querySelector(".quiet"));
const box = /** @type {HTMLInputElement} */ (mine.querySelector("input"));
/** @type {Problem} */
let problem = "";

// --- What waits ------------------------------------------------------------------------------------------------------

async function tell() {
  const kept = await waiting(facts.user);
  tellStatus(kept);
  for (const lesson of document.querySelectorAll(/** @type {"li"} */ ("[data-lesson]"))) {
    lesson.querySelector(".waits")?.remove();
    const textContent = lineOf(Number(lesson.dataset.lesson), kept);
    if (textContent) lesson.querySelector("a")?.append(make("span", { className: "badge due waits", textContent }));
  }
}

/** @param {Waiting} kept */
function tellStatus({ marks, finishes }) {
  const undecided = marks.filter(isUndecided);
  const elsewhere = undecided.find(({ lesson }) => !document.querySelector(`[data-lesson="${lesson}"]`));
  const count = marks.length - undecided.length + finishes.length;
  const text = count ? say(problem || "saving", count) : elsewhere ? words.attention : "";
  if (text !== status.textContent && problem) aloud(text);
  status.textContent = text;
  if (elsewhere) status.append(" ", make("a", { href: `/lessons/${elsewhere.lesson}/`, textContent: words.look }));
  status.hidden = !status.textContent;
  status.dataset.tone = problem === "signin" ? "bad" : "away";
}

/**
 * What a lesson says of its marks on this device; "" where nothing waits.
 *
 * @param {number} id
 * @param {Waiting} kept
 */
function lineOf(id, { marks, finishes }) {
  const own = marks.filter((mark) => mark.lesson === id);
  if (own.some(isUndecided)) return words.attention;
  if (finishes.some((each) => each.lesson === id)) return words.unfinished;
  return own.length ? say("unsent", own.length) : "";
}

/** Says which register has just been taken on its page. */
function greet() {
  const { lesson, title, at, counts, exceptions, by, already } = JSON.parse(sessionStorage.getItem("taken") ?? "{}");
  sessionStorage.removeItem("taken");
  if (!counts) return;
  const present = counts.expected - counts.unstated - exceptions;
  const said = [say("present", present), say("absent", counts.absent)];
  if (counts.late) said.push(say("late", counts.late));
  if (counts.unstated) said.push(say("unstated", counts.unstated));
  const text = already && by.id !== facts.user ? say("takenby", by.name, at) : say("taken", title, at, said.join(", "));
  const list = make("ul", { className: "messages" });
  const item = make("li", { className: "success", textContent: `${text} ` });
  item.append(make("a", { href: `/lessons/${lesson}/`, textContent: words.correct }));
  list.append(item);
  status.before(list);
  aloud(text);
}

// --- Without a network -----------------------------------------------------------------------------------------------

/** Fills a page that this device has kept from the day pack. */
async function fill() {
  const pack = await keptPack(facts.user);
  if (!pack) return location.reload();
  document.querySelector("[data-fill=school]")?.replaceChildren(pack.school);
  const list = byId("lessons");
  const blank = /** @type {HTMLTemplateElement} */ (byId("lesson")).content;
  list.append(...pack.lessons.map((lesson) => entry(blank, lesson)));
  const first = list.querySelector(".due");
  first?.classList.add("current");
  if (first) list.prepend(first);
  return undefined;
}

/**
 * @param {DocumentFragment} blank
 * @param {PackLesson} lesson
 */
function entry(blank, lesson) {
  const item = /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (blank.cloneNode(true)).firstElementChild);
  item.dataset.lesson = String(lesson.id);
  item.querySelector("a")?.setAttribute("href", `/lessons/${lesson.id}/`);
  for (const slot of item.querySelectorAll(/** @type {"span"} */ ("[data-fill]")))
    slot.textContent = String(lesson[slot.dataset.fill ?? ""] ?? "");
  item.classList.add(lesson.state);
  item.querySelector("[data-fill=state]")?.replaceChildren(words.states[lesson.state]);
  return item;
}

// --- My device -------------------------------------------------------------------------------------------------------

function tellKept() {
  line.textContent = box.checked ? words.kept : "";
}

/** The session is told first: it lasts as long as the names are kept. */
async function onOwn() {
  box.disabled = true;
  /** @type {HTMLInputElement | null} */
  const token = document.querySelector(".leave [name=csrfmiddlewaretoken]");
  const csrf = token?.value ?? "";
  try {
    if (!box.checked) await forgetDevice();
    await tellOwn(box.checked, csrf);
    if (box.checked) await takeDevice(facts.user);
    tellKept();
  } catch {
    box.checked = false;
    await forgetDevice();
    await tellOwn(false, csrf).catch(() => {}); // no network: the next page asks again
    line.textContent = words.notkept;
  }
  box.disabled = false;
}

/** Offers to keep today's registers, where the browser can. */
async function offerOwn() {
  mine.hidden = facts.shell !== undefined || !("serviceWorker" in navigator && "caches" in self);
  box.checked = Boolean(facts.own);
  box.addEventListener("change", onOwn);
  // What is kept stays where it cannot be had anew: the network may go at any moment.
  if (box.checked) await takeDevice(facts.user).then(tellKept, () => {});
}

async function start() {
  try {
    await openStore();
  } catch {
    return; // a browser that keeps nothing
  }
  // It was theirs in a sign-in that has ended, or is not theirs.
  if (isAnothers(facts.user) || (isMine(facts.user) && facts.own === false)) await forgetDevice();
  if (facts.shell) await fill();
  greet();
  listen((event) => {
    if (event.type === "state") problem = event.problem;
    if (event.type === "finished" && !facts.shell) location.reload();
    tell();
  });
  await tell();
  keepSending(facts.user);
  await offerOwn();
  /** @type {HTMLElement | null} */
  const current = document.querySelector(".current a");
  current?.focus({ preventScroll: true });
}

start();
