// A register taken with the keyboard alone.

import { make } from "../page/elements.js";
import { words } from "../page/words.js";
import { finish } from "./finishing.js";
import { isLate } from "./lateness.js";
import { $, allRows, form } from "./state.js";
import { undo } from "./undo.js";

/** @typedef {import("./row.js").Row} Row */

/** @type {Record<string, string>} */
const CODES = { p: "/", a: "N", l: "L" };

let digits = ""; // minutes, as they are typed

export const forgetDigits = () => (digits = "");

/** @param {KeyboardEvent} event */
export function onKey(event) {
  const target = /** @type {HTMLInputElement} */ (event.target);
  const modified = event.ctrlKey || event.metaKey;
  if (target.form && target.form !== form) return;
  if (modified && event.key === "Enter") finish();
  else {
    if (modified || event.altKey || target.matches("input:not([type=radio])")) return;
    const row = allRows().find((each) => each.element.contains(target));
    if (!row || !act(row, event.key.toLowerCase(), event.repeat)) return;
  }
  event.preventDefault();
}

/**
 * Does what a key means in a row; returns whether it means anything.
 *
 * @param {Row} row
 * @param {string} key
 * @param {boolean} held down: it would mark the next pupil too
 */
function act(row, key, held) {
  if (key in CODES && !held) {
    row.choose(CODES[key]);
    digits = "";
    if (key === "l") row.element.focus();
    else move(row, 1);
  } else if (/^\d$/.test(key) && isLate(row.code)) {
    digits = (digits + key).slice(-3);
    row.choose(row.code, { minutes: Number(digits) });
  } else if (key === "arrowdown") move(row, 1);
  else if (key === "arrowup") move(row, -1);
  else if (key === "n") row.askNote();
  else if (key === "u") undo();
  else if (key === "/") import("../find.js").then(({ find }) => find({ make, words }, form, allRows(), row));
  else if (key === "?") {
    /** @type {HTMLDetailsElement} */ ($(".keys")).open = true;
    $(".keys summary").focus();
  } else return false;
  return true;
}

/**
 * @param {Row} from
 * @param {number} step
 */
function move(from, step) {
  const all = allRows();
  const next = all[all.indexOf(from) + step];
  if (next) next.element.focus();
  else if (step > 0) $(".finish").focus();
}
