// Sends the marks of one lesson, and notes what the server answers.

import { onDevice } from "./day-pack.js";
import { settle } from "./marks.js";
import { Stop, answerOf, ask, newTicket } from "./server.js";
import { get } from "./store.js";
import { tell } from "./tabs.js";

/** @type {(keyof Mark)[]} */
const FIELDS = ["code", "minutes_late", "note", "report_id", "device", "sequence", "replaces", "reported_at"];

/** @param {Mark} mark */
const asReport = (mark) => ({ student_id: mark.student, ...Object.fromEntries(FIELDS.map((name) => [name, mark[name]])) });

/**
 * Resolves to whether some of the marks have to be sent again. Throws Stop where they cannot be sent now.
 *
 * @param {number} user
 * @param {number} lesson
 * @param {Mark[]} due
 */
export async function sendMarks(user, lesson, due) {
  const marks = await settle(due, { tried: true });
  if (!marks.length) return false;
  let { ticket } = (await get("tickets", [user, lesson])) ?? {};
  let attempts = 2;
  let response;
  do {
    if (!ticket) {
      const fresh = await newTicket(user, lesson);
      if (!fresh.ticket) return refuse(lesson, marks, fresh);
      ticket = fresh.ticket;
    }
    response = await ask(`/api/v1/lessons/${lesson}/absences`, { Authorization: `Bearer ${ticket}` }, { absences: marks.map(asReport) });
    ticket = null; // it is not taken any more, where this was not the last attempt
    attempts -= 1;
  } while (response.status === 401 && attempts);
  if (response.status === 401) throw new Stop("signin");
  const answer = await answerOf(response);
  return response.status === 202 ? acknowledge(user, lesson, marks, answer.absences) : refuse(lesson, marks, answer);
}

/**
 * A mark that a colleague contradicts stays until somebody decides; all others are the server's now.
 *
 * @param {number} user
 * @param {number} lesson
 * @param {Mark[]} marks
 * @param {ServerMark[]} absences in the order of the marks
 */
async function acknowledge(user, lesson, marks, absences) {
  await onDevice(user, (device) => device.noteSent(user, lesson, absences));
  const clashes = new Set(marks.filter((_, index) => absences[index].state === "conflict"));
  await settle(marks.filter((mark) => !clashes.has(mark)));
  for (const mark of clashes) await settle([mark], { theirs: absences[marks.indexOf(mark)] });
  tell({ type: "sent", lesson, absences });
  return false;
}

/**
 * @param {number} lesson
 * @param {Mark[]} marks
 * @param {string | undefined} reason
 */
async function setAside(lesson, marks, reason) {
  await settle(marks, { refused: reason || "–" });
  tell({ type: "refused", lesson });
}

/**
 * Sets marks aside that the server will never take. The script that finds the wrong ones is fetched only now, when a server
 * has just answered; if it does not arrive, all of them are set aside.
 *
 * @param {number} lesson
 * @param {Mark[]} marks
 * @param {ProblemDetail} problem
 */
async function refuse(lesson, marks, problem) {
  const refusing = await import("../refusing.js").catch(() => null);
  if (refusing) return refusing.refuse(setAside, lesson, marks, problem);
  await setAside(lesson, marks, problem.detail);
  return false;
}
