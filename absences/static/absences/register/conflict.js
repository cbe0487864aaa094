// A colleague's mark that the teacher had not seen: two buttons, so that nothing is decided by looking away.

import { settle } from "../outbox/marks.js";
import { tellOthers } from "../outbox/tabs.js";
import { make } from "../page/elements.js";
import { say, words } from "../page/words.js";
import { $, clock, facts, state } from "./state.js";

/**
 * @param {import("./row.js").Row} row
 * @param {ServerMark | undefined} theirs nothing where there is no conflict, or none any more
 */
export function showConflict(row, theirs) {
  $(".conflict", row.element)?.remove();
  if (!theirs) return;
  const box = make("div", { className: "conflict" });
  box.append(make("p", { textContent: sayOf(row, theirs) }));
  box.append(button(words.keep, () => keepTheirs(row, theirs)));
  box.append(button(words.use, () => {
    row.forgetUndos();
    row.choose(row.code, { minutes: row.minutes, undo: false, replaces: theirs.report_id });
  }));
  row.element.append(box);
}

/**
 * @param {import("./row.js").Row} row
 * @param {ServerMark} theirs
 */
async function keepTheirs(row, theirs) {
  await settle(row.kept ? [row.kept] : []);
  tellOthers({ type: "sent", lesson: facts.lesson, absences: [theirs] });
  row.news(theirs);
  state.flush();
}

/**
 * @param {import("./row.js").Row} row
 * @param {ServerMark} mark
 */
export const sayOf = (row, mark) => say("theirs", mark.reported_by.name, row.name, row.word(mark.code), clock(mark.reported_at));

/**
 * @param {string} text
 * @param {() => void} act
 */
export const button = (text, act) => make("button", { type: "button", className: "button", textContent: text, onclick: act });
