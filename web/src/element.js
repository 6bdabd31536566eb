/**
 * The element of index.html with this id, checked to be of the kind that the caller works with.
 * @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T}
 */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html has no ${kind.name} "${id}"`);
  return found;
}
