// The name that somebody probably meant.

/** @returns {string | undefined} the name that differs least, if it does not differ in too much */
export function nearest(given, names) {
  const most = Math.max(2, Math.floor(given.length / 3));
  const rated = names.map((name) => ({ name, differs: distance(given, name) }));
  rated.sort((a, b) => a.differs - b.differs);
  return rated[0]?.differs <= most ? rated[0].name : undefined;
}

/** How many letters have to be put in, taken out or changed (Levenshtein). */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
