// The line in the bar: whether everything is saved, or what is in the way.

import { isUndecided, waiting } from "../outbox/marks.js";
import { aloud, make } from "../page/elements.js";
import { say, words } from "../page/words.js";
import { $, allRows, facts, rows, state } from "./state.js";

/**
 * Shows a text, with a link to the row that it is about.
 *
 * @param {string} text
 * @param {string} [tone]
 * @param {import("./row.js").Row} [row]
 */
export function show(text, tone, row) {
  const status = $(".status");
  status.hidden = false;
  $(".undo").hidden = !state.undos.length;
  const whole = row ? `${text} ${row.name}` : text;
  if (tone) {
    if (row || status.dataset.tone !== tone) aloud(whole); // not every tap: those have no tone
    status.dataset.tone = tone;
  }
  const href = row && `#${row.element.id}`;
  if (status.textContent === whole && /** @type {HTMLAnchorElement} */ ($("a", status))?.hash === href) return;
  status.textContent = row ? `${text} ` : text;
  if (row) status.append(make("a", { href, textContent: row.name }));
}

export async function tellState() {
  if (state.asForm) return show(words.asform, "bad");
  const { marks, finishes } = await waiting(facts.user);
  const count = marks.filter((mark) => !isUndecided(mark)).length + finishes.length;
  const own = marks.filter((mark) => mark.lesson === facts.lesson && rows.has(mark.student));
  const asked = own.find((mark) => mark.theirs);
  const refused = own.find((mark) => mark.refused !== undefined);
  if (asked) show(words.asked, "bad", rows.get(asked.student));
  else if (refused) show(words.refused, "bad", rows.get(refused.student));
  else tellCount(count);
  $(".suggested").hidden = !allRows().some((row) => row.plan && !row.code);
}

/** @param {number} count of what waits to be sent */
function tellCount(count) {
  const { problem, touched } = state;
  if (!count && !allRows().some((row) => row.busy)) show(touched ? say("saved", touched) : words.ready, "good");
  else if (count && problem) show(say(problem, count), problem === "signin" ? "bad" : "away");
  else show(words.saving);
}
