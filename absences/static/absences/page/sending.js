// Sends while a page is open: now, when there is a network again, when the page is seen again, and after a pause.

import { keepTrying } from "../outbox/retrying.js";

/**
 * Returns a function that has what waits sent at once.
 *
 * @param {number} user
 */
export function keepSending(user) {
  const now = keepTrying(user);
  addEventListener("online", now);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && now());
  return now;
}
