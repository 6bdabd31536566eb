// What a handler costs a month behind the Functions host, on Flex Consumption: executions, and the time
// for which instances are there.  The service, storage and logs cost the same whatever the handler is
// written in, and are left out; so is what a subscription has free.

const SECONDS_OF_HOUR = 3600;
const INSTANCE_GB = 0.5;

/** Dollars.  docs/deploying.md and docs/scale.md have the prices and where they come from. */
export const PRICE = { millionExecutions: 0.4, instanceHour: INSTANCE_GB * SECONDS_OF_HOUR * 0.000026 };
/** The most instances that infra/main.bicep lets an app have. */
export const MOST_INSTANCES = 40;
/** Of an instance: what it has, and the most that is asked of it before another is started. */
const CORES = 0.25;
const MOST_BUSY = 0.6;
/** Of the host itself for each invocation, which is seen to be the same whatever it calls. */
export const HOST_MICROS = 315;
const HOURS_OF_MONTH = 730;

/** Writers who type at the same time, and for how many hours a month. */
export const LOADS = [
  { name: 'one writer, 20 h', writers: 1, hours: 20 },
  { name: '20 writers, 100 h', writers: 20, hours: 100 },
  { name: '1 000 writers, always', writers: 1000, hours: HOURS_OF_MONTH },
];

/** How many instances so many writers fill. */
export function instancesFor(writers, perHour, micros) {
  const cores = ((writers * perHour) / SECONDS_OF_HOUR) * ((HOST_MICROS + micros) / 1e6);
  return Math.max(1, Math.ceil(cores / (CORES * MOST_BUSY)));
}

/**
 * @param {{ writers: number, hours: number }} load
 * @param {number} perHour invocations for an hour of one writer's typing
 * @param {number} micros CPU of the handler for each
 * @returns {number} dollars a month
 */
export function monthly({ writers, hours }, perHour, micros) {
  const executions = writers * hours * perHour;
  const instances = instancesFor(writers, perHour, micros);
  return (executions / 1e6) * PRICE.millionExecutions + instances * hours * PRICE.instanceHour;
}
