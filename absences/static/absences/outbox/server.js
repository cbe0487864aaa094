// Questions to the server, and why sending stops for now.

import { put } from "./store.js";

/** Sending stops for now; the message is a Problem. */
export class Stop extends Error {}

/**
 * Asks the server: POST with a body, GET without. Throws Stop where it does not answer, or has trouble.
 *
 * @param {string} path
 * @param {Record<string, string>} headers
 * @param {object | null} body
 */
export async function ask(path, headers = {}, body = null) {
  const init = body && { method: "POST", body: JSON.stringify(body) };
  let response;
  try {
    const sent = { ...headers, "Content-Type": "application/json", Accept: "application/json" };
    response = await fetch(path, { signal: AbortSignal.timeout(15000), headers: sent, ...init });
  } catch {
    throw new Stop("offline");
  }
  if (response.status === 429 || response.status >= 500) throw new Stop("trying");
  return response;
}

/** @type {(response: Response) => Promise<any>} */
export async function answerOf(response) {
  try {
    return await response.json();
  } catch {
    throw new Stop("trying"); // the answer was cut off, or comes from something between us and the server
  }
}

/**
 * Who is signed in. Throws Stop where it is not this user: an answer would not be about their marks.
 *
 * @param {number} user
 * @returns {Promise<{ user: number, csrf: string }>}
 */
export async function signedIn(user) {
  const response = await ask("/session");
  const session = response.status === 200 ? await answerOf(response) : {};
  if (session.user !== user) throw new Stop("signin");
  return session;
}

/**
 * Gets a ticket for a lesson and keeps it; without one, `detail` says why the server gives none.
 *
 * @param {number} user
 * @param {number} lesson
 * @returns {Promise<{ ticket?: string, detail?: string }>}
 */
export async function newTicket(user, lesson) {
  await signedIn(user);
  const response = await ask(`/api/v1/lessons/${lesson}`);
  if (response.status === 401 || response.status === 403) throw new Stop("signin");
  const { ticket, detail } = await answerOf(response);
  if (!ticket) return { detail };
  await put("tickets", { user, lesson, ticket });
  return { ticket };
}
