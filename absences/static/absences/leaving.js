// Signing out, and sending forms of a page that has been kept. The outbox is given: the two cannot be named by the
// contents of one another.

import * as device from "./device.js";

// Asks first where something waits; otherwise, or then, takes along what the device keeps, and says to the server where
// nothing waits of anybody's, so that all storage may go. Whether they stay.
export async function stays(form, outbox) {
  form.elements.waits?.remove(); // of a sign-out that did not come to pass
  const { marks, finishes } = await outbox.waiting(Number(form.dataset.user)).catch(() => ({ marks: [], finishes: [] }));
  if ((marks.length || finishes.length) && !confirm(form.dataset.ask)) return true;
  await device.forget().catch(() => {});
  await outbox.transact("readwrite", ["tickets"], (_, tickets) => tickets.clear()).catch(() => {});
  if (await nothingWaits(outbox)) form.append(outbox.make("input", { type: "hidden", name: "waits", value: "nothing" }));
  await renew(form, outbox);
  return false;
}

const GONE_BY = 60000; // milliseconds: a server that has not answered by then does not

// Whether nothing waits, and no tab can write anything until this page has gone, or does not go after all: what was tapped
// between the count and the answer would be cleared with the rest. Without locks that cannot be said.
const nothingWaits = (outbox) =>
  new Promise((resolve) => {
    if (!navigator.locks) resolve(false);
    else navigator.locks.request("attendance-keep", async () => {
      const nothing = (await countAll(outbox).catch(() => 1)) === 0;
      resolve(nothing);
      if (nothing) await new Promise((end) => setTimeout(end, GONE_BY));
    });
  });

const countAll = (outbox) =>
  outbox.transact("readonly", ["marks", "finishes"], (answer, ...stores) => {
    answer.value = 0;
    for (const store of stores) store.count().onsuccess = ({ target }) => (answer.value += target.result);
  });

// A page that a device has kept is from before the last sign-in, and so is what its forms are known by. Whether there is
// somebody signed in to send it.
export async function renew(form, outbox) {
  const { csrf } = await outbox.ask("/session").then(outbox.answerOf).catch(() => ({}));
  if (csrf) form.elements.csrfmiddlewaretoken.value = csrf;
  return Boolean(csrf);
}
