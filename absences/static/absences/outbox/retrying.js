// Sends again, after a pause that grows, for as long as something is in the way.

import { flush } from "./sending.js";

/**
 * Sends what waits now, and again until nothing is in the way: first after two seconds, and at last every thirty. Returns a
 * function that has it tried at once.
 *
 * @param {number} user
 */
export function keepTrying(user) {
  let timer = 0;
  let pause = 0;
  const go = async () => {
    clearTimeout(timer);
    const problem = await flush(user).catch(() => "trying"); // a store that does not open just now
    pause = problem ? Math.min(30000, pause * 2 || 2000) : 0;
    if (pause) timer = setTimeout(go, pause * (0.75 + Math.random() / 2)); // a school's devices do not come back together
  };
  const now = () => {
    pause = 0;
    go();
  };
  now();
  return now;
}
