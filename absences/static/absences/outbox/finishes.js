// Tells the server that a register is finished.

import { answerOf, ask, signedIn } from "./server.js";
import { put, remove } from "./store.js";
import { tell } from "./tabs.js";

let csrf = "";

/**
 * The token of a page that the server has just made: finishing then takes one request.
 *
 * @param {string} token
 */
export const useToken = (token) => (csrf = token);

/**
 * Finishes a register. Pupils whose mark was refused are left out, or they would be recorded as present.
 *
 * @param {Finish} finish
 * @param {Set<number>} refused students
 */
export async function sendFinish(finish, refused) {
  const { user, lesson, taken_at, request_id } = finish;
  const roster_seen = finish.roster_seen.filter((student) => !refused.has(student));
  const response = await complete(user, lesson, { others: "present", roster_seen, taken_at, request_id });
  const answer = await answerOf(response);
  if (response.status === 200) {
    await remove("finishes", [user, lesson]);
    tell({ type: "finished", lesson, register: answer });
  } else {
    await put("finishes", { ...finish, refused: answer.detail ?? "–" });
    tell({ type: "refused", lesson });
  }
}

/**
 * Tokens change with each sign-in, so one that is refused is asked for again, once.
 *
 * @param {number} user
 * @param {number} lesson
 * @param {object} body
 */
async function complete(user, lesson, body) {
  /** @type {Response | undefined} */
  let response;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (csrf) response = await ask(`/api/v1/lessons/${lesson}/complete`, { "X-CSRFToken": csrf }, body);
    if (response && response.status !== 403 && response.status !== 401) break;
    const known = await signedIn(user);
    if (csrf === known.csrf) break;
    csrf = known.csrf;
  }
  return /** @type {Response} */ (response);
}
