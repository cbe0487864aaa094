// Tells the day pack what the server has said, on a device that its user calls their own.

/**
 * Waits three seconds at most: marks that the server has are not held up by a script that does not arrive.
 *
 * @param {number} user
 * @param {(device: typeof import("../device.js")) => unknown} work
 */
export async function onDevice(user, work) {
  if (localStorage.getItem("mine") !== String(user)) return;
  const late = new Promise((resolve) => setTimeout(resolve, 3000));
  await Promise.race([import("../device.js").then(work).catch(() => {}), late]);
}
