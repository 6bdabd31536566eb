// A timer that keeps its word: browsers slow the timers of a hidden page down to one a minute,
// and a writer who looks at another tab is still live. A worker's timers are not slowed down.

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

self.onmessage = ({ data }) => {
  clearTimeout(timer);
  timer = setTimeout(() => self.postMessage(0), data);
};
