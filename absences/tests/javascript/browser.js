// What the outbox needs of a browser: a store, locks and channels that all tabs share, and a clock that stands still.

import { webcrypto } from "node:crypto";
import { register } from "node:module";
import { IDBFactory, IDBKeyRange, IDBObjectStore } from "fake-indexeddb";

register("./tabs-loader.js", import.meta.url);

const STATIC = new URL("../../static/absences/", import.meta.url);
let tabs = 0;

/** Opens a tab: the functions of the outbox, and the events that its page heard. */
export async function open(device) {
  device.install();
  tabs += 1;
  const tab = { device, heard: [] };
  for (const name of ["store", "tabs", "marks", "server", "finishes", "reports", "sending", "retrying"])
    Object.assign(tab, await import(new URL(`outbox/${name}.js?tab=${tabs}`, STATIC)));
  tab.listen((event) => tab.heard.push(event));
  return tab;
}

/** Lets everything that has begun come to its end, except what waits for the clock. */
export async function settled() {
  for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
}

/** A browser that has kept nothing yet; `server` answers what its tabs fetch. */
export class Device {
  constructor(server) {
    this.clock = new Clock();
    this.locks = new Locks();
    this.indexedDB = new IDBFactory();
    this.channels = new Set();
    this.server = server;
  }

  install() {
    const { channels, clock, indexedDB, locks } = this;
    const known = {
      indexedDB,
      IDBKeyRange,
      navigator: { locks },
      localStorage: { getItem: () => null },
      crypto: webcrypto,
      fetch: (path, init) => this.server.fetch(path, init),
      setTimeout: (work, wait) => clock.start(work, wait),
      clearTimeout: (timer) => clock.stop(timer),
      BroadcastChannel: class extends Channel {
        constructor() {
          super(channels);
        }
      },
    };
    for (const [name, value] of Object.entries(known)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

class Clock {
  now = 0;
  timers = new Map();
  started = 0;

  start(work, wait) {
    this.started += 1;
    this.timers.set(this.started, { work, at: this.now + wait });
    return this.started;
  }

  stop(timer) {
    this.timers.delete(timer);
  }

  /** Milliseconds until the next timer; undefined where there is none. */
  get next() {
    const waits = [...this.timers.values()].map(({ at }) => at - this.now);
    return waits.length ? Math.min(...waits) : undefined;
  }

  /** Goes on to the next timer and lets it run; returns the milliseconds until it. */
  async tick() {
    const wait = this.next;
    this.now += wait;
    for (const [timer, { work, at }] of [...this.timers]) {
      if (at > this.now) continue;
      this.timers.delete(timer);
      work();
    }
    await settled();
    return wait;
  }
}

class Locks {
  last = new Map();

  request(name, { mode }, work) {
    const before = this.last.get(name) ?? { all: Promise.resolve(), exclusive: Promise.resolve() };
    const done = (mode === "shared" ? before.exclusive : before.all).then(work);
    const all = Promise.all([before.all, done.catch(() => {})]);
    this.last.set(name, { all, exclusive: mode === "shared" ? before.exclusive : all });
    return done;
  }
}

class Channel {
  constructor(all) {
    this.all = all.add(this);
  }

  postMessage(data) {
    for (const other of this.all) if (other !== this) queueMicrotask(() => other.onmessage?.({ data: structuredClone(data) }));
  }
}

/** Makes the device keep no more marks, as a full disk does: no single request fails, but the transaction is aborted. */
export function fill(context) {
  const { put } = IDBObjectStore.prototype;
  context.mock.method(IDBObjectStore.prototype, "put", function (...given) {
    const request = put.apply(this, given);
    if (this.name !== "marks") return request;
    Object.defineProperty(this.transaction, "error", { get: () => new DOMException("full", "QuotaExceededError"), set() {} });
    request.onsuccess = () => this.transaction.abort();
    return request;
  });
}
