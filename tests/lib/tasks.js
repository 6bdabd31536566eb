// How long the tasks of a page's main thread were, by the processor's time: what other programs do
// on this machine does not lengthen them.

/** @param session  a CDP session of the page @returns a function that ends it and tells the tasks */
export async function traceTasks(session) {
  const events = [];
  const collect = ({ value }) => events.push(...value);
  session.on('Tracing.dataCollected', collect);
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: {
      includedCategories: ['disabled-by-default-devtools.timeline', 'devtools.timeline', '__metadata'],
    },
  });
  return async () => {
    const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
    await session.send('Tracing.end');
    const { dataLossOccurred } = await complete;
    session.off('Tracing.dataCollected', collect);
    if (dataLossOccurred) throw new Error('the trace is not whole: there were too many tasks for it');
    return tasksIn(events);
  };
}

/** The longest first. */
function tasksIn(events) {
  const thread = ({ pid, tid }) => `${pid} ${tid}`;
  const mains = new Set(
    events
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(thread),
  );
  const ours = events.filter((event) => mains.has(thread(event)));
  return ours
    .filter(({ name }) => name === 'RunTask')
    .map((task) => ({ ms: (task.tdur ?? 0) / 1000, parts: () => partsOf(ours, task) }))
    .sort((a, b) => b.ms - a.ms);
}

/** What a task was made of, where that took more than a few milliseconds. */
function partsOf(events, { ts, dur, pid, tid }) {
  return events
    .filter((event) => event.pid === pid && event.tid === tid)
    .filter((event) => event.tdur > 3_000 && event.ts >= ts && event.ts <= ts + dur)
    .filter(({ name }) => !/RunTask/.test(name))
    .map(({ name, tdur, args }) => {
      const { url = '', functionName = '' } = args?.data ?? {};
      return `${name} ${Math.round(tdur / 1000)} ${url.split('/').pop() || functionName}`;
    });
}
