// The words that the page carries for its scripts, in the reader's language.

/** @type {Words} */
export const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

/**
 * A text with its values put in. Of a pair of texts, the first is for one and the second for any other number.
 *
 * @param {Sayable} name
 * @param {...unknown} values
 * @returns {string}
 */
export function say(name, ...values) {
  const text = /** @type {string} */ (Array.isArray(words[name]) ? words[name][values[0] === 1 ? 0 : 1] : words[name]);
  return text.replace(/\{(\d)\}/g, (_, index) => /** @type {string} */ (values[index]));
}
