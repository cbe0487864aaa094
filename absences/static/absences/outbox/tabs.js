// What changes in the outbox is told to this tab and to the others.

/** @type {Set<(event: OutboxEvent) => unknown>} */
const listeners = new Set();
const channel = new BroadcastChannel("attendance");

/** @param {OutboxEvent} event */
const deliver = (event) => listeners.forEach((listener) => listener(event));
channel.onmessage = (/** @type {MessageEvent<OutboxEvent>} */ { data }) => deliver(data);

/** @param {(event: OutboxEvent) => unknown} listener */
export const listen = (listener) => listeners.add(listener);

/** @param {OutboxEvent} event */
export const tellOthers = (event) => channel.postMessage(event);

/** @param {OutboxEvent} event */
export function tell(event) {
  deliver(event);
  tellOthers(event);
}
