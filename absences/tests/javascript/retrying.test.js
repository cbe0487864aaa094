// Sending is tried again after a pause that grows, or at once when the page asks for it.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Device, open, settled } from "./browser.js";
import { USER, choice } from "./choices.js";
import { NoNetwork, Server } from "./server.js";

let tab;
let clock;

beforeEach(async () => {
  tab = await open(new Device(new NoNetwork()));
  clock = tab.device.clock;
  await tab.keep(choice(1));
});

async function pauses(count) {
  const found = [];
  for (let each = 0; each < count; each += 1) found.push((await clock.tick()) / 1000);
  return found;
}

test("the pause doubles from two seconds to thirty", async (context) => {
  context.mock.method(Math, "random", () => 0.5);
  tab.keepTrying(USER);
  await settled();
  assert.deepEqual(await pauses(6), [2, 4, 8, 16, 30, 30]);
  assert.equal(tab.device.server.asked.length, 7);
});

test("devices that lost the network together do not come back together", async (context) => {
  const found = [];
  for (const chance of [0, 0.999]) {
    context.mock.method(Math, "random", () => chance);
    tab.keepTrying(USER);
    await settled();
    found.push(clock.next);
    clock.timers.clear();
  }
  assert.deepEqual(found.map(Math.round), [1500, 2499]);
});

test("once everything is sent, nothing is tried again", async () => {
  tab.keepTrying(USER);
  await settled();
  tab.device.server = new Server();
  await clock.tick();
  assert.deepEqual((await tab.waiting(USER)).marks, []);
  assert.equal(clock.next, undefined);
});

test("when the page asks for it, sending is tried at once and the pauses start again at two seconds", async (context) => {
  context.mock.method(Math, "random", () => 0.5);
  const now = tab.keepTrying(USER);
  await settled();
  await pauses(3);
  const before = tab.device.server.asked.length;
  now();
  await settled();
  assert.equal(tab.device.server.asked.length, before + 1);
  assert.equal(clock.timers.size, 1, "the pause before has ended");
  assert.deepEqual(await pauses(2), [2, 4]);
});

test("a store that does not open is tried again", async (context) => {
  const other = await open(tab.device);
  context.mock.method(tab.device.indexedDB, "open", () => {
    throw new Error("not now");
  });
  other.keepTrying(USER);
  await settled();
  context.mock.restoreAll();
  tab.device.server = new Server();
  await clock.tick();
  assert.deepEqual((await tab.waiting(USER)).marks, []);
});

test("every try says what is in the way", async () => {
  tab.keepTrying(USER);
  await settled();
  assert.deepEqual(tab.heard.at(-1), { type: "state", problem: "offline" });
});
