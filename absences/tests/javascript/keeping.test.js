// Once a choice is kept, the device has it, whichever tab it was made in.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Device, fill, open, settled } from "./browser.js";
import { LESSON, USER, choice } from "./choices.js";
import { Server, answer } from "./server.js";

let server;
let tab;

beforeEach(async () => {
  server = new Server();
  tab = await open(new Device(server));
});

test("a device numbers what it reports", async () => {
  const first = await tab.keep(choice(1));
  const second = await tab.keep(choice(2));
  assert.deepEqual([first.sequence, second.sequence], [1, 2]);
  assert.equal(first.device, second.device);
  assert.notEqual(first.report_id, second.report_id);
});

test("a device that is full says so, and is as it was before", async (context) => {
  await tab.keep(choice(1));
  fill(context);
  await assert.rejects(tab.keep(choice(1, { code: "L" })), { name: "QuotaExceededError" });
  context.mock.restoreAll();
  assert.deepEqual((await tab.waiting(USER)).marks.map(({ code }) => code), ["N"]);
  assert.equal((await tab.keep(choice(2))).sequence, 2);
});

test("a store that does not open is asked again", async (context) => {
  context.mock.method(tab.device.indexedDB, "open", () => {
    const request = { error: new Error("not now") };
    queueMicrotask(() => request.onerror());
    return request;
  });
  await assert.rejects(tab.keep(choice(1)), /not now/);
  context.mock.restoreAll();
  await tab.keep(choice(1));
});

test("a choice that was never sent can be taken back", async () => {
  const mark = await tab.keep(choice(1));
  assert.equal(await tab.takeBack(mark), true);
  assert.deepEqual((await tab.waiting(USER)).marks, []);
});

test("a choice cannot be taken back once the server may have it, or one before it", async () => {
  server.instead.set(`POST /api/v1/lessons/${LESSON}/absences`, answer(503));
  const mark = await tab.keep(choice(1));
  await tab.flush(USER);
  assert.equal(await tab.takeBack(mark), false);
  const later = await tab.keep(choice(1, { code: "L" }));
  assert.equal(await tab.takeBack(later), false);
  assert.equal((await tab.waiting(USER)).marks.length, 1);
});

test("a choice that another has replaced cannot be taken back", async () => {
  const mark = await tab.keep(choice(1));
  await tab.keep(choice(1, { code: "L" }));
  assert.equal(await tab.takeBack(mark), false);
});

test("nothing is written while a tab signs out", async () => {
  let signOut;
  tab.device.locks.request("attendance-keep", { mode: "exclusive" }, () => new Promise((resolve) => (signOut = resolve)));
  let done = false;
  const keeping = tab.keep(choice(1)).then(() => (done = true));
  await settled();
  assert.equal(done, false);
  assert.deepEqual((await tab.waiting(USER)).marks, []);
  signOut();
  await keeping;
});

// --- Two tabs --------------------------------------------------------------------------------------------------------

test("two tabs count as one device, and tell each other", async () => {
  const other = await open(tab.device);
  await tab.keep(choice(1));
  const mark = await other.keep(choice(1, { code: "L" }));
  assert.equal(mark.sequence, 2);
  await settled();
  assert.deepEqual(tab.heard.map(({ type, student }) => [type, student]), [["kept", 1]]);
  await other.takeBack(mark);
  await settled();
  assert.deepEqual(tab.heard.at(-1), { type: "back", lesson: LESSON, student: 1, mark: null, report_id: mark.report_id });
});

test("two tabs send each mark once, and both hear of it", async () => {
  const other = await open(tab.device);
  for (const student of [1, 2]) await tab.keep(choice(student));
  await Promise.all([tab.flush(USER), other.flush(USER)]);
  await settled();
  assert.deepEqual(server.sent, [[1, 2]]);
  for (const { heard } of [tab, other]) assert.equal(heard.filter(({ type }) => type === "sent").length, 1);
});

test("a browser without locks keeps and sends, too, and each mark once", async () => {
  navigator.locks = undefined;
  await tab.keep(choice(1));
  assert.deepEqual(await Promise.all([tab.flush(USER), tab.flush(USER)]), ["", ""]);
  assert.deepEqual(server.sent, [[1]]);
});
