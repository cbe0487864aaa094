// The register's page without a network: filled from the day pack. What it needs of attendance.js is passed in, because
// attendance.js imports it: scripts that import each other cannot have names made of their contents.

import { keptPack, refreshPack } from "./device.js";
import { renew } from "./leaving.js";

/** @typedef {typeof import("./attendance.js")} Attendance */

/** @typedef {Pick<Attendance, "aloud" | "answerOf" | "ask" | "make" | "offer" | "say" | "words">} Tools */

/**
 * Fills the page; resolves to the facts of the lesson that the address names. Where the pack does not have the lesson any
 * more, the network has it.
 *
 * @param {Tools} attendance
 * @param {number} user
 * @returns {Promise<Partial<Facts>>}
 */
export async function fill(attendance, user) {
  const pack = await keptPack(user);
  const lesson = pack?.lessons.find((each) => `/lessons/${each.id}/` === location.pathname);
  if (!pack || !lesson) {
    location.replace(`${location.pathname}?fresh`);
    return {};
  }
  for (const slot of document.querySelectorAll(/** @type {"span"} */ ("[data-fill]")))
    slot.textContent = String(lesson[slot.dataset.fill ?? ""] ?? "");
  document.title = `${lesson.group} ${lesson.time}`;
  const blank = /** @type {HTMLTemplateElement} */ (document.getElementById("pupil")).content;
  const marks = new Map(lesson.marks.map((mark) => [mark.student_id, mark]));
  const made = lesson.roster.map((student) => pupil(attendance, blank, student, marks.get(student.id)));
  document.querySelector(".pupils")?.append(...made);
  document.querySelector(".total")?.replaceChildren(String(made.length));
  const { id, ticket, starts, closes, zone } = lesson;
  tellOf(attendance, id);
  return { lesson: id, ticket, starts, closes, zone, skew: pack.skew };
}

/**
 * The office can be told of a pupil who is not on the register only with a network; nothing of a name stays here.
 *
 * @param {Tools} attendance
 * @param {number} lesson
 */
function tellOf({ aloud, answerOf, ask, make, words }, lesson) {
  const form = /** @type {HTMLFormElement} */ (document.querySelector(".someone form"));
  form.action = `/lessons/${lesson}/someone-else`;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const told = (await renew(form, { answerOf, ask })) && (await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null))?.ok;
    if (told) form.reset();
    const line = form.querySelector("p") ?? form.appendChild(make("p"));
    line.className = told ? "" : "error";
    aloud((line.textContent = told ? words.told : words.untold));
  });
}

/**
 * Resolves to whether the pages that this device keeps are older than the server's; nobody waits for it. Where the pack is
 * not theirs any more, the page leaves once all that was tapped is on the disk.
 *
 * @param {Attendance["waiting"]} waiting
 * @param {Facts} facts
 */
export async function isOld(waiting, { user, shell }) {
  try {
    const pack = await refreshPack(user);
    if (pack) return pack.shell.version !== shell;
    await waiting(user);
    location.replace(`${location.pathname}?fresh`);
  } catch {
    // no network
  }
  return false;
}

/**
 * The row of a pupil, made of the blank one.
 *
 * @param {Tools} attendance
 * @param {DocumentFragment} blank
 * @param {PackStudent} student
 * @param {PackLesson["marks"][number] | undefined} mark
 */
function pupil(attendance, blank, { id, name, legal, plan }, mark) {
  const element = /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (blank.cloneNode(true)).firstElementChild);
  element.id = `pupil-${id}`;
  const legend = /** @type {HTMLLegendElement} */ (element.querySelector("legend"));
  legend.textContent = name;
  if (legal) legend.append(" ", attendance.make("span", { className: "quiet legal", textContent: legal }));
  fillIn([...element.querySelectorAll("input")], id, mark);
  if (plan) planned(attendance, element, id, plan);
  if (mark?.word && mark.code !== plan?.code) attendance.offer(element, id, mark.code, mark.word);
  return element;
}

/**
 * @param {HTMLInputElement[]} inputs of a blank row, whose names end with 0 instead of the student's id
 * @param {number} id
 * @param {ServerMark | undefined} mark
 */
function fillIn(inputs, id, mark) {
  /** @type {Record<string, string | number | null | undefined>} */
  const values = {
    was: mark?.code,
    wasminutes: mark?.minutes_late,
    wasnote: mark?.note,
    seen: mark?.report_id,
    minutes: mark?.minutes_late,
  };
  for (const input of inputs) {
    const name = input.name.replace("-0", "");
    input.name = `${name}-${id}`;
    if (name in values) input.value = String(values[name] ?? "");
  }
}

/**
 * Shows a planned absence, with a choice that confirms it.
 *
 * @param {Tools} attendance
 * @param {HTMLElement} element
 * @param {number} id
 * @param {{ code: string, word: string }} plan
 */
function planned({ make, offer, say }, element, id, { code, word }) {
  element.querySelector("legend")?.after(make("p", { className: "plan quiet", textContent: say("planned", word) }));
  element.classList.add("planned");
  element.append(make("input", { type: "hidden", name: `plan-${id}`, value: code }));
  offer(element, id, code, word);
}
