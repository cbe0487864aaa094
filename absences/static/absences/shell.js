// The register's page without a network: filled from the day pack.

import * as device from "./device.js";
import { renew } from "./leaving.js";
import * as outbox from "./outbox.js";
import { aloud, make, offer, say, words } from "./outbox.js";

// The facts of the lesson that the address names; where the pack does not have it any more, the network has it.
export async function fill(user) {
  const pack = await device.kept(user);
  const lesson = pack?.lessons.find((each) => `/lessons/${each.id}/` === location.pathname);
  if (!lesson) {
    location.replace(`${location.pathname}?fresh`);
    return {};
  }
  for (const slot of document.querySelectorAll("[data-fill]")) slot.textContent = lesson[slot.dataset.fill] ?? "";
  document.title = `${lesson.group} ${lesson.time}`;
  document.querySelector(".total").textContent = lesson.roster.length;
  const blank = document.getElementById("pupil").content;
  const marks = new Map(lesson.marks.map((mark) => [mark.student_id, mark]));
  const made = lesson.roster.map((student) => pupil(blank, student, marks.get(student.id)));
  document.querySelector(".pupils").append(...made);
  const { id, ticket, starts, closes, zone } = lesson;
  tellOf(id);
  return { lesson: id, ticket, starts, closes, zone, skew: pack.skew };
}

// The office can be told of somebody else with a network only; nothing of a name stays here.
function tellOf(lesson) {
  const form = document.querySelector(".someone form");
  form.action = `/lessons/${lesson}/someone-else`;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const told = (await renew(form, outbox)) && (await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null))?.ok;
    if (told) form.reset();
    const line = form.querySelector("p") ?? form.appendChild(make("p"));
    line.className = told ? "" : "error";
    aloud((line.textContent = told ? words.told : words.untold));
  });
}

// Whether the pages that this device keeps are older than the server's; nobody waits for it. Where the pack is not theirs
// any more, the page leaves once all that was tapped is on the disk.
export async function isOld({ user, shell }) {
  try {
    const pack = await device.refresh(user);
    if (pack) return pack.shell.version !== shell;
    await outbox.waiting(user);
    location.replace(`${location.pathname}?fresh`);
  } catch {
    // no network
  }
  return false;
}

function pupil(blank, student, mark) {
  const element = blank.cloneNode(true).firstElementChild;
  const inputs = [...element.querySelectorAll("input")];
  for (const input of inputs) input.name = input.name.replace("-0", `-${student.id}`);
  element.id = `pupil-${student.id}`;
  const legend = element.querySelector("legend");
  legend.textContent = student.name;
  if (student.legal) legend.append(" ", make("span", { className: "quiet legal", textContent: student.legal }));
  const set = (name, value) => (inputs.find((input) => input.name === `${name}-${student.id}`).value = value ?? "");
  set("was", mark?.code);
  set("wasminutes", mark?.minutes_late);
  set("wasnote", mark?.note);
  set("seen", mark?.report_id);
  set("minutes", mark?.minutes_late);
  if (student.plan) plan(element, student);
  if (mark?.word && mark.code !== student.plan?.code) offer(element, student.id, mark.code, mark.word);
  return element;
}

function plan(element, { id, plan: { code, word } }) {
  const text = say("planned", word);
  element.querySelector("legend").after(make("p", { className: "plan quiet", textContent: text }));
  element.classList.add("planned");
  element.append(make("input", { type: "hidden", name: `plan-${id}`, value: code }));
  offer(element, id, code, word);
}
