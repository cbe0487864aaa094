// Elements that scripts add to a page.

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} [properties]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

/**
 * Adds a choice for a code that has none of the everyday buttons.
 *
 * @param {Element} element of the pupil
 * @param {number} student
 * @param {string} code
 * @param {string} word
 */
export function offer(element, student, code, word) {
  const label = make("label", { className: "choice other" });
  const radio = make("input", { type: "radio", name: `mark-${student}`, value: code });
  label.append(radio, make("span", { textContent: word }));
  /** @type {Element} */ (element.querySelector(".choices")).prepend(label);
  return radio;
}

/**
 * Tells people who do not see the page; what was said last is not said again.
 *
 * @param {string} text
 */
export function aloud(text) {
  const region = /** @type {HTMLElement} */ (document.getElementById("aloud"));
  if (region.textContent !== text) region.textContent = text;
}
