// News for the page: from the outbox, other tabs of this device, and colleagues.

import { onDevice } from "../outbox/day-pack.js";
import { isUndecided, settle, waiting } from "../outbox/marks.js";
import { ask } from "../outbox/server.js";
import { get } from "../outbox/store.js";
import { aloud, make } from "../page/elements.js";
import { words } from "../page/words.js";
import { sayOf } from "./conflict.js";
import { finished, taken } from "./finishing.js";
import { clock, facts, form, now, rows, state } from "./state.js";
import { tellState } from "./status.js";

/** Asks what colleagues have marked meanwhile; the ticket is enough. */
export async function refresh() {
  if (document.visibilityState !== "visible" || state.finishing) return;
  const { ticket } = (await get("tickets", [facts.user, facts.lesson])) ?? {};
  if (!ticket) return;
  const begun = state.turn;
  try {
    const response = await fetch(`/api/v1/lessons/${facts.lesson}/absences`, { headers: { Authorization: `Bearer ${ticket}` } });
    // Keys rotate, too: the page leaves only where nobody is signed in any more, and what was tapped stays.
    if (response.status === 401 && (await ask("/session")).status === 401) location.reload();
    if (!response.ok) return;
    const { state: register, absences } = await response.json();
    if (register !== "open") closed();
    if (state.turn !== begun) return; // the answer is older than what has been chosen since
    onDevice(facts.user, (device) => device.noteSent(facts.user, facts.lesson, absences));
    for (const mark of absences) takeIn(mark);
  } catch {
    // no network: the outbox says so where it matters
  }
}

/** @param {ServerMark} mark */
function takeIn(mark) {
  const row = rows.get(mark.student_id);
  if (!row || row.kept || row.current.report_id === mark.report_id) return;
  row.news(mark);
  if (mark.reported_by.id === facts.user) return;
  row.notice(sayOf(row, mark));
  aloud(sayOf(row, mark));
}

/**
 * Shows a reason above the register to load the page again.
 *
 * @param {string} text
 */
export function suggest(text) {
  const line = make("p", { className: "notice", textContent: `${text} ` });
  line.append(make("a", { href: `/lessons/${facts.lesson}/?fresh`, textContent: words.reload }));
  form.before(line);
}

let isClosed = false;
function closed() {
  if (!isClosed) suggest(words.closed);
  isClosed = true;
}

/**
 * Shows what waits on this device.
 *
 * @param {Waiting} kept
 */
export function restore({ marks, finishes }) {
  for (const mark of marks) {
    if (mark.lesson !== facts.lesson) continue;
    const row = rows.get(mark.student);
    if (row) row.show(mark);
    else if (isUndecided(mark)) import("../refusing.js").then(({ askAbout }) => askAbout({ make, settle, words }, form, mark)).catch(() => {});
  }
  state.finishing = finishes.find((each) => each.lesson === facts.lesson);
  if (state.finishing) finished(state.finishing);
}

/** @param {OutboxEvent} event */
export function hear(event) {
  if ("lesson" in event && event.lesson !== facts.lesson) return;
  if (event.type === "kept" || event.type === "back") inAnotherTab(event);
  if (event.type === "sent") sent(event.absences);
  if (event.type === "finished") taken(event.register);
  if (event.type === "refused") waiting(facts.user).then(restore);
  if (event.type === "state") state.problem = event.problem;
  tellState();
}

/** @param {Extract<OutboxEvent, { type: "kept" | "back" }>} event */
function inAnotherTab(event) {
  const row = rows.get(event.student);
  if (!row || (event.type === "back" && row.kept?.report_id !== event.report_id)) return;
  row.forgetUndos();
  row.show(event.mark);
}

/** @param {ServerMark[]} absences */
async function sent(absences) {
  state.touched = clock(now());
  const before = new Map([...rows].map(([student, row]) => [student, row.kept]));
  const { marks } = await waiting(facts.user);
  for (const mark of absences) {
    const row = rows.get(mark.student_id);
    if (!row || row.busy || row.kept !== before.get(mark.student_id)) continue; // tapped again meanwhile
    const left = marks.find((each) => each.lesson === facts.lesson && each.student === row.student);
    if (left) row.show(left);
    else if (mark.reported_by.id === facts.user) row.stand(mark);
    else row.news(mark);
    if (state.finishing) row.element.disabled = !row.kept?.theirs;
  }
  tellState();
}
