// Today: what waits on this device to be sent, what has just been taken, and whether the device is somebody's own.

import * as device from "./device.js";
import * as outbox from "./outbox.js";
import { aloud, make, say, words } from "./outbox.js";

const facts = JSON.parse(document.getElementById("taking").textContent);
const status = document.getElementById("waiting");
const mine = document.getElementById("mine");
const box = mine.querySelector("input");
let problem = "";

// --- What waits ------------------------------------------------------------------------------------------------------

async function tell() {
  const { marks, finishes } = await outbox.waiting(facts.user);
  const undecided = marks.filter(outbox.isUndecided);
  const elsewhere = undecided.find(({ lesson }) => !document.querySelector(`[data-lesson="${lesson}"]`));
  const count = marks.length - undecided.length + finishes.length;
  const text = count ? say(problem || "saving", count) : elsewhere ? words.attention : "";
  if (text !== status.textContent && problem) aloud(text);
  status.textContent = text;
  if (elsewhere) status.append(" ", make("a", { href: `/lessons/${elsewhere.lesson}/`, textContent: words.look }));
  status.hidden = !status.textContent;
  status.dataset.tone = problem === "signin" ? "bad" : "away";
  for (const lesson of document.querySelectorAll("[data-lesson]")) {
    const id = Number(lesson.dataset.lesson);
    const own = marks.filter((mark) => mark.lesson === id);
    lesson.querySelector(".waits")?.remove();
    const line = own.some(outbox.isUndecided)
      ? words.attention
      : finishes.some((each) => each.lesson === id)
        ? words.unfinished
        : own.length && say("unsent", own.length);
    if (line) lesson.querySelector("a").append(make("span", { className: "badge due waits", textContent: line }));
  }
}

// The register that has just been taken on its page.
function greet() {
  const { lesson, title, at, counts, exceptions, by, already } = JSON.parse(sessionStorage.getItem("taken") ?? "{}");
  sessionStorage.removeItem("taken");
  if (!counts) return;
  const present = counts.expected - counts.unstated - exceptions;
  const parts = Object.entries({ present, absent: counts.absent, late: counts.late, unstated: counts.unstated });
  const said = parts.filter(([name, count]) => count || name === "present" || name === "absent").map(([name, count]) => say(name, count));
  const text = already && by.id !== facts.user ? say("takenby", by.name, at) : say("taken", title, at, said.join(", "));
  const list = make("ul", { className: "messages" });
  const line = make("li", { className: "success", textContent: `${text} ` });
  line.append(make("a", { href: `/lessons/${lesson}/`, textContent: words.correct }));
  list.append(line);
  status.before(list);
  aloud(text);
}

// --- Without a network -----------------------------------------------------------------------------------------------

async function fill() {
  const pack = await device.kept(facts.user);
  if (!pack) return location.reload();
  document.querySelector("[data-fill=school]").textContent = pack.school;
  const list = document.getElementById("lessons");
  const blank = document.getElementById("lesson").content;
  for (const lesson of pack.lessons) {
    const item = blank.cloneNode(true).firstElementChild;
    item.dataset.lesson = lesson.id;
    item.querySelector("a").href = `/lessons/${lesson.id}/`;
    for (const slot of item.querySelectorAll("[data-fill]")) slot.textContent = lesson[slot.dataset.fill] ?? "";
    item.classList.add(lesson.state);
    item.querySelector("[data-fill=state]").textContent = words.states[lesson.state];
    list.append(item);
  }
  const first = list.querySelector(".due");
  first?.classList.add("current");
  if (first) list.prepend(first);
  return undefined;
}

// --- My device -------------------------------------------------------------------------------------------------------

function tellKept() {
  mine.querySelector(".quiet").textContent = box.checked ? words.kept : "";
}

// The session is told first: it lasts as long as the names are kept.
async function own() {
  box.disabled = true;
  const csrf = document.querySelector(".leave").elements.csrfmiddlewaretoken.value;
  const line = mine.querySelector(".quiet");
  try {
    if (!box.checked) await device.forget();
    await device.say(box.checked, csrf);
    if (box.checked) await device.take(facts.user);
    tellKept();
  } catch {
    box.checked = false;
    await device.forget();
    await device.say(false, csrf).catch(() => {}); // no network: the next page asks again
    line.textContent = words.notkept;
  }
  box.disabled = false;
}

async function start() {
  try {
    await outbox.open();
  } catch {
    return; // a browser that keeps nothing
  }
  // It was theirs in a sign-in that has ended, or is not theirs.
  if (device.isAnothers(facts.user) || (device.isMine(facts.user) && facts.own === false)) await device.forget();
  if (facts.shell) await fill();
  greet();
  outbox.listen((event) => {
    if (event.type === "state") problem = event.problem;
    if (event.type === "finished" && !facts.shell) location.reload();
    tell();
  });
  await tell();
  outbox.keepTrying(facts.user);
  mine.hidden = facts.shell !== undefined || !("serviceWorker" in navigator && "caches" in self);
  box.checked = Boolean(facts.own);
  box.addEventListener("change", own);
  // What is kept stays where it cannot be had anew: the network may go at any moment.
  if (box.checked) await device.take(facts.user).then(tellKept, () => {});
  document.querySelector(".current a")?.focus({ preventScroll: true });
}

start();
