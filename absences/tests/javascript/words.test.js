import assert from "node:assert/strict";
import { test } from "node:test";

const WORDS = { unsent: ["{0} change", "{0} changes"], theirs: "{0} marked {1} {0}" };
globalThis.document = { getElementById: () => ({ textContent: JSON.stringify(WORDS) }) };
const { say } = await import("../../static/absences/page/words.js");

test("a pair is for one and for any other number", () => {
  assert.deepEqual([0, 1, 2].map((count) => say("unsent", count)), ["0 changes", "1 change", "2 changes"]);
});

test("values are put in where the text has their number", () => {
  assert.equal(say("theirs", "Bob", "Alice"), "Bob marked Alice Bob");
});
