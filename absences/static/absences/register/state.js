// The page of a register (on other pages there is no form), what the server has told it, and what has happened on it since.

export const form = /** @type {HTMLFormElement} */ (document.getElementById("register"));

/** @type {Facts} */
export const facts = JSON.parse(document.getElementById("taking")?.textContent ?? "{}");

/** @type {Map<number, import("./row.js").Row>} */
export const rows = new Map(); // by student, in the order of the page

export const state = {
  /** @type {{ row: import("./row.js").Row, code: string, minutes: string, note: string }[]} */
  undos: [], // what a row showed before each choice
  turn: 0, // grows with each change of a row, so that an answer from before it is recognised
  /** @type {Problem} */
  problem: "",
  touched: "", // when marks were last saved
  /** @type {Finish | undefined} */
  finishing: undefined,
  asForm: false, // this device keeps nothing any more
  /** @type {() => void} */
  flush() {}, // has what waits sent at once
};

export const allRows = () => [...rows.values()];

/**
 * @template {HTMLElement} [Found=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} within
 * @returns {Found}
 */
export const $ = (selector, within = form) => /** @type {Found} */ (within.querySelector(selector));

/** @param {string} name */
export const field = (name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));

/**
 * A name as the page has it: what else the element holds comes after it.
 *
 * @param {HTMLElement} element
 * @returns {string}
 */
export const nameIn = (element) => /** @type {any} */ (element.firstChild).textContent.trim();

export const title = () => nameIn($("h1", document));

/** The time by the server's clock, whatever the device's says. */
export const now = () => Date.now() + facts.skew;

/** @param {string | number} moment */
export const clock = (moment) => new Date(moment).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: facts.zone });
