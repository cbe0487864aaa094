// Late before and after registers close are two codes, which share one button.

/** @param {string} code */
export const isLate = (code) => code === "L" || code === "U";

/**
 * The code and minutes that a choice means. A pupil who is late already keeps their code, and their minutes unless others are
 * given; for anybody else, late means since the lesson began. Only who is late has minutes.
 *
 * @param {string} code
 * @param {number | string} minutes that the teacher gave; "" for none
 * @param {{ code: string, minutes: string }} before what the row shows
 * @param {number} now
 * @param {{ starts: number, closes: number }} lesson
 */
export function lateness(code, minutes, before, now, { starts, closes }) {
  if (!isLate(code)) return { code, minutes: "" };
  const since = Math.max(0, Math.min(600, Math.floor((now - starts) / 60000)));
  const known = isLate(before.code) ? before : { code: now < closes ? "L" : "U", minutes: since };
  return { code: known.code, minutes: minutes === "" ? known.minutes : minutes };
}
