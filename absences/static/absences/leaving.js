// Signing out, and sending forms of a page that the device has kept. What it needs of attendance.js is passed in, because
// attendance.js imports it: scripts that import each other cannot have names made of their contents.

import { forgetDevice } from "./device.js";

/** @typedef {typeof import("./attendance.js")} Attendance */

const GONE_BY = 60000; // milliseconds: a server that has not answered by then will not

/**
 * Asks first where something waits to be sent; resolves to whether the user stays. Otherwise everything with a name goes from
 * the device, and the form tells the server where nothing of anybody's waits, so that all storage may go.
 *
 * @param {HTMLFormElement} form
 * @param {Pick<Attendance, "answerOf" | "ask" | "make" | "transact" | "waiting">} attendance
 */
export async function stays(form, { answerOf, ask, make, transact, waiting }) {
  form.querySelector("[name=waits]")?.remove(); // of a sign-out that did not come to pass
  const { marks, finishes } = await waiting(Number(form.dataset.user)).catch(() => ({ marks: [], finishes: [] }));
  if ((marks.length || finishes.length) && !confirm(form.dataset.ask)) return true;
  await forgetDevice().catch(() => {});
  await transact("readwrite", ["tickets"], (_, tickets) => tickets.clear()).catch(() => {});
  if (await nothingWaits(transact)) form.append(make("input", { type: "hidden", name: "waits", value: "nothing" }));
  await renew(form, { answerOf, ask });
  return false;
}

/**
 * Whether nothing waits, and no tab can write anything until this page has gone: what is tapped between the count and the
 * server's answer would be cleared with the rest. False in a browser without locks, where nobody can say.
 *
 * @param {Attendance["transact"]} transact
 * @returns {Promise<boolean>}
 */
const nothingWaits = (transact) =>
  new Promise((resolve) => {
    if (!navigator.locks) resolve(false);
    else navigator.locks.request("attendance-keep", async () => {
      const nothing = (await countAll(transact).catch(() => 1)) === 0;
      resolve(nothing);
      if (nothing) await new Promise((end) => setTimeout(end, GONE_BY));
    });
  });

/**
 * @param {Attendance["transact"]} transact
 * @returns {Promise<number>}
 */
const countAll = (transact) =>
  transact("readonly", ["marks", "finishes"], (answer, ...stores) => {
    answer.value = 0;
    for (const store of stores) {
      const counted = store.count();
      counted.onsuccess = () => (answer.value += counted.result);
    }
  });

/**
 * A page that a device has kept is from before the last sign-in, and so is the token of its forms. Resolves to whether
 * somebody is signed in to send the form.
 *
 * @param {HTMLFormElement} form
 * @param {Pick<Attendance, "answerOf" | "ask">} attendance
 */
export async function renew(form, { answerOf, ask }) {
  const { csrf } = await ask("/session").then(answerOf).catch(() => ({}));
  if (csrf) /** @type {HTMLInputElement} */ (form.elements.namedItem("csrfmiddlewaretoken")).value = csrf;
  return Boolean(csrf);
}
