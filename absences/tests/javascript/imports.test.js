// No two modules import each other, and the outbox imports nothing of the page.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";

const STATIC = new URL("../../static/absences/", import.meta.url);
const COMMENT = /\/\*[^]*?\*\/|^\s*\/\/.*$/gm;
const IMPORTED = /(?:\bfrom |\bimport |\bimport\()"(\.[^"]+)"/g;

const textOf = (name) => readFileSync(new URL(name, STATIC), "utf8").replace(COMMENT, "");

function modules(folder = "") {
  return readdirSync(new URL(folder, STATIC), { withFileTypes: true }).flatMap((each) => {
    const name = posix.join(folder, each.name);
    return each.isDirectory() ? modules(`${name}/`) : name.endsWith(".js") ? [name] : [];
  });
}

/** What a module imports, at once or on demand: file names are made of contents, so neither may go in a circle. */
const importsOf = (name) => [...textOf(name).matchAll(IMPORTED)].map(([, url]) => posix.join(posix.dirname(name), url));

const graph = new Map(modules().map((name) => [name, importsOf(name)]));

function circle(name, path = []) {
  if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
  for (const next of graph.get(name)) {
    const found = circle(next, [...path, name]);
    if (found) return found;
  }
  return null;
}

test("no modules import each other", () => {
  assert.ok(graph.get("outbox/sending.js").includes("outbox/server.js"), "imports are read");
  for (const name of graph.keys()) assert.equal(circle(name)?.join(" -> ") ?? "", "");
});

test("each folder imports only those before it", () => {
  const order = ["outbox", "page", "register", "."];
  for (const [name, imported] of graph)
    for (const part of imported.filter((each) => each.includes("/")))
      assert.ok(order.indexOf(posix.dirname(part)) <= order.indexOf(posix.dirname(name)), `${name} imports ${part}`);
});

test("the outbox knows nothing of the page", () => {
  for (const name of graph.keys())
    if (name.startsWith("outbox/")) assert.doesNotMatch(textOf(name), /\b(?:document|window|location|addEventListener)\b/, name);
});
