// What an event costs in memory while it waits for the service, on fresh connections and on such as have
// served before: of the usual build, and of the package, which is what has goals.  Ends with 1 where it
// misses one.
import process from 'node:process';
import { measureWaiting, withServer } from './measure.mjs';
import { serverOf } from './peers/servers.mjs';
import { number } from './report/format.mjs';
import { judge } from './report/goals.mjs';
import { makePlan } from './plan.mjs';

const groups = makePlan({}).groups.filter(({ step }) => step === 'waiting');
const samples = [];
for (const id of ['codestream', 'package']) {
  for (const group of groups) {
    const metrics = await withServer(serverOf(id), group, {},
      (server, rest) => measureWaiting(server, rest, group));
    samples.push({ round: 1, server: id, point: group.id, ...metrics });
    const on = group.isUsed ? 'connections that have served before' : 'fresh connections';
    console.log(`${serverOf(id).name}: ${number(metrics.kbEach)} KB for each of ${metrics.waiting} `
      + `events that wait, on ${on}`);
  }
}
for (const { what, goal, text, verdict } of judge(samples).filter(({ measured }) => measured)) {
  console.log(`${what}: ${text}, ${goal}: ${verdict}`);
  if (verdict !== 'ok') process.exitCode = 1;
}
