import test from 'node:test';
import assert from 'node:assert/strict';
import { cpuSecondsOf, machineCpuSeconds, rssBytesOf } from '../usage.mjs';

test('CPU that this process burns is counted for it and for the machine', () => {
  const [own, all] = [cpuSecondsOf(process.pid), machineCpuSeconds()];
  const start = process.cpuUsage();
  while (process.cpuUsage(start).user < 200_000);
  const burnt = cpuSecondsOf(process.pid) - own;
  assert.ok(burnt > 0.1 && burnt < 1, `${burnt} s`);
  assert.ok(machineCpuSeconds() - all >= burnt / 2);
});

test('memory is what the process says of itself', () => {
  const ratio = rssBytesOf(process.pid) / process.memoryUsage.rss();
  assert.ok(ratio > 0.8 && ratio < 1.25, `${ratio}`);
});
