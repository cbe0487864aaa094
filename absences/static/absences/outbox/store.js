// What this device keeps until the server has it, in IndexedDB: ids and codes, and no name.
//
// marks     one for each user, lesson and student: the last choice
// finishes  one for each user and lesson, sent after its marks
// tickets   one for each user and lesson: with it marks can be sent for a day, even after the sign-in has ended
// settings  the name of this device, and how many reports it has made

/** @type {Record<StoreName, string | string[]>} */
const STORES = { marks: ["user", "lesson", "student"], finishes: ["user", "lesson"], tickets: ["user", "lesson"], settings: "name" };

/** @type {Promise<IDBDatabase> | undefined} */
let opened;

export const openStore = () =>
  (opened ??= opening().catch((error) => {
    opened = undefined; // it may open when it is asked again
    throw error;
  }));

/** @returns {Promise<IDBDatabase>} */
const opening = () =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open("attendance", 1);
    request.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(STORES)) request.result.createObjectStore(name, { keyPath });
    };
    request.onsuccess = () => {
      request.result.onclose = () => (opened = undefined); // some browsers close it by themselves
      resolve(request.result);
    };
    request.onerror = request.onblocked = () => reject(request.error);
  });

/**
 * Does the work under a lock that all tabs share, or without one in a browser that has none.
 *
 * @template T
 * @param {string} name
 * @param {LockMode} mode
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export const locked = async (name, mode, work) => (navigator.locks ? navigator.locks.request(name, { mode }, work) : work());

/**
 * Resolves once the transaction is on the disk, to the `value` that the work has set. Nothing is written while a tab signs
 * out.
 *
 * @template T
 * @param {"readonly" | "readwrite"} mode
 * @param {StoreName[]} names
 * @param {(answer: { value: T }, ...stores: IDBObjectStore[]) => void} work
 * @returns {Promise<T>}
 */
export const transact = (mode, names, work) => {
  const run = async () => {
    const database = await openStore();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(names, mode, { durability: "strict" });
      const answer = /** @type {{ value: T }} */ ({});
      transaction.oncomplete = () => resolve(answer.value);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
      work(answer, ...names.map((name) => transaction.objectStore(name)));
    });
  };
  return mode === "readonly" ? run() : locked("attendance-keep", "shared", run);
};

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @param {(result: T) => void} next
 */
export const whenDone = (request, next) => (request.onsuccess = () => next(request.result));

/** @type {(name: StoreName, key: IDBValidKey) => Promise<any>} */
export const get = (name, key) =>
  transact("readonly", [name], (answer, store) => whenDone(store.get(key), (value) => (answer.value = value)));

/** @type {(name: StoreName, value: Finish | Ticket) => Promise<unknown>} */
export const put = (name, value) => transact("readwrite", [name], (_, store) => store.put(value));

/** @type {(name: StoreName, key: IDBValidKey) => Promise<unknown>} */
export const remove = (name, key) => transact("readwrite", [name], (_, store) => store.delete(key));
