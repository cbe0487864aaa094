// Marks are sent in order and once, and leave the device only when the server has them.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Device, fill, open, settled } from "./browser.js";
import { LESSON, USER, choice, finish } from "./choices.js";
import { CUT_OFF, NoNetwork, Server, answer } from "./server.js";

const REPORT = `POST /api/v1/lessons/${LESSON}/absences`;
const COMPLETE = `POST /api/v1/lessons/${LESSON}/complete`;

let server;
let tab;

beforeEach(async () => {
  server = new Server();
  tab = await open(new Device(server));
});

const kept = async () => (await tab.waiting(USER)).marks;

test("the last choice for a pupil is the one that is sent", async () => {
  await tab.keep(choice(1));
  await tab.keep(choice(1, { code: "L", minutes_late: 5 }));
  assert.equal(await tab.flush(USER), "");
  const [{ absences }] = server.bodies;
  assert.deepEqual(absences.map(({ code, minutes_late, sequence }) => [code, minutes_late, sequence]), [["L", 5, 2]]);
  assert.deepEqual(await kept(), []);
});

test("a request has twenty-five marks at most, and the finish follows them", async () => {
  const students = Array.from({ length: 26 }, (_, index) => index + 1);
  for (const student of students) await tab.keep(choice(student));
  await tab.put("finishes", finish(students));
  await tab.flush(USER);
  assert.deepEqual(server.sent, [students.slice(0, 25), [26]]);
  assert.deepEqual(server.asked.filter((each) => each.startsWith("POST")), [REPORT, REPORT, COMPLETE]);
  assert.deepEqual(await tab.waiting(USER), { marks: [], finishes: [] });
});

test("a choice made while the one before is on its way is sent after it", async () => {
  await tab.keep(choice(1));
  server.instead.set(REPORT, async () => {
    server.instead.delete(REPORT);
    await tab.keep(choice(1, { code: "/" }));
    tab.flush(USER);
  });
  await tab.flush(USER);
  assert.deepEqual(server.bodies.map(({ absences }) => absences[0].code), ["N", "/"]);
  assert.deepEqual(await kept(), []);
});

test("a choice that is taken back before its turn is not sent", async () => {
  await tab.keep(choice(1));
  const mark = await tab.keep(choice(2, { lesson: 41 }));
  server.instead.set(REPORT, () => tab.takeBack(mark).then(() => null));
  await tab.flush(USER);
  assert.deepEqual(server.sent, [[1]]);
});

test("a full device is not reported as a missing network", async (context) => {
  await tab.keep(choice(1));
  fill(context);
  await assert.rejects(tab.flush(USER), { name: "QuotaExceededError" });
  assert.deepEqual(server.asked, []);
});

test("without a network everything stays, and only one question is asked", async () => {
  tab.device.server = new NoNetwork();
  await tab.keep(choice(1));
  await tab.keep(choice(1, { lesson: 41 }));
  await tab.put("finishes", finish([1], { lesson: 42 }));
  assert.equal(await tab.flush(USER), "offline");
  assert.equal(tab.device.server.asked.length, 1);
  assert.equal((await kept()).length, 2);
  tab.device.server = server;
  assert.equal(await tab.flush(USER), "");
  assert.deepEqual(await tab.waiting(USER), { marks: [], finishes: [] });
});

for (const [name, trouble] of Object.entries({ "trouble of the server": answer(503), "an answer that is cut off": CUT_OFF, "too many requests": answer(429) }))
  test(`${name} holds one lesson back, and not the others`, async () => {
    server.instead.set(REPORT, trouble);
    await tab.keep(choice(1));
    await tab.keep(choice(2, { lesson: 41 }));
    assert.equal(await tab.flush(USER), "trying");
    assert.deepEqual((await kept()).map((mark) => mark.student), [1]);
  });

test("a finish is held back until its marks are sent", async () => {
  server.instead.set(REPORT, answer(503));
  await tab.keep(choice(1));
  await tab.put("finishes", finish([1]));
  await tab.flush(USER);
  assert.ok(!server.asked.includes(COMPLETE));
  server.instead.delete(REPORT);
  await tab.flush(USER);
  assert.equal(server.asked.at(-1), COMPLETE);
  assert.equal(tab.heard.filter(({ type }) => type === "finished").length, 1);
});

test("a finish that the server refuses is not sent again, and says why", async () => {
  await tab.put("finishes", finish([1]));
  server.instead.set(COMPLETE, answer(409, { detail: "This lesson was cancelled." }));
  await tab.flush(USER);
  await tab.flush(USER);
  assert.equal(server.asked.filter((each) => each === COMPLETE).length, 1);
  const { finishes } = await tab.waiting(USER);
  assert.deepEqual(finishes.map(({ refused }) => refused), ["This lesson was cancelled."]);
});

test("a conflict waits for somebody to decide, and the finish waits for it", async () => {
  server.conflicts.add(2);
  for (const student of [1, 2]) await tab.keep(choice(student));
  await tab.put("finishes", finish([1, 2]));
  await tab.flush(USER);
  await tab.flush(USER);
  assert.deepEqual(server.sent, [[1, 2]]);
  const [mark] = await kept();
  assert.deepEqual([mark.student, mark.theirs.student_id], [2, 2]);
  assert.ok(!server.asked.includes(COMPLETE));
  await tab.settle([mark]);
  await tab.flush(USER);
  assert.equal(server.asked.at(-1), COMPLETE);
});

test("a wrong mark is set aside with its reason, and the others are sent", async () => {
  server.wrong.set(2, "Not on the roster.");
  for (const student of [1, 2, 3]) await tab.keep(choice(student));
  await tab.put("finishes", finish([1, 2, 3]));
  assert.equal(await tab.flush(USER), "");
  assert.deepEqual(server.sent, [[1, 2, 3], [1, 3]]);
  assert.deepEqual((await kept()).map(({ student, refused }) => [student, refused]), [[2, "Not on the roster."]]);
  assert.deepEqual(server.bodies.at(-1).roster_seen, [1, 3], "nobody becomes present by a mark that was refused");
  await settled();
  assert.ok(tab.heard.some(({ type }) => type === "refused"));
});

test("if the server does not say which marks are wrong, all of them are set aside", async () => {
  server.instead.set(REPORT, answer(400, { detail: "There is no such field." }));
  for (const student of [1, 2]) await tab.keep(choice(student));
  await tab.flush(USER);
  assert.deepEqual((await kept()).map(({ refused }) => refused), ["There is no such field.", "There is no such field."]);
  await tab.flush(USER);
  assert.equal(server.sent.length, 1);
});

test("marks of another user of the device are left to them", async () => {
  await tab.keep(choice(1, { user: 8 }));
  await tab.put("finishes", finish([1], { user: 8 }));
  assert.equal(await tab.flush(USER), "");
  assert.deepEqual(server.asked, []);
  assert.equal((await tab.waiting(8)).marks.length, 1);
});
