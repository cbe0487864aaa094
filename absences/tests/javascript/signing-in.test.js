// A ticket is enough to send marks. To get a ticket, and to finish, the same user must be signed in.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Device, open } from "./browser.js";
import { LESSON, USER, choice, finish } from "./choices.js";
import { Server, answer } from "./server.js";

const REPORT = `POST /api/v1/lessons/${LESSON}/absences`;
const COMPLETE = `POST /api/v1/lessons/${LESSON}/complete`;
const TICKET = `GET /api/v1/lessons/${LESSON}`;

let server;
let tab;

beforeEach(async () => {
  server = new Server();
  tab = await open(new Device(server));
});

async function withTicket() {
  server.tickets.set(LESSON, "good");
  await tab.put("tickets", { user: USER, lesson: LESSON, ticket: "good" });
}

test("a ticket sends marks without anybody being signed in", async () => {
  await withTicket();
  server.user = null;
  await tab.keep(choice(1));
  assert.equal(await tab.flush(USER), "");
  assert.deepEqual(server.asked, [REPORT]);
});

test("without a ticket one is asked for, and kept", async () => {
  for (const student of [1, 2]) {
    await tab.keep(choice(student));
    await tab.flush(USER);
  }
  assert.deepEqual(server.asked, ["GET /session", TICKET, REPORT, REPORT]);
});

test("a ticket that has expired is replaced", async () => {
  await withTicket();
  server.tickets.clear();
  await tab.keep(choice(1));
  assert.equal(await tab.flush(USER), "");
  assert.deepEqual(server.asked, [REPORT, "GET /session", TICKET, REPORT]);
});

test("if the server takes no ticket, the user is asked to sign in", async () => {
  server.instead.set(REPORT, answer(401));
  await tab.keep(choice(1));
  assert.equal(await tab.flush(USER), "signin");
  assert.equal(server.asked.filter((each) => each === REPORT).length, 2);
});

for (const [who, user] of Object.entries({ nobody: null, "somebody else": 8 }))
  test(`where ${who} is signed in, nothing is sent in the user's name`, async () => {
    server.user = user;
    await tab.keep(choice(1));
    await tab.put("finishes", finish([1], { lesson: 41 }));
    assert.equal(await tab.flush(USER), "signin");
    assert.deepEqual(server.bodies, []);
    server.user = USER;
    assert.equal(await tab.flush(USER), "");
    assert.deepEqual(await tab.waiting(USER), { marks: [], finishes: [] });
  });

test("a lesson that gives no ticket any more refuses its marks", async () => {
  server.instead.set(TICKET, answer(404, { detail: "No such lesson." }));
  await tab.keep(choice(1));
  assert.equal(await tab.flush(USER), "");
  assert.deepEqual((await tab.waiting(USER)).marks.map(({ refused }) => refused), ["No such lesson."]);
});

test("a page from the server finishes with one request", async () => {
  tab.useToken(server.csrf);
  await tab.put("finishes", finish([1]));
  await tab.flush(USER);
  assert.deepEqual(server.asked, [COMPLETE]);
});

test("a token from before the last sign-in is replaced", async () => {
  tab.useToken("old");
  await tab.put("finishes", finish([1]));
  await tab.flush(USER);
  assert.deepEqual(server.asked, [COMPLETE, "GET /session", COMPLETE]);
  assert.deepEqual((await tab.waiting(USER)).finishes, []);
});
