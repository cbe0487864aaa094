// The marks that wait on this device. The last choice for a pupil replaces the one before.

import { transact, whenDone } from "./store.js";
import { tellOthers } from "./tabs.js";

/** @param {Choice} choice */
const keyOf = ({ user, lesson, student }) => [user, lesson, student];

/**
 * What a user still has on this device: not sent yet, or refused by the server.
 *
 * @param {number} user
 * @returns {Promise<Waiting>}
 */
export const waiting = (user) =>
  transact("readonly", ["marks", "finishes"], (answer, marks, finishes) => {
    answer.value = /** @type {Waiting} */ ({});
    /** @type {(name: "marks" | "finishes") => (rows: any[]) => void} */
    const own = (name) => (rows) => (answer.value[name] = rows.filter((row) => row.user === user));
    whenDone(marks.getAll(), own("marks"));
    whenDone(finishes.getAll(), own("finishes"));
  });

/**
 * Whether somebody has to look at a mark: it is never sent again by itself.
 *
 * @param {Mark} mark
 */
export const isUndecided = (mark) => Boolean(mark.theirs) || mark.refused !== undefined;

/**
 * Keeps a choice: this device has it once this resolves.
 *
 * @param {Choice} choice
 */
export async function keep(choice) {
  /** @type {Mark} */
  const mark = await transact("readwrite", ["marks", "settings"], (answer, marks, settings) =>
    whenDone(settings.get("device"), (known) => {
      const device = known ?? { name: "device", id: crypto.randomUUID(), sequence: 0 };
      device.sequence += 1;
      settings.put(device);
      whenDone(marks.get(keyOf(choice)), (before) => {
        answer.value = { ...choice, report_id: crypto.randomUUID(), device: device.id, sequence: device.sequence, tried: before?.tried };
        marks.put(answer.value);
      });
    }),
  );
  tellOthers({ type: "kept", lesson: mark.lesson, student: mark.student, mark });
  return mark;
}

/**
 * Forgets a choice if neither it nor one before it was sent yet; resolves to whether it was forgotten.
 *
 * @param {Mark} mark
 */
export async function takeBack({ report_id, ...mark }) {
  /** @type {boolean} */
  const taken = await transact("readwrite", ["marks"], (answer, marks) =>
    whenDone(marks.get(keyOf(mark)), (row) => {
      answer.value = row?.report_id === report_id && !row.tried;
      if (answer.value) marks.delete(keyOf(mark));
    }),
  );
  if (taken) tellOthers({ type: "back", lesson: mark.lesson, student: mark.student, mark: null, report_id });
  return taken;
}

/**
 * Notes what has become of marks that were sent: they are gone, or have what was `found`. One that was chosen anew or
 * taken back meanwhile is left as it is. Resolves to the others.
 *
 * @param {Mark[]} sent
 * @param {Partial<Mark>} [found]
 * @returns {Promise<Mark[]>}
 */
export const settle = (sent, found) =>
  transact("readwrite", ["marks"], (answer, marks) => {
    answer.value = [];
    for (const mark of sent)
      whenDone(marks.get(keyOf(mark)), (row) => {
        if (row?.report_id !== mark.report_id) return;
        answer.value.push(mark);
        if (found) marks.put({ ...row, ...found });
        else marks.delete(keyOf(mark));
      });
  });
