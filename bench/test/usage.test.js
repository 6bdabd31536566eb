import test from 'node:test';
import assert from 'node:assert/strict';
import { cpuSecondsOf, machineCpuSeconds, rssBytesOf } from '../usage.mjs';

test('CPU that this process burns is counted for it and for the machine', () => {
  const [own, all] = [cpuSecondsOf(process.pid), machineCpuSeconds()];
  const start = process.cpuUsage();
  const used = () => process.cpuUsage(start).user + process.cpuUsage(start).system;
  for (let n = 0; used() < 200_000; ) for (const end = n + 1e6; n < end; n++);
  const burnt = cpuSecondsOf(process.pid) - own;
  const ratio = burnt / (used() / 1e6);
  assert.ok(ratio > 0.5 && ratio < 2, `${burnt} s, ${ratio} of what the process is told`);
  assert.ok(machineCpuSeconds() - all >= burnt / 2);
});

test('memory is what the process says of itself', () => {
  const ratio = rssBytesOf(process.pid) / process.memoryUsage.rss();
  assert.ok(ratio > 0.8 && ratio < 1.25, `${ratio}`);
});
