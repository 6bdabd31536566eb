// A timer that is always on time. Browsers throttle the timers of a hidden page to one a minute,
// but a writer who looks at another tab is still live. The timers of a worker are not throttled.

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

self.onmessage = ({ data }) => {
  clearTimeout(timer);
  timer = setTimeout(() => self.postMessage(0), data);
};
