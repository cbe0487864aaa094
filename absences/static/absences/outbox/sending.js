// Sends what waits: each lesson's marks, and behind them that its register is finished.

import { sendFinish } from "./finishes.js";
import { isUndecided, waiting } from "./marks.js";
import { sendMarks } from "./reports.js";
import { Stop } from "./server.js";
import { locked } from "./store.js";
import { tell } from "./tabs.js";

const AT_ONCE = 25; // a request has at most 64 kB, and a note 500 characters

let again = false; // whether something may have come since the last look at what waits

/** @type {Promise<Problem> | null} */
let running = null;

/**
 * Sends what waits, in one tab at a time. Resolves to what is in the way.
 *
 * @param {number} user
 */
export async function flush(user) {
  again = true;
  running ??= locked("attendance-send", "exclusive", async () => {
    /** @type {Problem} */
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

/**
 * Tries once to send everything that waits. Without a network it ends at the first try; other trouble may concern one lesson.
 *
 * @param {number} user
 */
async function pass(user) {
  const { marks, finishes } = await waiting(user);
  const due = marks.filter((mark) => !isUndecided(mark));
  /** @type {Problem} */
  let problem = "";
  /** @param {() => Promise<unknown>} work */
  const attempt = async (work) => {
    if (problem === "offline") return;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      problem = /** @type {Problem} */ (error.message);
    }
  };
  for (const lesson of new Set(due.map((mark) => mark.lesson))) {
    const own = due.filter((mark) => mark.lesson === lesson);
    for (let start = 0; start < own.length; start += AT_ONCE)
      await attempt(async () => {
        if (await sendMarks(user, lesson, own.slice(start, start + AT_ONCE))) again = true;
      });
  }
  const left = (await waiting(user)).marks;
  for (const finish of finishes.filter((each) => each.refused === undefined)) {
    const own = left.filter((mark) => mark.lesson === finish.lesson);
    const refused = new Set(own.filter((mark) => mark.refused !== undefined).map((mark) => mark.student));
    if (own.length === refused.size) await attempt(() => sendFinish(finish, refused)); // all marks are sent
  }
  return problem;
}
