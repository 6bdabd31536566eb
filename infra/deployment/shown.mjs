/** One command as a person would type it. */
export function shown(words) {
  return words
    .map((word) => {
      if (/^[\w./:=@%+,-]+$/.test(word)) return word;
      if (!word.includes("'")) return `'${word}'`;
      return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
    })
    .join(' ');
}
