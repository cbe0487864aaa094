import assert from "node:assert/strict";
import { test } from "node:test";
import { lateness } from "../../static/absences/register/lateness.js";

const MINUTE = 60_000;
const lesson = { starts: 0, closes: 30 * MINUTE };
const PRESENT = { code: "/", minutes: "" };
const LATE = { code: "L", minutes: "12" };

const at = (minute, code, minutes, before) => {
  const found = lateness(code, minutes, before, minute * MINUTE, lesson);
  return [found.code, found.minutes];
};

test("late means since the lesson began", () => {
  assert.deepEqual(at(7.9, "L", "", PRESENT), ["L", 7]);
});

test("late after registers close is another code", () => {
  assert.deepEqual(at(29.9, "L", "", PRESENT), ["L", 29]);
  assert.deepEqual(at(30, "L", "", PRESENT), ["U", 30]);
});

test("minutes are at least none and at most six hundred", () => {
  assert.deepEqual(at(-5, "L", "", PRESENT), ["L", 0]);
  assert.deepEqual(at(700, "L", "", PRESENT), ["U", 600]);
});

test("late again keeps the code and the minutes", () => {
  assert.deepEqual(at(40, "L", "", LATE), ["L", "12"]);
});

test("minutes that are given count, and keep the code", () => {
  assert.deepEqual(at(40, "L", 5, LATE), ["L", 5]);
  assert.deepEqual(at(8, "L", 5, PRESENT), ["L", 5]);
});

test("only who is late has minutes", () => {
  assert.deepEqual(at(8, "N", 5, LATE), ["N", ""]);
});
